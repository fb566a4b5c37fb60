"""Turns the words of the command line into a machine and a task."""

import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from advisor.errors import ChildError, InvalidFileError, InvalidInputError
from advisor.estimate.model import Roofs
from advisor.graphs.kernel_case import Calibration
from advisor.hardware.model import HardwareProfile
from advisor.history.store import History
from advisor.probe.agreement import Agreement
from advisor.probe.onnx_file.plan import OnnxFileResult
from advisor.probe.plan import ProbeResult
from advisor.report.model import ReportDocument
from advisor.task.model import Description, TaskSpec

if TYPE_CHECKING:
    from advisor.catalog.load import Catalog
    from advisor.evaluate.compression_plan import CompressionResult
    from advisor.evaluate.examples_plan import ExamplesResult

PROVIDERS_TIME_LIMIT_S = 30.0
_MOST_THREADS_PER_CPU = 4
_said: set[str] = set()


def pairs(words: Sequence[str] | None, *, option: str) -> dict[str, str]:
    """Split `field=value` words.

    Raises:
        InvalidInputError: `pair-invalid`.
    """
    result = {}
    for word in words or ():
        field, equals, value = word.partition("=")
        if not equals or not field.strip():
            raise InvalidInputError(
                "pair-invalid",
                f"{option} {word!r} is not of the form FIELD=VALUE.",
                remedy="For example kind=translation.",
            )
        result[field.strip()] = value.strip()
    return result


def machine(file: Path | None, facts: Sequence[str] | None, memory: str | None) -> HardwareProfile:
    """Return the machine to plan for: this one or a saved one, with the user's own facts laid over.

    Raises:
        InvalidFileError: the saved machine cannot be read.
        InvalidInputError: a fact is not known or its value cannot be read.
    """
    from advisor.hardware import detect, override, profile

    base = profile.load(file) if file is not None else detect.detect()
    overrides = pairs(facts, option="--set")
    if memory is not None:
        overrides["memory.total_bytes"] = memory
    return override.apply(base, overrides) if overrides else base


def with_runtime(profile: HardwareProfile) -> HardwareProfile:
    """Ask ONNX Runtime, in a child, for its version and execution providers; without an answer the fact says why."""
    from advisor.child import runner
    from advisor.hardware import detect

    try:
        outcome = runner.run("providers", b"{}", timeout_s=PROVIDERS_TIME_LIMIT_S)
    except ChildError:
        return profile
    if outcome.result is None:
        return profile
    answer = msgspec.json.decode(outcome.result, type=dict[str, Any])
    return detect.with_runtime(profile, answer["version"], tuple(answer["providers"]))


def text_of(words: str) -> str:
    """Return the task text; `-` reads standard input.

    Raises:
        InvalidFileError: `text-not-utf8`.
    """
    if words != "-":
        return words
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidFileError(
            "text-not-utf8", f"Standard input is not UTF-8 text (byte {error.start}).", remedy="Save the text as UTF-8."
        ) from error


def task(
    words: str,
    controls: Sequence[str] | None = None,
    region: str | None = None,
    preset: Mapping[str, object] | None = None,
) -> tuple[Description, TaskSpec]:
    """Understand a task in words, lay a preset's fields over it, and the controls over both.

    Raises:
        InvalidInputError: the text is empty or too long, or a control is not known or cannot be read.
    """
    from advisor.task import describe, validate

    description = describe.describe(text_of(words))
    overrides = {**(preset or {}), **control_values(controls)}
    if region is not None:
        overrides["region"] = country_code(region)
    spec = describe.merge(description, overrides)
    problems = validate.problems(spec)
    if problems:
        raise InvalidInputError(
            "task-contradictory", " ".join(problems), remedy="Change the text or add --with FIELD=VALUE."
        )
    return description, spec


