"""Result files: reports as JSON that lie on disk, named `.mfa.json`, as people hand them on and open them again."""

from collections.abc import Sequence
from pathlib import Path

from advisor.errors import InvalidFileError
from advisor.report import document_json
from advisor.report.model import ReportDocument

SUFFIX = ".mfa.json"
"""What result files are called; the desktop knows them by it. Any other `.json` opens too."""
MOST_BYTES = 64 * 2**20
"""[B] Far more than a report has (0.3 MB): what is larger is another kind of file, and is not read."""
MOST_SHOWN = 2
_MOST_NAMED = 3


def read(path: Path) -> ReportDocument:
    """Read a result file.

    Raises:
        InvalidFileError: `file-not-found`, `file-unreadable`, `report-too-large`, `report-invalid` or
            `report-too-new`; the sentence names the file.
    """
    try:
        if path.exists() and not path.is_file():  # a folder, a device or a pipe, which may never end
            raise InvalidFileError("report-invalid", f"{path} is not a file.", remedy=f"Choose a file named *{SUFFIX}.")
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise InvalidFileError(
            "file-not-found", f"{path} does not exist.", remedy="It may have been moved or renamed."
        ) from error
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidFileError(
            "file-unreadable", f"{path} cannot be read: {why}.", remedy="Check its permissions."
        ) from error
    if len(raw) > MOST_BYTES:
        raise InvalidFileError(
            "report-too-large",
            f"{path} has more than {MOST_BYTES // 2**20} MiB; a result is far smaller.",
            remedy="Check that it is the right file.",
        )
    return document_json.read(raw, file_name=str(path))


def not_shown(files: Sequence[str]) -> str:
    """Return what is said of the files that are not opened; empty where all are.

    Args:
        files: all that were asked for; the first `MOST_SHOWN` are opened.
    """
    left = [Path(file).name for file in files[MOST_SHOWN:]]
    if not left:
        return ""
    more = f" and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
    return f"Two results stand side by side; not opened: {', '.join(left[:_MOST_NAMED])}{more}."
