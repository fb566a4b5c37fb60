"""How like an expected answer a text is: exact, by shared words, by shared runs of characters."""

import re
import unicodedata
from collections import Counter

_NGRAM_ORDER = 6
_BETA = 2.0
# Scripts that write no spaces between words: each character counts as a word.
_TOKEN = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
    "|[^\\s\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)


def normalised(text: str) -> str:
    """Return a text without what does not make an answer wrong: Unicode form (NFKC), case, punctuation, extra spaces.

    Signs of a number stay: the point or comma between digits and the minus before one, so 3.5 is not 35 and -5 not 5.
    A text of nothing but punctuation stays as it is. Unlike SQuAD's rule, English articles stay: other languages have
    other ones.
    """
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2212", "-")
    joined = re.sub("(?<=\\w)['\u2019](?=\\w)", "", folded)  # don't and dont are the same
    kept = "".join(character if _stays(joined, at) else " " for at, character in enumerate(joined))
    return " ".join(kept.split()) or " ".join(folded.split())


def _stays(text: str, at: int) -> bool:
    character = text[at]
    if not unicodedata.category(character).startswith("P"):
        return True
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if character in ".," and before.isdigit() and after.isdigit():
        return True
    return character == "-" and after.isdigit() and not before.isalnum()


def exact(given: str | None, expected: str) -> bool:
    """Return whether two texts are the same after `normalised`."""
    return given is not None and normalised(given) == normalised(expected)


def tokens(text: str) -> list[str]:
    """Return the words of a normalised text; in scripts without spaces, its characters."""
    return _TOKEN.findall(normalised(text))


def token_f1(given: str | None, expected: str) -> float:
    """Return the F1 of shared words, 0 to 1, as SQuAD counts it (Rajpurkar et al. 2016, arXiv:1606.05250)."""
    mine, wanted = Counter(tokens(given or "")), Counter(tokens(expected))
    if not mine or not wanted:
        return float(mine == wanted)
    num_shared = (mine & wanted).total()
    return 2 * num_shared / (mine.total() + wanted.total())


def chrf(given: str | None, expected: str) -> float:
    """Return chrF, 0 to 1: shared runs of 1 to 6 characters, spaces left out, recall twice as important as precision.

    Popovic 2015 (aclanthology.org/W15-3049), for one sentence, over the lengths both texts have, without smoothing:
    what sacreBLEU's `CHRF()` gives with `eps_smoothing=False`, divided by 100. Case and punctuation count.
    """
    mine, wanted = "".join((given or "").split()), "".join(expected.split())
    precision = recall = 0.0
    num_orders = 0
    for order in range(1, _NGRAM_ORDER + 1):
        ours, theirs = _runs(mine, order), _runs(wanted, order)
        if ours and theirs:
            num_shared = (ours & theirs).total()
            precision += num_shared / ours.total()
            recall += num_shared / theirs.total()
            num_orders += 1
    if not num_orders or not precision + recall:
        return 0.0
    precision, recall = precision / num_orders, recall / num_orders
    return (1 + _BETA**2) * precision * recall / (_BETA**2 * precision + recall)


def _runs(text: str, order: int) -> Counter[str]:
    return Counter(text[start : start + order] for start in range(len(text) - order + 1))