def control_values(controls: Sequence[str] | None) -> dict[str, object]:
    """Convert `--with` words to the types of the task's fields; an empty value means "not said".

    Raises:
        InvalidInputError: `field-unknown` or `field-invalid`.
    """
    fields = {field.name: field for field in msgspec.structs.fields(TaskSpec) if field.name != "text"}
    values: dict[str, object] = {}
    for name, text in pairs(controls, option="--with").items():
        if name not in fields:
            raise InvalidInputError(
                "field-unknown", f"The task has no field {name!r}.", remedy=f"It has: {', '.join(sorted(fields))}."
            )
        values[name] = _control_value(name, text, fields[name].type)
    return values


def _control_value(name: str, text: str, kind: Any) -> object:  # noqa: ANN401 - a typing form
    if not text:
        return () if name.endswith("languages") else None
    if name == "region":
        return country_code(text)
    if name.endswith("_bytes"):
        from advisor.hardware.override import parse_size

        return parse_size(text, field=name)
    raw: object = tuple(part.strip() for part in text.split(",")) if name.endswith("languages") else text
    try:
        return msgspec.convert(raw, kind, strict=False)
    except msgspec.ValidationError as error:
        choices = [str(choice) for choice in get_args(kind) if isinstance(choice, str)]
        remedy = f"Choose one of: {', '.join(choices)}." if choices else f"The reader says: {error}."
        raise InvalidInputError("field-invalid", f"{name}={text!r} cannot be used.", remedy=remedy) from error


def country_code(region: str) -> str:
    """Return the three-letter code of a country given by code or name, or `World` for the world's mean.

    Raises:
        NotFoundError: `region-unknown`; the remedy offers names that look alike.
        InvalidInputError: `region-not-a-country`.
    """
    from advisor.energy import carbon

    found = carbon.grid(region)
    if found.name == carbon.WORLD:
        return carbon.WORLD
    if found.iso3 is None:
        raise InvalidInputError(
            "region-not-a-country",
            f"{found.name} is not one country.",
            remedy="Name a country, for example DE, or World.",
        )
    return found.iso3


def reserve_bytes() -> int:
    """Return the memory the user keeps free for other programs."""
    from advisor import settings

    return settings.load().memory_reserve_bytes


def chosen_region() -> str | None:
    """Return the country of the electricity in the settings, used where a task names none."""
    from advisor import settings

    return settings.load().region


def known() -> "Catalog":
    """Return the catalog with the user's own models in it; a list of them that cannot be used is said, not fatal."""
    from advisor.catalog import own_models

    return own_models.catalog()


def probes_of(profile: HardwareProfile) -> tuple[ProbeResult, ...]:
    """Return what was measured on this machine before; a history that cannot be read is said, not fatal."""
    from advisor.errors import StorageError

    try:
        with contextlib.closing(open_history()) as history:
            return history.probes(fingerprint=profile.fingerprint)
    except StorageError as error:
        say_once(error.sentence())
        return ()


def compressions_of(profile: HardwareProfile) -> "tuple[CompressionResult, ...]":
    """Return what compression was measured to cost on this machine, newest first.

    A history that cannot be read is said, not fatal.
    """
    from advisor.errors import StorageError
    from advisor.evaluate.compression_plan import KIND, CompressionResult

    try:
        with contextlib.closing(open_history()) as history:
            return history.evaluations(KIND, CompressionResult, fingerprint=profile.fingerprint)
    except StorageError as error:
        say_once(error.sentence())
        return ()


def check_threads(threads: int | None, profile: HardwareProfile) -> None:
    """Refuse many more threads than there are processors: they would only wait for each other, or not even start.

    Raises:
        InvalidInputError: `too-many-threads`.
    """
    logical = profile.cpu.num_logical_cores.value
    if threads is not None and logical is not None and threads > _MOST_THREADS_PER_CPU * logical:
        raise InvalidInputError(
            "too-many-threads",
            f"--threads {threads} is far more than the {logical} processors of this computer.",
            remedy=f"Give at most {_MOST_THREADS_PER_CPU * logical}, or leave it out: the app finds the best number.",
        )


