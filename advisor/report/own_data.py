"""What is said and written of the files that the app keeps on this computer."""

from collections.abc import Sequence

from advisor import units
from advisor.convert.own_data import KINDS, Kind, Part
from advisor.report.public_parts import Document, head, plain_figure

TITLES = ("What", "Size", "Folder")
WORDS: dict[Kind, str] = {
    "tools": "conversion tools", "converted": "converted models", "downloaded": "downloaded models",
    "cache": "what can be made again", "log": "log", "history": "history of what was measured",
    "settings": "settings, your own models and saved machines",
}  # fmt: skip
KEPT = "Removing the app leaves this; `model-fit-advisor data remove all` takes it away."


def sentence(parts: Sequence[Part]) -> str:
    """Return what the app keeps, in a sentence or two."""
    total_bytes = sum(part.size_bytes for part in parts)
    if not total_bytes:
        return "The app keeps nothing on this computer."
    return f"The app keeps {units.size(total_bytes)} on this computer. {KEPT}"


def rows(parts: Sequence[Part]) -> list[tuple[str, ...]]:
    """Return the kinds for a table."""
    return [
        (f"{part.kind}: {WORDS[part.kind]}", units.size(part.size_bytes), ", ".join(part.folders)) for part in parts
    ]


def question(kinds: Sequence[Kind], parts: Sequence[Part]) -> str:
    """Return what is asked before something is removed."""
    size_bytes = sum(part.size_bytes for part in parts if part.kind in kinds)
    named = "everything the app keeps" if set(kinds) == set(KINDS) else ", ".join(WORDS[kind] for kind in kinds)
    return f"Remove {named} ({units.size(size_bytes)})?"


def removed_sentence(freed_bytes: int, left: Sequence[str]) -> str:
    """Return what was removed, and what was found beside it."""
    done = f"Removed; {units.size(freed_bytes)} are free again." if freed_bytes else "There was nothing to remove."
    return f"{done} Left alone, because this app did not make it: {', '.join(left)}." if left else done


def document(parts: Sequence[Part], done: str = "") -> Document:
    """Return the public JSON of what the app keeps.

    Args:
        parts: now.
        done: what was done; what there is by default.
    """
    return {
        **head("data"), "sentence": done or sentence(parts),
        "size": plain_figure(sum(part.size_bytes for part in parts), "B", "measured", "size of the files"),
        "parts": [
            {
                "kind": part.kind, "folders": list(part.folders), "num_files": part.num_files,
                "size": plain_figure(part.size_bytes, "B", "measured", "size of the files"),
            }
            for part in parts
        ],
    }  # fmt: skip
