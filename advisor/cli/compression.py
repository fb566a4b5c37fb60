"""`compression`: what the compressed formats of a model lose against the original, language by language."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.cli import inputs, job_run
from advisor.cli.options import JsonFlag
from advisor.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from advisor.child.protocol import Outcome
    from advisor.evaluate.compression_plan import CompressionResult

EXIT_FAILED = 4
_END_RATIO, _START_S = 3.0, 120.0
"""[1] and [s] The least that is read may take longer than the limit: the job ends by itself, this is for one that
hangs."""


def compression(
    reference: Annotated[
        Path, typer.Argument(metavar="ORIGINAL", help="Folder (or ONNX file) of the model that is not compressed.")
    ],
    compressed: Annotated[
        list[Path], typer.Argument(metavar="COMPRESSED", help="Folders of the same model in other formats.")
    ],
    languages: Annotated[
        str | None, typer.Option("--languages", "-l", metavar="LIST", help="For example de,sw; all 32 if not given.")
    ] = None,
    sentences: Annotated[
        int | None, typer.Option("--sentences", min=1, max=10, help="Of each language; all ten if not given.")
    ] = None,
    time_limit_s: Annotated[
        float, typer.Option("--time-limit", min=1.0, metavar="SECONDS", help="Fewer sentences are read after it.")
    ] = 900.0,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="As many as cores if not given.")] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Also write a table for spreadsheets.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure what compression costs in each language: the same sentences, the original and its compressed copies."""
    import msgspec

    from advisor import paths
    from advisor.evaluate import sample
    from advisor.evaluate.compression_plan import JOB, CompressionPlan, CompressionResults
    from advisor.hardware import detect
    from advisor.probe import planner
    from advisor.probe import threads as thread_choice
    from advisor.report import compression as words

    output = Output(as_json=as_json)
    chosen = sample.chosen([word.strip() for word in (languages or "").split(",") if word.strip()])
    profile = detect.detect()
    inputs.check_threads(threads, profile)
    memory_bytes = planner.usable_bytes(profile)
    plan = CompressionPlan(
        reference=str(reference.absolute()), compressed=tuple(str(folder.absolute()) for folder in compressed),
        languages=tuple(item.code for item in chosen), num_sentences=sentences,
        num_threads=threads or thread_choice.usual(profile), time_limit_s=time_limit_s,
        memory_free_bytes=memory_bytes, scratch=str(paths.work_folder() / "compression"),
        fingerprint=profile.fingerprint,
    )  # fmt: skip
    outcome = job_run.run(
        JOB, msgspec.json.encode(plan), output, timeout_s=_END_RATIO * time_limit_s + _START_S,
        describe=lambda progress: words.progress(progress.detail, progress.done_share),
    )  # fmt: skip
    if outcome.result is None:
        _fail(outcome, output)
        return
    found = msgspec.json.decode(outcome.result, type=CompressionResults).results
    _remember(found)
    if csv_file is not None:
        paths.write_atomically(csv_file, words.table_csv(found).encode())
        output.note(f"Written: {csv_file}")
    if as_json:
        output.document(words.document(found))
        return
    _print(output, found)


def _fail(outcome: "Outcome", output: Output) -> None:
    """End with the child's sentence: exit code 2 where what was given is to blame, else 4."""
    from advisor.errors import AdvisorError

    if outcome.reason and outcome.code in ("failed", "invalid_model"):
        raise AdvisorError(outcome.reason, outcome.message, remedy=outcome.remedy)
    output.note(f"{outcome.message} {outcome.remedy}".strip())
    raise typer.Exit(EXIT_FAILED)


def _remember(results: "Sequence[CompressionResult]") -> None:
    """Keep the results; a history that cannot be written is said, not fatal."""
    from advisor.errors import StorageError
    from advisor.evaluate.compression_plan import KIND

    try:
        with contextlib.closing(inputs.open_history()) as history:
            for result in results:
                history.add_evaluation(KIND, result)
    except StorageError as error:
        inputs.say_once(error.sentence())


def _print(output: Output, results: "Sequence[CompressionResult]") -> None:
    from advisor.report import compression as words

    output.heading(words.HEADING)
    for result in results:
        output.line()
        first, *rest = words.sentences(result)
        output.line(first)
        titles = words.titles(result)
        output.table(titles, words.rows(result), right=frozenset(range(1, len(titles))))
        for sentence in rest:
            output.line(sentence)
