"""`examples-run`: candidates on the user's own examples, compared in pairs."""

import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.cli import inputs, job_run
from advisor.cli.examples import delimiter_mark
from advisor.cli.options import JsonFlag
from advisor.cli.output import Output
from advisor.errors import AdvisorError, ChildError, InvalidInputError
from advisor.evaluate.examples_plan import DEFAULT_NUM_ANSWER_TOKENS, METHODS, Method, Scoring
from advisor.examples.model import ExampleKind

if TYPE_CHECKING:
    from advisor.evaluate.examples_plan import ExamplesRequest, ExamplesResult
    from advisor.examples.model import ExampleSet

EXIT_RUN_FAILED = 4


def examples_run(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="CSV, TSV, JSON lines or a JSON array; or give --example.")
    ] = None,
    model: Annotated[
        list[Path] | None, typer.Option("--model", help="Folder of a model in ONNX, or its file; repeat to compare.")
    ] = None,
    example: Annotated[
        list[str] | None, typer.Option("--example", help='One example, "text=>label"; repeat it.')
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            help=f"Of {', '.join(METHODS)}; repeat it. Each model runs by each that it can, else by its usual one.",
        ),
    ] = None,
    instruction: Annotated[str, typer.Option("--instruction", help="What a language model is told to do.")] = "",
    label_description: Annotated[
        list[str] | None, typer.Option("--label-description", help='What a label means, "label=text"; repeat it.')
    ] = None,
    descriptions: Annotated[
        Path | None, typer.Option("--descriptions", help="JSON file of label descriptions, by label.")
    ] = None,
    scoring: Annotated[
        Scoring, typer.Option("--scoring", help="How a language model's likelihood of a label counts.")
    ] = "calibrated",
    kind: Annotated[ExampleKind | None, typer.Option("--kind", help="What the examples are.")] = None,
    delimiter: Annotated[str | None, typer.Option("--delimiter", help="As for `examples`.")] = None,
    max_examples: Annotated[int, typer.Option("--max-examples", help="Of a larger file, so many are drawn.")] = 1000,
    answer_tokens: Annotated[
        int, typer.Option("--answer-tokens", min=1, max=4096, help="Longest answer.")
    ] = DEFAULT_NUM_ANSWER_TOKENS,
    margin: Annotated[float, typer.Option("--margin", help="How much worse, in points of 100, is still enough.")] = 2.0,
    seed: Annotated[int, typer.Option("--seed", help="Of samples and intervals.")] = 0,
    threads: Annotated[int | None, typer.Option("--threads", min=1, max=1024, help="Threads of the runtime.")] = None,
    energy: Annotated[bool, typer.Option("--energy/--no-energy", help="Measure energy too.")] = True,
    errors: Annotated[bool, typer.Option("--errors", help="List the wrong outputs to read.")] = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the outputs as a table.")] = None,
    keep_texts: Annotated[
        bool, typer.Option("--keep-texts", help="Keep texts and outputs in the history too, not only the scores.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Run models on your own examples: accuracy with interval, cost beside it, and whether the smaller is enough."""
    from advisor.evaluate import examples_compare, examples_plan
    from advisor.report import examples_run as words

    output = Output(as_json=as_json)
    found = _examples(file, example or [], kind, delimiter_mark(delimiter), max_examples, seed)
    described = _descriptions(descriptions, label_description)
    if found.labels:
        examples_plan.check_descriptions(found, described)
    runs = _runs(model or [], _methods(method or []), found.kind)
    base = _request(found, described, instruction, scoring, answer_tokens, seed, threads, energy)
    results = [_run(base, path, way, output) for path, way in runs]
    pairs = examples_compare.compare(results, margin_share=margin / 100)
    _remember(results, found, keep_texts=keep_texts)
    misses = {item.id: examples_compare.misses(found, item) for item in results}
    if csv is not None:
        from advisor.examples import write

        write.write(csv, words.CSV_TITLES, words.csv_rows(found, results))
    if as_json:
        output.document(words.document(results, pairs, misses if errors else None))
        return
    _print(output, found, results)
    for text in words.pair_sentences(pairs):
        output.line(text)
    if errors:
        for item in results:
            output.heading(f"Wrong: {words.name(item)}")
            output.table(words.MISS_TITLES, words.miss_rows(misses[item.id], None), wide=0)


def _examples(
    file: str | None, typed_words: Sequence[str], kind: ExampleKind | None, mark: str | None, most: int, seed: int
) -> "ExampleSet":
    from advisor.examples import read, typed

    if (file is None) == (not typed_words):
        raise InvalidInputError(
            "examples-none", "Give either a file of examples or typed ones.", remedy='For example --example "hi=>good".'
        )
    if file is None:
        return typed.examples([typed.pair(word) for word in typed_words], kind or "classification")
    if file == "-":
        return read.parse(
            sys.stdin.buffer, "standard input", kind=kind, delimiter=mark, max_num_examples=most, seed=seed
        )
    return read.load(Path(file), kind=kind, delimiter=mark, max_num_examples=most, seed=seed)


def _descriptions(file: Path | None, words: Sequence[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    if file is not None:
        try:
            value = json.loads(file.read_bytes())
        except OSError as error:
            raise InvalidInputError(
                "descriptions-unreadable",
                f"{file} cannot be read: {error.strerror or error}.",
                remedy="Check the path.",
            ) from error
        except ValueError as error:
            raise InvalidInputError(
                "descriptions-unreadable", f"{file} is no JSON: {error}.", remedy='Write {"label": "what it means"}.'
            ) from error
        value = value.get("labels", value) if isinstance(value, dict) else value
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            raise InvalidInputError(
                "descriptions-unreadable", f"{file} has no texts by label.", remedy='Write {"label": "what it means"}.'
            )
        found.update(value)
    return {**found, **inputs.pairs(words, option="--label-description")}


def _methods(words: Sequence[str]) -> list[Method]:
    unknown = [word for word in words if word not in METHODS]
    if unknown:
        raise InvalidInputError(
            "method-unknown", f"There is no method {unknown[0]!r}.", remedy=f"Choose of {', '.join(METHODS)}."
        )
    return [method for method in METHODS if method in words]


def _runs(models: Sequence[Path], methods: Sequence[Method], kind: ExampleKind) -> list[tuple[Path, Method | None]]:
    """Return which model runs by which method."""
    from advisor.evaluate import examples_plan
    from advisor.evaluate.examples_compare import MOST_CANDIDATES
    from advisor.runnable import find

    if not models:
        raise InvalidInputError(
            "model-missing", "No model is given.", remedy="Give --model FOLDER; `converted list` shows those here."
        )
    found: list[tuple[Path, Method | None]] = []
    for path in models:
        model = find.open_model(path)
        known = examples_plan.methods(model, kind)
        mine = [way for way in methods if way in known]
        if not mine:
            mine = [examples_plan.chosen_method(model, kind, methods[0] if methods else None)]
        found += [(path, way) for way in dict.fromkeys(mine)]
    if len(found) > MOST_CANDIDATES:
        raise InvalidInputError(
            "candidates-too-many", f"{len(found)} candidates are too many to compare in pairs.",
            remedy=f"Choose at most {MOST_CANDIDATES}.",
        )  # fmt: skip
    return found


def _request(
    found: "ExampleSet", described: dict[str, str], instruction: str, scoring: Scoring, answer_tokens: int, seed: int,
    threads: int | None, energy: bool,
) -> "ExamplesRequest":  # fmt: skip
    from advisor.evaluate.examples_plan import ExamplesRequest
    from advisor.hardware import detect
    from advisor.probe import threads as usual

    profile = detect.detect()
    inputs.check_threads(threads, profile)
    return ExamplesRequest(
        path="", examples=found, instruction=instruction, descriptions=described, scoring=scoring, seed=seed,
        max_num_answer_tokens=answer_tokens, num_threads=threads or usual.usual(profile), with_energy=energy,
        cpu=profile.cpu, fingerprint=profile.fingerprint,
    )  # fmt: skip


def _run(base: "ExamplesRequest", path: Path, way: Method | None, output: Output) -> "ExamplesResult":
    import msgspec

    from advisor.evaluate.examples_plan import JOB, ExamplesResult

    request = msgspec.structs.replace(base, path=str(path.absolute()), method=way)
    outcome = job_run.run(
        JOB, msgspec.json.encode(request), output, timeout_s=None, describe=lambda message: message.detail
    )
    if outcome.result is not None:
        return msgspec.json.decode(outcome.result, type=ExamplesResult)
    raise ChildError(
        outcome.reason or outcome.code.replace("_", "-"), f"{path}: {outcome.message}", remedy=outcome.remedy
    )


def _remember(results: Sequence["ExamplesResult"], found: "ExampleSet", *, keep_texts: bool) -> None:
    """Keep results; a history that cannot be written is said, not fatal."""
    import msgspec

    from advisor.evaluate.examples_plan import HISTORY_KIND, without_texts

    try:
        with contextlib.closing(inputs.open_history()) as history:
            for item in results:
                kept = msgspec.structs.replace(item, examples=found) if keep_texts else without_texts(item)
                history.add_evaluation(HISTORY_KIND, kept)
    except AdvisorError as error:
        inputs.say_once(error.sentence())


def _print(output: Output, found: "ExampleSet", results: Sequence["ExamplesResult"]) -> None:
    from advisor.report import examples as read_words
    from advisor.report import examples_run as words

    output.heading(words.heading(results))
    output.line(read_words.sentence(found))
    output.table(words.TITLES, words.rows(results), right=frozenset(range(1, len(words.TITLES))), wide=0)
    output.table(words.SCORE_TITLES, words.score_rows(results), right=frozenset({2, 3}))
    for text in words.all_notes(results):
        output.line(text)
