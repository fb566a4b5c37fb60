"""What a language model is asked about an example, and which label its answer means. Pure."""

import re
from collections.abc import Mapping, Sequence

from advisor.examples.text_match import normalised
from advisor.runnable.chat import Message

NO_CONTENT = ("N/A", "...", "[MASK]")
"""Texts that say nothing: what a label's likelihood is without a text.

Source: Zhao et al., 2021, "Calibrate Before Use", section 5: the mean over several content-free inputs; the difference
of logarithms is the domain-conditional PMI of Holtzman et al., 2021, "Surface Form Competition".
"""
INSTRUCTION = "Which of these labels fits the text best? Answer with the label alone."


def classification(
    text: str, labels: Sequence[str], descriptions: Mapping[str, str], instruction: str
) -> list[Message]:
    """Return the conversation that asks for a label.

    Args:
        text: of the example.
        labels: all of them.
        descriptions: in words, of some labels.
        instruction: the user's; `INSTRUCTION` when empty.
    """
    lines = [
        f"- {label}: {descriptions[label]}" if descriptions.get(label) else f"- {label}" for label in labels
    ]  # fmt: skip
    listed = "\n".join(lines)
    return [Message(role="user", content=f"{instruction or INSTRUCTION}\n{listed}\n\nText: {text}")]


def generation(text: str, instruction: str) -> list[Message]:
    """Return the conversation that asks for an answer."""
    return [Message(role="user", content=f"{instruction}\n\n{text}" if instruction else text)]


def meant(answer: str, labels: Sequence[str]) -> str | None:
    """Return the label that a written answer means: the same text, else its first line's, else the only one named.

    Null where it names none or several.
    """
    known = {normalised(label): label for label in reversed(labels)}
    first = next((line for line in answer.splitlines() if line.strip()), "")
    for text in (answer, first):
        if normalised(text) in known:
            return known[normalised(text)]
    plain = f" {normalised(answer)} "
    named = [label for name, label in known.items() if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", plain)]
    longest = [label for label in named if not any(label != other and label in other for other in named)]
    return longest[0] if len(longest) == 1 else None
