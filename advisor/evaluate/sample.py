"""The app's own short texts in many languages, the same sentences in each."""

from collections.abc import Sequence
from functools import cache

import msgspec

from advisor import resources
from advisor.errors import InvalidInputError
from advisor.evaluate.compression_plan import ResourceClass
from advisor.task import languages

NAME = "languages/sample.json"


class LanguageText(msgspec.Struct, frozen=True, kw_only=True):
    """One language's sentences; sentence i says in every language the same."""

    code: str
    resource_class: ResourceClass
    sentences: tuple[str, ...]


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """The shipped table."""

    schema_version: int
    as_of: str
    licence: str
    languages: tuple[LanguageText, ...]


@cache
def load() -> Sample:
    """Return the shipped texts.

    Raises:
        InvalidFileError: `language-sample-invalid`.
    """
    return resources.table(resources.read(NAME), Sample, code="language-sample-invalid", file_name=NAME)


def codes() -> tuple[str, ...]:
    """Return the languages there are texts in, in the table's order."""
    return tuple(item.code for item in load().languages)


def chosen(wanted: Sequence[str]) -> tuple[LanguageText, ...]:
    """Return the texts of some languages, in the table's order.

    Args:
        wanted: codes or names; all when empty.

    Raises:
        InvalidInputError: `language-without-text`.
    """
    known = {item.code: item for item in load().languages}
    asked = {languages.folded(word) or word: word for word in wanted}
    missing = [word for code, word in asked.items() if code not in known]
    if missing:
        raise InvalidInputError(
            "language-without-text",
            f"There is no sample text in {' or '.join(repr(word) for word in missing)}.",
            remedy=f"There are texts in {', '.join(known)}.",
            languages=missing,
        )
    return tuple(item for item in known.values() if not asked or item.code in asked)
