"""Which script a text is written in."""

import unicodedata

_SCRIPT_NAMES = {
    "Cjk": "Chinese or Japanese", "Hiragana": "Chinese or Japanese", "Katakana": "Chinese or Japanese",
    "Hangul": "Korean",
}  # fmt: skip


def script_of(text: str) -> str | None:
    """Return in words the script most letters of a text belong to, or null when they are Latin or there are none.

    The word is the one Unicode starts the letters' names with: `Cyrillic`, `Arabic`, `Devanagari`, ...
    """
    counts: dict[str, int] = {}
    for letter in text:
        if letter.isalpha():
            first = "Latin" if letter.isascii() else unicodedata.name(letter, "Unknown").split(" ")[0].capitalize()
            script = _SCRIPT_NAMES.get(first, first)
            counts[script] = counts.get(script, 0) + 1
    if not counts:
        return None
    most = max(counts, key=lambda script: counts[script])
    if counts.get("Latin", 0) * 2 >= sum(counts.values()):
        return None
    return most if most != "Latin" else None
