"""From bytes to lines of text, with bounded memory: byte order marks, UTF-8, UTF-16, and lines in cp1252 among them."""

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from advisor.errors import AdvisorError, InvalidFileError, NotFoundError

MAX_LINE_BYTES = 4 * 1024**2
_CHUNK_BYTES = 256 * 1024
_HEAD_BYTES = 4096
_MOST_LINES_NAMED = 5
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_OTHER_FILES = (
    (b"PK\x03\x04", "a spreadsheet (.xlsx, .ods) or an archive"), (b"\xd0\xcf\x11\xe0", "an old spreadsheet (.xls)"),
    (b"PAR1", "a Parquet file"), (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a compressed file"), (b"SQLite format 3", "a database"),
)  # fmt: skip


def damaged(code: str, message: str, remedy: str, **facts: object) -> InvalidFileError:
    """Return the error of a file of examples that cannot be used."""
    return InvalidFileError(code, message, remedy=remedy, **facts)


def open_file(path: Path) -> BinaryIO:
    """Open a file of examples.

    Raises:
        NotFoundError: `examples-missing`.
        InvalidFileError: `examples-folder`, `examples-not-a-file` or `examples-unreadable`.
    """
    try:
        if path.is_dir():
            raise damaged("examples-folder", f"{path} is a folder.", "Name one file of examples in it.", path=str(path))
        if not path.exists():
            raise NotFoundError(
                "examples-missing", f"There is no file {path}.", remedy="Check its name.", path=str(path)
            )
        if not path.is_file():
            raise damaged("examples-not-a-file", f"{path} is not an ordinary file.", "Copy its text into a file.")
        return path.open("rb")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise damaged(
            "examples-unreadable", f"{path} cannot be read: {why}.", "Check the name and your permissions."
        ) from error


class Lines:
    """The lines of a file as text, counted; each ends as it does in the file."""

    def __init__(self, stream: BinaryIO, source: str) -> None:
        """Look at the first bytes.

        Args:
            stream: the file, at its start.
            source: its name, for messages.

        Raises:
            InvalidFileError: `examples-empty`, `examples-other-file` or `examples-nul`.
        """
        self.source = source
        self.bad_lines: set[int] = set()
        """Lines with bytes that are no text in any encoding tried; emptied by who uses them up."""
        self.cp1252_lines: list[int] = []
        self.num_cp1252 = 0
        self.num_beyond_ascii = 0
        self._stream = stream
        self._head = self._read(_HEAD_BYTES)
        if not self._head:
            raise damaged("examples-empty", f"{source} is empty (0 bytes).", "Put one example a line into it.")
        for start, what in _OTHER_FILES:
            if self._head.startswith(start):
                raise damaged("examples-other-file", f"{source} is {what}, not text.", "Save the sheet as CSV (UTF-8).")
        self._encoding = _encoding(self._head)
        if self._encoding == "utf-8-sig":
            self._head = self._head[len(codecs.BOM_UTF8) :]

    @property
    def encoding(self) -> str:
        """What the lines read so far are written in."""
        if self._encoding != "utf-8" or not self.num_cp1252:
            return self._encoding
        return "cp1252" if not self.num_beyond_ascii else "utf-8, some lines cp1252"

    def first_character(self) -> str:
        """Return the first character of the file that is not a blank, or an empty text."""
        text = self._head.decode(self._encoding.removesuffix("-sig"), errors="ignore").lstrip("\ufeff").lstrip()
        return text[:1]

    def __iter__(self) -> Iterator[str]:
        """Yield the lines.

        Raises:
            InvalidFileError: `examples-line-long` or `examples-nul`.
        """
        yield from self._bytes_lines() if self._encoding.startswith("utf-8") else self._wide_lines()

    def chunks(self) -> Iterator[str]:
        """Yield the text in pieces, for forms that do not care for lines.

        Raises:
            InvalidFileError: `examples-encoding`: in a JSON array every byte counts.
        """
        decoder = codecs.getincrementaldecoder(self._encoding.removesuffix("-sig"))()
        raw, num_bytes = self._head, 0
        try:
            while raw:
                text = decoder.decode(raw)
                yield text if num_bytes else text.removeprefix("\ufeff")
                num_bytes += len(raw)
                raw = self._read(_CHUNK_BYTES)
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise damaged(
                "examples-encoding",
                f"{self.source} is not {self._encoding} text near byte {num_bytes + error.start}.",
                "Save it as UTF-8.",
            ) from error

    def _read(self, num_bytes: int) -> bytes:
        try:
            return self._stream.read(num_bytes)
        except OSError as error:
            raise damaged(
                "examples-unreadable", f"{self.source} cannot be read: {error.strerror or error}.", "Copy it anew."
            ) from error

    def _bytes_lines(self) -> Iterator[str]:
        number, rest, chunk = 0, b"", self._head
        while chunk:
            parts = (rest + chunk).splitlines(keepends=True)
            rest = parts.pop() if not parts[-1].endswith(b"\n") else b""
            for part in parts:
                number += 1
                yield self._text(part, number)
            if len(rest) > MAX_LINE_BYTES:
                raise self._long(number + 1)
            chunk = self._read(_CHUNK_BYTES)
        for part in rest.splitlines(keepends=True):
            number += 1
            yield self._text(part, number)

    def _text(self, raw: bytes, number: int) -> str:
        if b"\0" in raw:
            raise self._nul(number)
        if raw.isascii():
            return raw.decode("ascii")
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            return self._cp1252(raw, number)
        self.num_beyond_ascii += 1
        return text

    def _cp1252(self, raw: bytes, number: int) -> str:
        try:
            text = raw.decode("cp1252")
        except UnicodeDecodeError:
            self.bad_lines.add(number)
            return raw.decode("utf-8", errors="replace")
        self.num_cp1252 += 1
        if len(self.cp1252_lines) < _MOST_LINES_NAMED:
            self.cp1252_lines.append(number)
        return text

    def _wide_lines(self) -> Iterator[str]:
        number, rest = 0, ""
        decoder = codecs.getincrementaldecoder(self._encoding)(errors="replace")
        raw = self._head
        while True:
            text = decoder.decode(raw, final=not raw)
            parts = _split(rest + (text if number or rest else text.removeprefix("\ufeff")))
            rest = parts.pop() if raw and parts and not parts[-1].endswith("\n") else ""
            for part in parts:
                number += 1
                if "\0" in part:
                    raise self._nul(number)
                if "\ufffd" in part:
                    self.bad_lines.add(number)
                yield part
            if not raw:
                return
            if len(rest) > MAX_LINE_BYTES:
                raise self._long(number + 1)
            raw = self._read(_CHUNK_BYTES)

    def _nul(self, number: int) -> AdvisorError:
        return damaged(
            "examples-nul",
            f"{self.source}, line {number}: a NUL byte. The file is damaged or not text.",
            "Save it as text in UTF-8, for example as CSV.",
            line=number,
        )

    def _long(self, number: int) -> AdvisorError:
        return damaged(
            "examples-line-long",
            f"{self.source}, line {number} is longer than {MAX_LINE_BYTES // 1024**2} MiB.",
            "Put one example a line.",
            line=number,
        )


def _split(text: str) -> list[str]:
    r"""Split after `\n`, `\r\n` and `\r` alone; `str.splitlines` knows more ends, that a text may hold."""
    return list(io.StringIO(text, newline=""))


def _encoding(head: bytes) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if len(head) >= 8 and max(even, odd) >= len(head) // 5:
        # Western text in UTF-16 has a zero in every second byte, always on the same side.
        if even * 20 < odd:
            return "utf-16-le"
        if odd * 20 < even:
            return "utf-16-be"
    return "utf-8"
