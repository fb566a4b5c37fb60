"""Real texts of a task's kind and language, as long as the task asks for by the model's own tokenizer."""

import itertools
import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Protocol

import msgspec

from advisor import resources
from advisor.runnable import chat
from advisor.runnable.chat import Message
from advisor.runnable.model import TokenizerFacts
from advisor.task.model import TaskKind

NUM_TEXTS = 4
"""Different texts that are read by turns."""
NUM_WRITTEN = 512
"""[tokens] Of a further text: what the model is fed while it writes."""
OTHERWISE = "en"
"""The language of the texts where there are none of the wanted one."""
_FILE, _SAMPLE = "prompts/prompts.json", "languages/sample.json"
_SLOT = "{n}"
_MARK = "\u2403"
"""Stands for the text while a chat template is filled; no template and no text holds it."""
_NUMBERS = 97
"""A prime: numbers of a sentence come back only after as many turns."""
_CHARACTERS_PER_TOKEN = 6
_MOST_CHARACTERS = 40_000_000


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """Texts of one language."""

    name: str
    joiner: str
    """Between sentences."""
    instructions: dict[str, str]
    """Kind of task -> what a model that follows instructions is asked to do with the text."""
    sentences: tuple[str, ...]
    """`{n}` is a number."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """`resources/prompts/prompts.json`."""

    schema_version: int
    version: str
    licence: str
    languages: dict[str, Language]


class _SampleText(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    sentences: tuple[str, ...]


class _Sample(msgspec.Struct, frozen=True, kw_only=True):
    """`resources/languages/sample.json`: ten sentences in many languages."""

    schema_version: int
    languages: tuple[_SampleText, ...]


class Splitter(Protocol):
    """What is needed of `runnable.tokenizer.Tokenizer`."""

    def encode(self, text: str, *, special: bool = True, max_tokens: int | None = None) -> tuple[int, ...]:
        """Return the numbers of a text's tokens."""


class Prompts(msgspec.Struct, frozen=True, kw_only=True):
    """Texts as token numbers."""

    ids: tuple[tuple[int, ...], ...]
    """Each of the wanted length."""
    written_ids: tuple[int, ...]
    """Of a further text."""
    language: str
    """Code of the language they are in."""
    with_template: bool = False
    """They are in the model's chat template."""
    excerpt: str = ""
    """Beginning of the first one."""


@cache
def table() -> Table:
    """Return the shipped texts.

    Raises:
        InvalidFileError: `prompts-damaged`.
    """
    return resources.table(resources.read(_FILE), Table, code="prompts-damaged", file_name=_FILE)


@cache
def languages() -> dict[str, Language]:
    """Return the texts of each language by its code.

    Those written for this come first; other languages have the sentences that compression is judged on, and
    instructions in English.

    Raises:
        InvalidFileError: `prompts-damaged`.
    """
    own = table().languages
    sample = resources.table(resources.read(_SAMPLE), _Sample, code="prompts-damaged", file_name=_SAMPLE)
    more = {
        text.code: Language(
            name=text.code, joiner=" ", instructions=own[OTHERWISE].instructions, sentences=text.sentences
        )
        for text in sample.languages
    }
    return {**more, **own}


def language_of(wanted: Sequence[str]) -> str:
    """Return the first of these languages that there are texts of, else `OTHERWISE`.

    Args:
        wanted: codes, as `TaskSpec.languages`.
    """
    known = languages()
    return next((code for code in wanted if code in known), OTHERWISE)


def text(language: str, num_characters: int, *, turn: int = 0) -> str:
    """Return a text of at least that many characters.

    Sentences that come again come in another order, and where they hold a number, with another one.

    Args:
        language: a code of the table.
        num_characters: [characters] Least length.
        turn: another number begins elsewhere.
    """
    facts = languages()[language]
    found: list[str] = []
    length = 0
    for sentence in _sentences(facts, turn):
        found.append(sentence)
        length += len(sentence) + len(facts.joiner)
        if length >= num_characters:
            break
    return facts.joiner.join(found)


def assemble(
    tokenizer: Splitter, facts: TokenizerFacts | None, *, kind: TaskKind, wanted: Sequence[str], num_tokens: int,
    num_rows: int = NUM_TEXTS, generates: bool,
) -> Prompts:  # fmt: skip
    """Return texts of exactly that many tokens, cut at a token.

    Args:
        tokenizer: the model's own.
        facts: of it: the chat template, where the model has one.
        kind: of the task, for the instruction.
        wanted: languages of the task.
        num_tokens: [tokens] Length of each, with all that the model wants around a text.
        num_rows: texts.
        generates: whether the model writes an answer: it is then given an instruction.

    Raises:
        InvalidModelError: `chat-template-invalid`.
    """
    language = language_of(wanted)
    written = tokenizer.encode(_long(tokenizer, language, NUM_WRITTEN, num_rows), special=False)[:NUM_WRITTEN]
    bodies = [_long(tokenizer, language, num_tokens, turn) for turn in range(num_rows)]
    with_template = False
    if generates:
        before, after, with_template = _around(tokenizer, facts, kind, language, num_tokens)
        room = num_tokens - len(before) - len(after)
        rows = [(*before, *tokenizer.encode(body, special=False)[:room], *after) for body in bodies]
    else:
        rows = [tokenizer.encode(body, max_tokens=num_tokens) for body in bodies]
    first = text(language, 200)
    return Prompts(ids=tuple(rows), written_ids=written, language=language, with_template=with_template, excerpt=first)


def _around(
    tokenizer: Splitter, facts: TokenizerFacts | None, kind: TaskKind, language: str, num_tokens: int
) -> tuple[tuple[int, ...], tuple[int, ...], bool]:
    """Return the tokens before and after the text: instruction and chat template, as far as there is room for them."""
    instruction = languages()[language].instructions.get(kind, "")
    for asked in dict.fromkeys((f"{instruction}\n\n{_MARK}" if instruction else _MARK, _MARK)):
        if facts is not None and facts.chat_template is not None:
            filled = chat.render(facts, [Message(role="user", content=asked)])
            front, mark, back = filled.partition(_MARK)
            before, after = tokenizer.encode(front, special=False), tokenizer.encode(back, special=False)
            if mark and 2 * (len(before) + len(after)) <= num_tokens:
                return before, after, True
    start = tokenizer.encode(f"{instruction}\n\n") if instruction else ()
    return (start if 2 * len(start) <= num_tokens else ()), (), False


def _long(tokenizer: Splitter, language: str, num_tokens: int, turn: int) -> str:
    """Return a text that has at least that many tokens, whatever the tokenizer."""
    num_characters = _CHARACTERS_PER_TOKEN * num_tokens + 200
    while True:
        found = text(language, num_characters, turn=turn)
        if num_characters > _MOST_CHARACTERS or len(tokenizer.encode(found, special=False)) >= num_tokens:
            return found
        num_characters *= 2


def _sentences(facts: Language, turn: int) -> Iterator[str]:
    """Yield sentences without end: each pass over them is in another order and with other numbers."""
    count = len(facts.sentences)
    steps = [step for step in range(1, count + 1) if math.gcd(step, count) == 1]
    for number in itertools.count():
        done, place = divmod(number, count)
        place = (turn + done + place * steps[done % len(steps)]) % count
        yield facts.sentences[place].replace(_SLOT, str(2 + (number * 31 + turn * 13) % _NUMBERS))
