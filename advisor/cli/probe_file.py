"""`probe FILE.onnx`: any ONNX file, measured with inputs made for it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import typer

from advisor.child.protocol import Outcome
from advisor.cli import inputs, job_run, provider
from advisor.cli.figures import TITLES, row
from advisor.cli.output import Output
from advisor.errors import InvalidInputError, InvalidModelError
from advisor.evidence import Quantity
from advisor.probe.onnx_file import ending
from advisor.probe.onnx_file.plan import OnnxFileResult

EXIT_PROBE_FAILED = 4
JOB = "onnx-file"
_END_SHARE, _START_S = 1.5, 30.0
"""[1] and [s] The coordinating process may take this many times the limit of the measuring one, and this much more."""


def is_file(word: str) -> bool:
    """Tell whether the word after `probe` is a file and not a model of the catalog."""
    return word.lower().endswith((".onnx", ".ort")) or Path(word).is_file()


def refuse_sizes(shapes: Sequence[str] | None, dimensions: Sequence[str] | None) -> None:
    """Refuse options that only a file has.

    Raises:
        InvalidInputError: `only-for-files`.
    """
    if shapes or dimensions:
        raise InvalidInputError(
            "only-for-files",
            "--shape and --dim set the inputs of an ONNX file.",
            remedy="Give the sizes of a catalog model with --with, for example --with num_context_tokens=4096.",
        )


def probe_file(
    file: str,
    *,
    shapes: Sequence[str] | None,
    dimensions: Sequence[str] | None,
    threads: int | None,
    pinned: bool,
    provider_word: str,
    time_limit_s: float | None,
    output: Output,
) -> None:
    """Measure a file and print what came out.

    Args:
        file: its path.
        shapes: words of the form `input=1x3x224x224`.
        dimensions: words of the form `batch=1`.
        threads: of the runtime; as many as usable physical cores by default.
        pinned: each thread stays on a processor of its own.
        provider_word: `cpu`, `auto` or a provider to force.
        time_limit_s: [s] After it the file is given up; a usual limit by default.
        output: where to print.

    Raises:
        InvalidInputError: a word cannot be read.
        InvalidModelError: the file cannot be read, is unsafe or cannot be run.
    """
    from advisor.hardware import detect
    from advisor.probe.onnx_file import planner
    from advisor.recommend import known_power
    from advisor.report import onnx_file, probe_notes

    asked = _shapes(shapes), _dimensions(dimensions)
    profile = detect.detect()
    inputs.check_threads(threads, profile)
    selection = provider.chosen(provider_word, profile)
    for sentence in selection.passed_over:
        output.note(sentence)
    plan = planner.plan(
        file, profile, shapes=asked[0], dimensions=asked[1], uses=selection.uses, threads=threads, pinned=pinned,
        time_limit_s=time_limit_s or planner.TIME_LIMIT_S,
    )  # fmt: skip
    limit_s = _END_SHARE * plan.time_limit_s + _START_S
    outcome = job_run.run(JOB, msgspec.json.encode(plan), output, timeout_s=limit_s)
    if outcome.result is None:
        _fail(ending.named(outcome, file), output)
        return
    result = msgspec.json.decode(outcome.result, type=OnnxFileResult)
    power = known_power.power_model(profile, result.device, inputs.probes_of(profile))
    consumed = onnx_file.energy(result, None if power is None else power.active_power_w)
    agreement = inputs.remember_file(result)
    if output.as_json:
        output.document(onnx_file.document(result, consumed, agreement))
        return
    _print(output, result, consumed)
    if agreement is not None:
        output.line(probe_notes.agreement_sentence(agreement))


def _shapes(words: Sequence[str] | None) -> dict[str, tuple[int, ...]]:
    found = {}
    for name, text in inputs.pairs(words, option="--shape").items():
        parts = text.lower().split("x")
        if not all(part.strip().isdigit() for part in parts):
            raise InvalidInputError(
                "shape-invalid", f"{text!r} is no shape of the input {name!r}.", remedy="For example 1x3x224x224."
            )
        found[name] = tuple(int(part) for part in parts)
    return found


def _dimensions(words: Sequence[str] | None) -> dict[str, int]:
    found = {}
    for name, text in inputs.pairs(words, option="--dim").items():
        if not text.isdigit():
            raise InvalidInputError(
                "dimension-invalid", f"{text!r} is no size of the dimension {name!r}.", remedy="For example batch=1."
            )
        found[name] = int(text)
    return found


def _fail(outcome: Outcome, output: Output) -> None:
    """End with the sentence of the child: exit code 2 where the file is to blame, else 4."""
    if outcome.code == "invalid_model":
        raise InvalidModelError("onnx-file-refused", outcome.message, remedy=outcome.remedy)
    output.note(f"{outcome.message} {outcome.remedy}".strip())
    if output.as_json:
        from advisor.report import onnx_file

        output.document(onnx_file.failure(outcome))
    raise typer.Exit(EXIT_PROBE_FAILED)


def _print(output: Output, result: OnnxFileResult, consumed: Quantity) -> None:
    from advisor.report import onnx_file

    output.heading(onnx_file.sentence(result))
    for line in onnx_file.about(result.header):
        output.line(line)
    output.table(("Input", "Type", "Shape", "Values"), onnx_file.input_rows(result.inputs))
    if result.inputs.free:
        output.table(
            ("Free size", "Chosen", "Why"),
            [(item.name, str(item.value), item.why) for item in result.inputs.free],
        )
    output.table(
        TITLES,
        [
            row("Time per run", result.time_per_query),
            row("Rate", result.rate),
            row("Memory, peak", result.peak_memory),
            *([row("Device memory", result.device_memory)] if result.device != "cpu" else []),
            row("Load time", result.load_time),
            row("Energy per 1,000 queries", consumed),
        ],
        right=frozenset({1, 2}),
    )
    for line in onnx_file.placed(result):
        output.line(line)
    output.line(onnx_file.how(result))
    output.line(onnx_file.graded(result))
    for reason in result.reasons:
        output.line(f"May be unstable: {reason}")
