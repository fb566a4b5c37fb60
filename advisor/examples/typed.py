"""Examples that the user types: pairs of a text and what is right for it."""

import json
from collections.abc import Sequence

from advisor.errors import InvalidInputError
from advisor.examples import read
from advisor.examples.model import ExampleKind, ExampleSet

SOURCE = "typed"
ARROW = "=>"


def pair(word: str) -> tuple[str, str]:
    """Return text and answer of `text=>answer`; the last arrow counts.

    Raises:
        InvalidInputError: `example-invalid`.
    """
    text, arrow, answer = word.rpartition(ARROW)
    if not arrow or not text.strip() or not answer.strip():
        raise InvalidInputError(
            "example-invalid", f"{word!r} is not an example.", remedy=f'Write "text{ARROW}label", with both.'
        )
    return text.strip(), answer.strip()


def examples(pairs: Sequence[tuple[str, str]], kind: ExampleKind) -> ExampleSet:
    """Return typed examples, read as those of a file are.

    Args:
        pairs: text and answer; one without any text is left out and said.
        kind: what they are.

    Raises:
        InvalidFileError: `examples-no-rows`; there is not one that can be used.
    """
    names = ("text", "label") if kind == "classification" else ("prompt", "expected")
    lines = [json.dumps(dict(zip(names, pair, strict=True))) for pair in pairs]
    return read.parse("\n".join(lines).encode(), SOURCE, kind=kind, max_num_examples=max(1, len(lines)))
