"""Rows of figures that `estimate`, `recommend` and `probe` print alike."""

from advisor.cli.output import Output
from advisor.energy.model import EnergyResult
from advisor.estimate.model import Estimate
from advisor.evidence import Quantity
from advisor.probe.agreement import Agreement
from advisor.probe.plan import ProbeResult
from advisor.recommend.model import MeasuredView

TITLES = ("Figure", "Value", "Range", "Evidence", "Basis")


def row(label: str, item: Quantity) -> tuple[str, str, str, str, str]:
    """Return one figure as cells: name, value, range, evidence, basis."""
    from advisor.report import wording

    return label, wording.amount(item), wording.value_range(item), item.evidence, item.basis


def print_estimate(output: Output, item: Estimate) -> None:
    """Print an estimate, every figure with range, evidence and basis."""
    from advisor.report import wording

    output.heading(wording.verdict_sentence(item))
    parts = item.memory_parts
    output.table(
        TITLES,
        [
            row("Memory, peak", item.memory),
            row("  weights", parts.weights),
            row("  cache", parts.cache),
            row("  activations", parts.activations),
            row("  runtime", parts.runtime),
            row("Download", item.download_bytes),
            row("Time to first token", item.time_to_first_token),
            row("Time per token", item.time_per_token),
            row("Time per query", item.time_per_query),
            row("Rate", item.rate),
            row("Energy per 1,000 queries", item.energy_per_1000_queries),
            row("Work per query", item.flops_per_query),
            row("Memory traffic per query", item.bytes_per_query),
        ],
        right=frozenset({1, 2}),
    )
    if item.max_context_tokens is not None:
        fits = f"{item.max_context_tokens:,} tokens" if item.max_context_tokens else "none"
        output.line(f"Largest context that fits: {fits}.")
    for text in item.not_modelled:
        output.line(f"Not modelled: {text}")


def print_measured(output: Output, view: MeasuredView) -> None:
    """Print what an earlier probe of the same candidate found on this machine."""
    sizes = "the same sizes" if view.same_workload else "other sizes"
    output.heading(f"Measured here on {view.created[:10]}, {sizes}, grade {view.grade}")
    output.table(
        TITLES,
        [
            row("Memory, peak", view.memory),
            row("Time to first token", view.time_to_first_token),
            row("Time per token", view.time_per_token),
            row("Rate", view.rate),
        ],
        right=frozenset({1, 2}),
    )


def print_probe(output: Output, result: ProbeResult, before: Estimate, agreement: Agreement | None = None) -> None:
    """Print a measurement beside the estimate made before it, and how it compares with an earlier one."""
    from advisor.report import probe_notes, wording

    output.heading(wording.probe_sentence(result, before))
    output.table(
        TITLES,
        [
            row("Time to first token", result.time_to_first_token),
            row("  estimated before", before.time_to_first_token),
            row("Time per token", result.time_per_token),
            row("  estimated before", before.time_per_token),
            row("Time per query", result.time_per_query),
            row("  estimated before", before.time_per_query),
            row("Rate", result.rate),
            row("  estimated before", before.rate),
            row("Memory, peak", result.peak_memory),
            row("  estimated before", before.memory),
            row("Load time", result.load_time),
            row("Energy per 1,000 queries", result.energy_per_1000_queries),
            row("  estimated before", before.energy_per_1000_queries),
        ],
        right=frozenset({1, 2}),
    )
    if result.energy is not None:
        print_energy(output, result.energy)
        print_wall(output, result)
    output.line(f"Grade {result.grade}: {wording.grade_help(result.grade)}.")
    for reason in result.reasons:
        output.line(f"May be unstable: {reason}")
    for note in probe_notes.notes(result, agreement):
        output.line(note)


def print_energy(output: Output, energy: EnergyResult) -> None:
    """Print what the meters said: gross and net by phase, what is counted, what is not, and the checks."""
    from advisor.report import energy_document

    output.heading(energy_document.heading(energy))
    output.table(TITLES, [row(name, item) for name, item in energy_document.energy_figures(energy)],
                 right=frozenset({1, 2}))  # fmt: skip
    for sentence in energy_document.energy_sentences(energy):
        output.line(sentence)


def print_wall(output: Output, result: ProbeResult) -> None:
    """Print the energy at the plug where the user has set a meter of their own beside the machine's."""
    from advisor.energy import wall, wall_store

    kept = wall_store.load(result.fingerprint)
    energy = result.energy
    if kept is None or energy is None or energy.mode == "band" or not energy.boundary.startswith(kept.boundary):
        return
    item = wall.wall_energy(kept.fit, energy.per_query_gross_j, result.time_per_query)
    output.table(TITLES, [row("A query at the plug", item)], right=frozenset({1, 2}))
