"""What should be known of a probe besides its figures, in words: for the terminal, the window and the report."""

from advisor import units
from advisor.probe.agreement import Agreement, close
from advisor.probe.plan import Precision, ProbeResult
from advisor.probe.threads import ThreadChoice

_PERCENT = 0.01
_CONTEXTS_SHOWN = 4


def notes(result: ProbeResult, agreement: Agreement | None = None) -> tuple[str, ...]:
    """Return sentences on depths, repeats, contexts, threads and the probe before it.

    Args:
        result: a finished probe.
        agreement: with the one before it, where there is one.
    """
    found = [result.message] if result.message else []
    if result.extrapolated:
        found.append(_depths(result))
    if result.precision is not None:
        found.append(_repeats(result.precision, "the model" if result.kind == "weights" else "the test model"))
    if len(result.contexts) > 1:
        found.append(_contexts(result))
    found.append(_run(result))
    if agreement is not None:
        found.append(agreement_sentence(agreement))
    return tuple(found)


def agreement_sentence(agreement: Agreement) -> str:
    """Return whether a probe agrees with the one before it, and if not, what was different."""
    when = agreement.earlier_created[:16].replace("T", " ")
    ratio = agreement.rate_ratio
    if abs(ratio - 1) <= _PERCENT:
        told = f"It agrees with the probe of {when} within 1 %."
    else:
        how = f"{abs(ratio - 1) / (min(ratio, 1)):.0%}".replace("%", " %")
        told = f"It was {how} {'faster' if ratio > 1 else 'slower'} than the probe of {when}"
        if agreement.agrees:
            told += ", which agrees" if close(ratio) else ", which lies within the ranges of both"
        told += "."
    if agreement.differences:
        return f"{told} What was not the same: {'; '.join(agreement.differences)}."
    if agreement.agrees:
        return told
    return f"{told} Nothing the app can see was different: the computer itself ran at another speed. Probe again."


def threads_phrase(choice: ThreadChoice) -> str:
    """Return the runtime's threads and how they were chosen, without a full stop."""
    told = threads_words(choice.num_threads, pinned=choice.pinned)
    if choice.how == "sweep" and len(choice.trials) > 1:
        trials = "; ".join(
            f"{threads_words(trial.num_threads, pinned=trial.pinned)}: {units.duration(trial.query_s)}"
            for trial in choice.trials
        )
        return f"{told}, chosen by a sweep on {choice.created[:10]} ({trials} a query)"
    why = {"asked": "as asked for", "usual": "one for each core", "sweep": "one for each core"}[choice.how]
    return f"{told}, {why}"


def threads_words(count: int, *, pinned: bool) -> str:
    """Return a number of threads and whether they were kept in their places."""
    word = "1 thread" if count == 1 else f"{count} threads"
    return f"{word} kept on {'its processor' if count == 1 else 'their processors'}" if pinned else word


def _depths(result: ProbeResult) -> str:
    *first, last = (str(depth) for depth in result.depths_measured)
    layers = f"{', '.join(first)} and {last}" if first else last
    told = f"Measured with {layers} of {result.num_layers} layers; the whole is projected from these in a straight line"
    error = result.precision.line_error_share if result.precision is not None else None
    if error is None:
        return f"{told}."
    return f"{told}, off which the depth in the middle lies by {error:.1%}."


def _repeats(precision: Precision, what: str) -> str:
    blocks = f"{precision.num_blocks} blocks" if precision.num_blocks != 1 else "1 block"
    starts = f"{precision.num_launches} starts" if precision.num_launches > 1 else "1 start"
    told = f"{blocks} in {starts} of {what}"
    if precision.interval_half_share is not None:
        told += f" give the mean to ±{precision.interval_half_share:.1%} (95 % interval"
        asked = precision.num_blocks_wanted
        told += f"; {asked} blocks would make it ±3 %)" if asked > precision.num_blocks else ")"
    if precision.launches_apart_share is not None:
        told += f"; the starts lie {precision.launches_apart_share:.1%} apart"
    return f"{told}."


def _contexts(result: ProbeResult) -> str:
    picked = result.contexts
    if len(picked) > _CONTEXTS_SHOWN:
        step = (len(picked) - 1) / (_CONTEXTS_SHOWN - 1)
        picked = tuple(picked[round(index * step)] for index in range(_CONTEXTS_SHOWN))
    parts = [
        f"{units.duration(entry.time_per_token.value or 0.0)} after {entry.num_context_tokens:,} tokens"
        for entry in picked
    ]
    return f"A token takes {', '.join(parts)}."


def _run(result: ProbeResult) -> str:
    where = "the processor" if result.device == "cpu" else result.device
    choice = result.threads or ThreadChoice(num_threads=result.num_threads, how="asked")
    took = units.duration(result.wall_s)
    if result.build_s is not None:
        share = result.build_s / result.wall_s
        took = f"{took}, {f'{share:.0%}' if share >= _PERCENT else 'less than 1%'} of it writing the test model"
    return f"Run on {where} ({result.provider}) with {threads_phrase(choice)}; the whole probe took {took}."
