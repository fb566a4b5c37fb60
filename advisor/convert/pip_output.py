"""What pip says while it works, read line by line: how far it is, and in the end why it failed. Pure."""

import re

from advisor.errors import AdvisorError, ChildError, InvalidFileError, NotFoundError, OutputError

_KEPT_LINES = 200
_COLLECTING = re.compile(r"^\s*(?:Collecting|Processing|Requirement already satisfied:) (\S+)")
_NAME = re.compile(r"[=<>~!;\[ ]|-\d")
_PINNED = re.compile(r"(?:found for|requirement|Cannot install) (\S+==[\w.+-]+)|^\s*(\S+==[\w.+-]+) from ")
_RAW = re.compile(r"^Progress (\d+) of (\d+)")
_UNPACKING = re.compile(r"^Installing collected packages: (.*)")
_NETWORK = (
    "Failed to establish a new connection", "Temporary failure in name resolution", "Name or service not known",
    "Connection refused", "Connection reset", "ConnectTimeoutError", "ReadTimeoutError", "NewConnectionError",
    "ConnectionError", "ProxyError", "SSLError", "getaddrinfo failed", "Network is unreachable", "IncompleteRead",
    "Could not fetch URL", "ProtocolError", "Connection timed out",
)  # fmt: skip
_NOT_OFFERED = ("No matching distribution found", "Could not find a version that satisfies", "ResolutionImpossible")
_HASH = "DO NOT MATCH THE HASHES"
_DISK = ("No space left on device", "Disk quota exceeded", "[Errno 28]", "[Errno 122]", "not enough space on the disk")
_MOST_WORDS = 300


class PipOutput:
    """The output of one command after another."""

    def __init__(self) -> None:
        """Nothing has been said."""
        self.num_packages = 0
        self.package = ""
        self.num_unpacking = 0
        self.is_unpacking = False
        self._done_bytes = self._file_bytes = 0
        self._lines: list[str] = []

    @property
    def downloaded_bytes(self) -> int:
        """[B] Return what has come in."""
        return self._done_bytes + self._file_bytes

    def begin(self) -> None:
        """Start with the next command; what was counted stays."""
        self._lines = []
        self._close_file()
        self.is_unpacking = False

    def take(self, line: str) -> None:
        """Read one line."""
        text = line.rstrip()
        if raw := _RAW.match(text):
            self._file_bytes = int(raw[1])
            if raw[1] == raw[2]:
                self._close_file()
            return
        self._lines = [*self._lines[-_KEPT_LINES:], text]
        if found := _COLLECTING.match(text):
            self._close_file()
            self.num_packages += 1
            self.package = _NAME.split(found[1].rsplit("/", 1)[-1], maxsplit=1)[0]
        elif found := _UNPACKING.match(text):
            self.is_unpacking = True
            self.num_unpacking = found[1].count(",") + 1

    def text(self) -> str:
        """Return the last lines, for the log."""
        return "\n".join(self._lines)

    def last_line(self) -> str:
        """Return the last line that is not empty."""
        return next((line for line in reversed(self._lines) if line), "")

    def failure(self, failed: str) -> AdvisorError:
        """Return the error for a command that failed.

        Args:
            failed: what did not work, as the beginning of a sentence.

        Returns:
            `hash-mismatch`, `disk-full`, `network-lost`, `package-not-offered` or `pip-failed`.
        """
        text = self.text()
        if _HASH in text:
            return InvalidFileError(
                "hash-mismatch",
                f"{failed}: a file is not the one this app was tested with; its hash differs ({self._package()}).",
                remedy="Try again; if it happens again, the connection or the package index changes files. "
                "Nothing was installed.",
            )
        if any(sign in text for sign in _DISK):
            return OutputError(
                "disk-full", f"{failed}: there is no space left on the disk.",
                remedy="Free some space, then try again.",
            )  # fmt: skip
        if any(sign in text for sign in _NETWORK):
            return ChildError(
                "network-lost", f"{failed}: the package index cannot be reached.",
                remedy="Check the connection and pip's settings (proxy, index), then try again.",
            )  # fmt: skip
        if any(sign in text for sign in _NOT_OFFERED):
            return NotFoundError(
                "package-not-offered", f"{failed}: the package index does not have {self._package()}.",
                remedy="If pip is set to an index of your organisation, ask for this version there.",
            )  # fmt: skip
        return ChildError("pip-failed", f"{failed}: {self._why()}", remedy="Try again; the log has all of it.")

    def _package(self) -> str:
        for line in reversed(self._lines):
            if found := _PINNED.search(line):
                return found[1] or found[2]
        return self.package or "a package"

    def _why(self) -> str:
        errors = [line.removeprefix("ERROR: ") for line in self._lines if line.startswith("ERROR: ")]
        return (errors[-1] if errors else self.last_line() or "no reason was given")[-_MOST_WORDS:].rstrip(".") + "."

    def _close_file(self) -> None:
        self._done_bytes, self._file_bytes = self._done_bytes + self._file_bytes, 0
