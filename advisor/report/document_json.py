"""The report as JSON of the public interface; its schema is `resources/schema/report.schema.json`."""

import msgspec

from advisor.errors import InvalidFileError
from advisor.report.model import REPORT_VERSION, ReportDocument
from advisor.report.public_parts import encode


def render(document: ReportDocument) -> bytes:
    """Return the document as UTF-8 JSON.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    return encode(msgspec.to_builtins(document))


def read(raw: bytes, *, file_name: str = "report") -> ReportDocument:
    """Read a report that was written as JSON before.

    Args:
        raw: content of the file.
        file_name: name for the message.

    Raises:
        InvalidFileError: `report-invalid` or `report-too-new`.
    """
    try:
        version = msgspec.json.decode(raw, type=_Versioned).version
        if version > REPORT_VERSION:
            raise InvalidFileError(
                "report-too-new",
                f"{file_name} was written by a newer version of the app (report version {version}).",
                remedy="Update the app to open it.",
            )
        return msgspec.json.decode(raw, type=ReportDocument)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = "its values lie too deep in each other" if isinstance(error, RecursionError) else error
        raise InvalidFileError(
            "report-invalid",
            f"{file_name} is not a whole report: {why}.",
            remedy="Export the report as JSON again.",
        ) from error


class _Versioned(msgspec.Struct, frozen=True):
    version: int
