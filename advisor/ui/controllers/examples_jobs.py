"""What the page "Your examples" needs of the domain: read examples, find models, ask a child, keep and say results."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import msgspec

from advisor import paths
from advisor.errors import AdvisorError
from advisor.evaluate import examples_plan
from advisor.evaluate.examples_plan import ExamplesRequest, ExamplesResult, Method
from advisor.examples.model import ExampleKind, ExampleSet
from advisor.hardware.model import HardwareProfile
from advisor.ui.controllers.speeds import HISTORY_FILE
from advisor.ui.examples_state import Choice, Dot, ReadView, RunView, Wrong

_MOST_FOLDERS = 60
_MOST_WRONG = 200
_MARK = "\x1f"
NOT_SUITABLE = "It cannot work on examples like these."


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A model on this computer."""

    folder: str
    name: str
    methods: tuple[tuple[Method, ExampleKind], ...]
    why_not: str = ""


def read_file(path: str) -> ExampleSet:
    """Read a file of examples. Raises: as `read.load`."""
    from advisor.examples import read

    return read.load(Path(path))


def read_typed(pairs: Sequence[tuple[str, str]], kind: ExampleKind) -> ExampleSet:
    """Read typed rows. Raises: as `typed.examples`."""
    from advisor.examples import typed

    return typed.examples(pairs, kind)


def own_examples() -> ExampleSet:
    """Return the app's own 60 support messages."""
    from advisor import resources
    from advisor.examples import read

    return read.parse(resources.read("examples/support-en.csv"), "support-en.csv")


def own_descriptions() -> dict[str, str]:
    """Return what the labels of the app's own messages mean."""
    from advisor import resources

    found: dict[str, str] = msgspec.json.decode(resources.read("examples/topics.json"))["labels"]
    return found


def described(found: ExampleSet) -> ReadView:
    """Return what was understood, in words."""
    from advisor.report import examples as words

    lines = [words.columns(found), *map(words.skipped, found.skipped), *map(words.note, found.notes)]
    return ReadView(
        sentence=words.sentence(found), lines=tuple(lines), labels=examples_plan.labels(found), kind=found.kind,
        num_examples=len(found.examples),
    )  # fmt: skip


def models(extra: str) -> tuple[Found, ...]:
    """Return the models on this computer that ONNX Runtime can run: converted, downloaded, in the user's folder.

    Args:
        extra: a folder of the user's settings; empty: none.
    """
    folders = list(dict.fromkeys(_folders(extra)))[:_MOST_FOLDERS]
    return tuple(found for folder in folders if (found := _look(folder)) is not None)


def _folders(extra: str) -> list[Path]:
    from advisor.convert import download_plan, place
    from advisor.runnable import store

    found = [Path(model.folder) for model in store.models(place.home()) if not model.problem]
    homes = (download_plan.models_folder(extra or None), Path(extra).expanduser() if extra else None)
    for home in homes:
        if home is not None and home.is_dir():
            graphs = sorted(itertools.islice(home.glob("**/*.onnx"), 4 * _MOST_FOLDERS))
            found += [graph.parent.parent if graph.parent.name == "onnx" else graph.parent for graph in graphs]
    return found


def _look(folder: Path) -> Found | None:
    from advisor.runnable import find

    try:
        model = find.open_model(folder)
    except AdvisorError as error:
        return Found(folder=str(folder), name=folder.name, methods=(), why_not=error.message)
    ways: list[tuple[Method, ExampleKind]] = [
        (method, kind)
        for kind in ("classification", "generation")
        for method in examples_plan.methods(model, kind)
    ]  # fmt: skip
    why_not = "" if ways else "It works on something other than texts."
    if model.tokenizer is None:
        why_not = "It has no tokenizer.json, so texts cannot be given to it."
    name = f"{model.model_id}, {model.format_id}" if model.format_id else model.model_id
    return Found(folder=str(folder), name=name, methods=tuple(ways), why_not=why_not)


