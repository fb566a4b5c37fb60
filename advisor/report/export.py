"""Writes a report into a file; the kind follows from the file's ending."""

from collections.abc import Callable
from pathlib import Path

from advisor.errors import OutputError
from advisor.paths import write_atomically
from advisor.report.model import ReportDocument

SUFFIXES: dict[str, str] = {
    ".html": "html", ".htm": "html", ".pdf": "pdf", ".md": "md", ".markdown": "md", ".json": "json", ".csv": "csv",
}  # fmt: skip
FORMATS = ("html", "pdf", "md", "json", "csv")


def write(document: ReportDocument, path: Path, format: str | None = None) -> None:
    """Write a report, whole or not at all.

    Args:
        document: the report.
        path: file to write; its folder is made.
        format: one of `FORMATS`; null takes it from the file's ending.

    Raises:
        OutputError: `format-unknown`, `path-is-folder`, `path-not-writable` or `disk-full`.
    """
    write_atomically(path, render(document, kind_of(path, format)))


def kind_of(path: Path, format: str | None = None) -> str:
    """Return the kind of report a file name asks for.

    Raises:
        OutputError: `format-unknown`.
    """
    kind = format.lower() if format is not None else SUFFIXES.get(path.suffix.lower())
    if kind in FORMATS:
        return kind
    asked = format if format is not None else path.suffix
    what = f"{asked!r} is not a kind of report" if asked else f"{path} has no ending that says which kind of report"
    raise OutputError(
        "format-unknown", f"{what}.", remedy="End the file name in .html, .pdf, .md, .mfa.json or .csv.", path=str(path)
    )


def ending(kind: str) -> str:
    """Return how the name of a new file of a kind of report ends, without the first dot."""
    from advisor.report import result_file

    return result_file.SUFFIX[1:] if kind == "json" else kind


def check_target(path: Path, format: str | None = None) -> None:
    """Fail early, before the work, when a report cannot be written there.

    Raises:
        OutputError: `format-unknown`, `path-is-folder` or `path-not-writable`.
    """
    import os

    if path.is_dir():
        raise OutputError(
            "path-is-folder", f"{path} is a folder, not a file.", remedy="Give a file name.", path=str(path)
        )
    kind_of(path, format)
    blocked = next((folder for folder in path.parents if folder.exists()), None)
    if blocked is not None and not blocked.is_dir():
        raise OutputError(
            "path-not-writable", f"{blocked} is a file, not a folder.", remedy="Choose another folder.", path=str(path)
        )
    if blocked is not None and not os.access(blocked, os.W_OK):
        raise OutputError(
            "path-not-writable",
            f"{path} cannot be written: {blocked} is read-only.",
            remedy="Choose another folder or change its permissions.",
            path=str(path),
        )


def render(document: ReportDocument, kind: str) -> bytes:
    """Return the report in one of `FORMATS` as bytes."""
    return _RENDERERS[kind](document)


def _html(document: ReportDocument) -> bytes:
    from advisor.report import html

    return html.render(document).encode()


def _pdf(document: ReportDocument) -> bytes:
    from advisor.report import pdf

    return pdf.render(document)


def _markdown(document: ReportDocument) -> bytes:
    from advisor.report import markdown

    return markdown.render(document).encode()


def _json(document: ReportDocument) -> bytes:
    from advisor.report import document_json

    return document_json.render(document)


def _csv(document: ReportDocument) -> bytes:
    from advisor.report import table_csv

    return table_csv.render(document).encode()


_RENDERERS: dict[str, Callable[[ReportDocument], bytes]] = {
    "html": _html, "pdf": _pdf, "md": _markdown, "json": _json, "csv": _csv,
}  # fmt: skip