def last_examples(profile: HardwareProfile) -> "tuple[ExamplesResult, ...]":
    """Return the last run on the user's own examples of this machine; a history that cannot be read is said."""
    from advisor.errors import StorageError
    from advisor.evaluate.examples_plan import HISTORY_KIND, ExamplesResult
    from advisor.report import examples_section

    try:
        with contextlib.closing(open_history()) as history:
            found = history.evaluations(HISTORY_KIND, ExamplesResult, fingerprint=profile.fingerprint)
    except StorageError as error:
        say_once(error.sentence())
        return ()
    return examples_section.last_run(found)


def calibration_of(profile: HardwareProfile) -> Calibration | None:
    """Return what was calibrated on this machine, the newest that still holds if any does.

    A history that cannot be read is said, not fatal.
    """
    from advisor.errors import StorageError
    from advisor.estimate import calibration
    from advisor.probe.calibration_plan import runtime_version

    try:
        with contextlib.closing(open_history()) as history:
            return calibration.best(history.calibrations(fingerprint=profile.fingerprint), profile, runtime_version())
    except StorageError as error:
        say_once(error.sentence())
        return None


def roofs_of(profile: HardwareProfile, device: str = "cpu") -> Roofs:
    """Return the roofs of a device, from kernels measured on this machine where they still hold, and probes on it."""
    from advisor.estimate import roofs
    from advisor.probe.calibration_plan import runtime_version
    from advisor.recommend import learned

    plain = roofs.from_profile(
        profile,
        device=device,
        reserve_bytes=reserve_bytes(),
        calibration=calibration_of(profile) if device == "cpu" else None,
        runtime_version=runtime_version(),
    )
    return learned.taught(plain, probes_of(profile), known())


def remember_calibration(found: Calibration, profile: HardwareProfile) -> None:
    """Keep a calibration and its machine; a history that cannot be written is said, not fatal."""
    from advisor.errors import StorageError

    try:
        with contextlib.closing(open_history()) as history:
            history.add_profile(profile)
            history.add_calibration(found)
    except StorageError as error:
        say_once(error.sentence())


def probe_result(raw: msgspec.Raw) -> ProbeResult:
    """Decode the payload of a finished probe."""
    return msgspec.json.decode(raw, type=ProbeResult)


def remember(result: ProbeResult, profile: HardwareProfile) -> Agreement | None:
    """Keep a measurement and its machine, and return how it compares with the last one of the same candidate.

    A history that cannot be written is said, not fatal.
    """
    from advisor.errors import StorageError
    from advisor.probe import agreement

    try:
        with contextlib.closing(open_history()) as history:
            history.add_profile(profile)
            earlier = history.probes(model=result.model, format=result.format, fingerprint=result.fingerprint)
            history.add_probe(result)
    except StorageError as error:
        say_once(error.sentence())
        return None
    return agreement.compare(result, earlier)


def remember_file(result: OnnxFileResult) -> Agreement | None:
    """Keep what was measured of an ONNX file, and return how it compares with the last time.

    A history that cannot be written is said, not fatal.
    """
    from advisor.errors import StorageError
    from advisor.probe import agreement

    try:
        with contextlib.closing(open_history()) as history:
            earlier = history.file_probes(like=result)
            history.add_file_probe(result)
    except StorageError as error:
        say_once(error.sentence())
        return None
    return agreement.compare_files(result, earlier)


def remember_report(document: ReportDocument) -> None:
    """Keep a written report, so that it can be opened and compared later."""
    from advisor.errors import StorageError

    try:
        with contextlib.closing(open_history()) as history:
            history.add_report(msgspec.json.encode(document), document.title)
    except StorageError as error:
        say_once(error.sentence())


def open_history() -> History:
    """Open the history of this user; a damaged one is set aside and said.

    Raises:
        StorageError: it is locked, from a newer version, or its folder cannot be written.
    """
    from advisor import paths

    history = History(paths.data_folder() / "history.sqlite").open()
    if history.notice:
        say_once(history.notice)
    return history


def say_once(sentence: str) -> None:
    """Say something about the history on standard error; it is opened often, so each only once."""
    if sentence not in _said:
        _said.add(sentence)
        print(sentence, file=sys.stderr)
