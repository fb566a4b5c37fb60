"""Lists of words, from `resources/presets/words.json`: those without a wish of their own, and those worth mending.

What remains unused of all others is reported as not understood.
"""

from functools import cache

import msgspec

from advisor import resources

_OFFLINE = frozenset({"offline", "locally", "privacy", "private", "internet", "cloud"})


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The lists."""

    mended: tuple[str, ...]
    """Words of tasks and sizes; a slip of the pen in one is mended."""
    never_mended: frozenset[str]
    """Real words one letter from one of those."""
    stop: frozenset[str]
    """Words that say nothing about a task."""
    always_true: frozenset[str]
    """Wishes that always hold, such as `offline`: everything runs on this computer."""


@cache
def table() -> Words:
    """Return the shipped lists."""
    return msgspec.json.decode(resources.read("presets/words.json"), type=Words)


def is_meaningful(word: str) -> bool:
    """Tell whether a word that was not used should be named to the user.

    Args:
        word: as `token.fold` gives it.
    """
    return len(word) > 1 and word not in table().stop and word not in table().always_true


def mentions_offline(words: frozenset[str]) -> bool:
    """Tell whether the user asks for what is always so: nothing leaves the computer."""
    return bool(words & _OFFLINE)
