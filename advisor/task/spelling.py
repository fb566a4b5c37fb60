"""Mends slips of the pen in words that matter: `sumarize`, `clasify`, `trnaslate`. Other words stay as they are."""

from functools import cache

from advisor.task import word as word_list

_SHORTEST = 5
"""[characters] A shorter word is left alone: too many short words are one letter apart."""
_TWO_SLIPS_FROM = 10
"""[characters] From this length two slips are mended."""


def _shorter(word: str) -> set[str]:
    return {word[:at] + word[at + 1 :] for at in range(len(word))}


@cache
def _index() -> tuple[frozenset[str], dict[str, tuple[str, ...]]]:
    index: dict[str, list[str]] = {}
    for word in word_list.table().mended:
        for key in {word, *_shorter(word)}:
            index.setdefault(key, []).append(word)
    return frozenset(word_list.table().mended), {key: tuple(words) for key, words in index.items()}


def distance(first: str, second: str) -> int:
    """Return how many letters to add, drop, change or swap with their neighbour turn one word into the other."""
    older: list[int] = []
    old = list(range(len(second) + 1))
    for row, letter in enumerate(first, start=1):
        new = [row]
        for column, other in enumerate(second, start=1):
            cost = min(old[column] + 1, new[column - 1] + 1, old[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == second[column - 2] and first[row - 2] == other:
                cost = min(cost, older[column - 2] + 1)
            new.append(cost)
        older, old = old, new
    return old[-1]


def _is_form(word: str, meant: str) -> bool:
    """Tell whether one word is only the other with an ending: `answers`, `questioned`."""
    short, long = sorted((word, meant), key=len)
    return long.startswith(short) and long[len(short) :] in {"s", "d", "r", "es", "ed", "er"}


@cache
def mend(word: str) -> str:
    """Return the word of the vocabulary that was probably meant, or the word itself.

    Args:
        word: lower case, as `token.fold` gives it.
    """
    vocabulary, index = _index()
    if (
        len(word) < _SHORTEST
        or len(word) > 24
        or word in vocabulary
        or word in word_list.table().never_mended
        or not word.isalpha()
    ):
        return word
    keys = {word, *_shorter(word)}
    if len(word) >= _TWO_SLIPS_FROM:
        keys |= {key for once in tuple(keys) for key in _shorter(once)}
    allowed = 2 if len(word) >= _TWO_SLIPS_FROM else 1
    near = {meant for key in keys for meant in index.get(key, ()) if meant[0] == word[0] and not _is_form(word, meant)}
    ranked = sorted((distance(word, meant), meant) for meant in near)
    return ranked[0][1] if ranked and ranked[0][0] <= allowed else word