def choices(found: Sequence[Found], kind: ExampleKind) -> tuple[Choice, ...]:
    """Return what can be chosen for examples of a kind: those that can be run first."""
    from advisor.report import examples_run as words

    usable: list[Choice] = []
    others: list[Choice] = []
    for model in found:
        ways = [method for method, its_kind in model.methods if its_kind == kind]
        if model.why_not or not ways:
            others.append(
                Choice(
                    key=model.folder, folder=model.folder, method="", name=model.name, help="",
                    why_not=model.why_not or NOT_SUITABLE,
                )
            )  # fmt: skip
            continue
        usable += [
            Choice(
                key=f"{model.folder}{_MARK}{method}", folder=model.folder, method=method,
                name=f"{model.name}: {words.method_name(method)}", help=words.METHOD_HELP[method],
            )
            for method in ways
        ]  # fmt: skip
    return (*usable, *others)


def request(
    choice: Choice, examples: ExampleSet, instruction: str, descriptions: dict[str, str], profile: HardwareProfile
) -> bytes:
    """Return what the child is asked."""
    from advisor.probe import threads

    method = next((name for name in examples_plan.METHODS if name == choice.method), None)
    labels = set(examples_plan.labels(examples))
    return msgspec.json.encode(
        ExamplesRequest(
            path=choice.folder, examples=examples, method=method, instruction=instruction.strip(),
            descriptions={label: text for label, text in descriptions.items() if label in labels and text.strip()},
            num_threads=threads.usual(profile), cpu=profile.cpu, fingerprint=profile.fingerprint,
        )
    )  # fmt: skip


def decoded(answer: bytes) -> ExamplesResult:
    """Return the child's answer."""
    return msgspec.json.decode(answer, type=ExamplesResult)


def keep(results: Sequence[ExamplesResult], examples: ExampleSet) -> RunView:
    """Keep the scores in the history, without any text, and return what the page shows."""
    from advisor.evaluate import examples_compare
    from advisor.report import examples_run as words

    notes = words.all_notes(results)
    trouble = _kept(results)
    misses = [(item, examples_compare.misses(examples, item)) for item in results]
    scored = [item for item in results if item.score is not None]
    return RunView(
        sentence=words.heading(results),
        verdicts=tuple(words.pair_sentences(examples_compare.compare(results)))
        or tuple(map(words.accuracy_sentence, results)),
        axis=words.axis(results), dots=tuple(_dot(item) for item in scored), headers=words.TITLES,
        rows=tuple(words.rows(results)), notes=(*notes, *((trouble,) if trouble else ())),
        wrong_headers=words.MISS_TITLES,
        wrong=tuple(
            Wrong(name=words.name(item), rows=tuple(words.miss_rows(found, _MOST_WRONG)), num_rows=len(found))
            for item, found in misses
        ),
    )  # fmt: skip


def _dot(result: ExamplesResult) -> Dot:
    from advisor.report import examples_run as words

    if result.score is None:  # pragma: no cover - the caller leaves these out
        raise ValueError("nothing is scored")
    value = result.score.accuracy
    middle = value.value or 0.0
    return Dot(
        name=words.name(result), value_share=middle, low_share=middle if value.low is None else value.low,
        high_share=middle if value.high is None else value.high, words=words.accuracy_sentence(result),
    )  # fmt: skip


def _kept(results: Sequence[ExamplesResult]) -> str:
    from advisor.history.store import History

    try:
        history = History(paths.data_folder() / HISTORY_FILE).open()
        try:
            for item in results:
                history.add_evaluation(examples_plan.HISTORY_KIND, examples_plan.without_texts(item))
        finally:
            history.close()
    except AdvisorError as error:
        return f"Not kept: {error.sentence()}"
    return ""


def last_run(fingerprint: str) -> tuple[ExamplesResult, ...]:
    """Return the last run on this computer, as it is kept. Raises: StorageError."""
    from advisor.history.store import History
    from advisor.report import examples_section

    history = History(paths.data_folder() / HISTORY_FILE).open()
    try:
        found = history.evaluations(examples_plan.HISTORY_KIND, ExamplesResult, fingerprint=fingerprint)
    finally:
        history.close()
    return examples_section.last_run(found)


def save(path: str, examples: ExampleSet, results: Sequence[ExamplesResult]) -> str:
    """Write every output as a row and say so. Raises: OutputError."""
    from advisor.examples import write
    from advisor.report import examples_run as words

    write.write(Path(path), words.CSV_TITLES, words.csv_rows(examples, results))
    return f"Saved as {path}."
