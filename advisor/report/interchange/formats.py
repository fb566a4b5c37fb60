"""Writes a measurement in one of the forms, whole or not at all."""

from collections.abc import Callable
from pathlib import Path

from advisor.errors import InvalidInputError, OutputError
from advisor.paths import write_atomically
from advisor.report.interchange import aies, boamps, canonical, codecarbon, sci
from advisor.report.public_parts import Document, encode

_ONE_FILE: dict[str, Callable[[Document], Document]] = {
    "canonical": lambda document: document, "sci": sci.build, "boamps": boamps.build,
}  # fmt: skip
FORMATS = ("canonical", "codecarbon", "aies", "sci", "boamps")


def write(document: Document, path: Path, format: str) -> tuple[str, ...]:
    """Write a `fit-energy/1` document and return what was written, one sentence each.

    Args:
        document: `fit-energy/1`.
        path: the file; for `aies` the folder of its three files.
        format: one of `FORMATS`.

    Raises:
        InvalidInputError: `format-unknown`, `energy-has-no-value`, `energy-not-metered` or
            `sci-needs-intensity`.
        InvalidFileError: an existing CSV file has other columns.
        OutputError: it cannot be written.
    """
    if format == "codecarbon":
        added = codecarbon.append(document, path)
        lines: tuple[str, ...] = (f"One row added to {path}." if added else f"Written to {path}.",)
        return (*lines, *_left_out(document))
    if format == "aies":
        return (*_folder(document, path), *_left_out(document))
    if format not in _ONE_FILE:
        raise InvalidInputError(
            "format-unknown", f"{format!r} is not a form of energy.", remedy=f"Choose one of: {', '.join(FORMATS)}."
        )
    write_atomically(path, encode(_ONE_FILE[format](document)))
    return (f"Written to {path}.",)


def _left_out(document: Document) -> tuple[str, ...]:
    if canonical.is_metered(document):
        return ()
    return (f"{canonical.unmetered_sentence(document)}: its energies are left empty. --format canonical holds it.",)


def _folder(document: Document, path: Path) -> tuple[str, ...]:
    if path.exists() and not path.is_dir():
        raise OutputError(
            "path-not-a-folder", f"{path} is a file; AI Energy Score's form is three files.", remedy="Name a folder."
        )
    made = aies.files(document)
    for name, content in made.items():
        write_atomically(path / name, content)
    return tuple(f"Written to {path / name}." for name in made)
