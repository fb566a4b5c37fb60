"""How much goes in and comes out: pages, words, tokens, minutes of audio, labels, examples, documents, context."""

import re
from collections.abc import Iterator

from advisor.task import find as _constants
from advisor.task.find import TOKENS_PER_WORD, WORDS_PER_PAGE, WORDS_PER_SPOKEN_MINUTE, Find, shown
from advisor.task.model import TaskKind
from advisor.task.source import NUMBER, Source

_TOKENS_PER = {
    "page": WORDS_PER_PAGE * TOKENS_PER_WORD,
    "word": TOKENS_PER_WORD,
    "character": 1 / _constants.CHARACTERS_PER_TOKEN,
    "sentence": _constants.WORDS_PER_SENTENCE * TOKENS_PER_WORD,
    "paragraph": _constants.WORDS_PER_PARAGRAPH * TOKENS_PER_WORD,
    "line": _constants.WORDS_PER_LINE * TOKENS_PER_WORD,
    "token": 1.0,
}
_UNIT_NAMES = {"pg": "page", "char": "character", "letter": "character", "tok": "token"}
_TEXT = re.compile(
    rf"(?<!\S)(?:{NUMBER}(?: an?)?|an?) (?:(input|output|prompt|generated|response) )?"
    r"(pages?|pgs?|words?|characters?|chars?|sentences?|paragraphs?|lines?|tokens?)"
    r"(?: (in|out|input|output|prompt|long))?(?!\S)"
)
_BARE = re.compile(rf"(?<!\S){NUMBER} (in|input|out|output)(?= (?:/|,|and|\d)|\s*$)")
_OUT_BEFORE = re.compile(
    r"(?:^| )(?:max|maximum|into|output|in|result|results|summary|summary of|answers? of|reply of|under"
    r"|than|most|down to|write|produce)\s+(?:of |max |about |at most |just |only )?$"
)
_OUT_AFTER = re.compile(
    r"^(?:result|results|output|outputs|summary|summaries|abstracts?|answers?|repl(?:y|ies)|responses?"
    r"|descriptions?|versions?|out|overview|digest|translation)(?: |$)"
)
_FOR_EACH = re.compile(r"^(?:per|for each|for every|about each|of each|on each) ")
_IN_BEFORE = re.compile(r"(?:^| )(?:from|of|read|with|have|has|are|is|about)\s+(?:about |max |up to )?$")
_SPOKEN_SECONDS = {"second": 1.0, "sec": 1.0, "s": 1.0, "minute": 60.0, "min": 60.0, "mins": 60.0, "m": 60.0,
                   "hour": 3600.0, "hr": 3600.0, "hrs": 3600.0, "h": 3600.0}  # fmt: skip
_TIME_UNIT = r"(seconds?|secs?|s|minutes?|mins?|min|hours?|hrs?|h)"
_TIME = re.compile(rf"(?<!\S)(?:{NUMBER}(?: an?)?|an?) {_TIME_UNIT}(?: long)?(?!\S)")
_SPOKEN = re.compile(
    r"(?:meetings?|calls?|recordings?|interviews?|lectures?|talks?|podcasts?|speech|audio|sessions?|episodes?|videos?"
    r"|transcripts?|conversations?|webinars?)"
)
_SPOKEN_NEXT = re.compile(rf"(?:\w+ )?{_SPOKEN.pattern}")
_SPEECH_KINDS = frozenset({"speech-recognition", "speech-synthesis"})
_CONTEXTS = (
    re.compile(rf"(?<!\S){NUMBER} (?:tokens? )?(?:of )?(?:context|ctx)(?: window| length| size)?(?!\S)"),
    re.compile(rf"(?<!\S)(?:context|ctx) (?:window |length |size )?(?:of |: |is |up to )*{NUMBER}(?: tokens?)?(?!\S)"),
)
_BATCHES = (
    re.compile(rf"(?<!\S)batch(?:es)? (?:size )?(?:of |: |is )?{NUMBER}(?!\S)"),
    re.compile(
        rf"(?<!\S){NUMBER} (?:\S+ )?(?:at a time|at once|in parallel|simultaneously|at the same time"
        rf"|concurrent(?:ly)?(?: \w+)?)(?!\S)"
    ),
)


def token_count(raw: str, value: float) -> int:
    """Return a count of tokens; `4k` and `128k` mean powers of two, as models' contexts do, `4000` means itself."""
    thousands = value / 1000
    if re.search(r"\dk?\s*k$", raw.lower()) and thousands >= 1 and thousands == int(thousands):
        whole = int(thousands)
        if whole & (whole - 1) == 0:
            return whole * 1024
    return round(value)


def context(source: Source) -> Iterator[Find]:
    """Yield the context the user asks for."""
    for pattern in _CONTEXTS:
        for match, first, after in source.find(pattern):
            count = _tokens_at(source, match, 1)
            yield Find(
                field="num_context_tokens", value=count, label=f"Context {count:,} tokens", start=first, end=after
            )


def batch(source: Source) -> Iterator[Find]:
    """Yield how many queries run at once."""
    for pattern in _BATCHES:
        for match, first, after in source.find(pattern):
            count = round(float(match[1]))
            yield Find(field="num_batch", value=count, label=f"{count:,} at once", start=first, end=after)


def _tokens_at(source: Source, match: re.Match[str], group: int) -> int:
    at, _ = source.range(*match.span(group))
    return token_count(source.tokens[at].raw, float(match[group]))


def text(source: Source, kind: TaskKind) -> Iterator[Find]:
    """Yield input and output sizes given in pages, words, sentences, characters or tokens."""
    for match, first, end in source.find(_TEXT):
        after = end
        number, before, unit, behind = match.groups()
        unit = _singular(unit)
        if number is None and (unit in {"token", "word", "line", "character"} or not _article_is_size(source, after)):
            continue
        where = behind if behind in {"in", "out", "input", "output", "prompt"} else before
        if unit != "token" and where == "in":
            where, after = None, after - 1  # `20 pages in German`
        is_output = (
            _is_output(source, kind, unit, first, after) if where is None else where not in {"in", "input", "prompt"}
        )
        value = float(number or 1)
        tokens = _tokens_at(source, match, 1) if unit == "token" else round(value * _TOKENS_PER[unit])
        yield _text_find(value, unit, tokens, is_output=is_output, start=first, end=after)
    for match, first, after in source.find(_BARE):
        tokens = _tokens_at(source, match, 1)
        yield _text_find(tokens, "token", tokens, is_output=match[2].startswith("out"), start=first, end=after)


def _singular(unit: str) -> str:
    plain = unit.removesuffix("s")
    return _UNIT_NAMES.get(plain, plain)


def _article_is_size(source: Source, after: int) -> bool:
    """Tell whether `a page` is a size: only before the thing that comes out, as in `a page summary`."""
    return bool(_OUT_AFTER.match(_line_from(source, after)))


def _line_from(source: Source, after: int, count: int = 3) -> str:
    return "".join(f"{token.norm} " for token in source.tokens[after : after + count])


def _is_output(source: Source, kind: TaskKind, unit: str, first: int, after: int) -> bool:
    if _OUT_AFTER.match(_line_from(source, after)):
        return True
    before = "".join(f"{token.norm} " for token in source.tokens[max(0, first - 4) : first])
    if kind == "summarization":
        if _FOR_EACH.match(_line_from(source, after)):
            return True
        return unit in {"sentence", "paragraph", "line"} or bool(_OUT_BEFORE.search(before))
    if kind == "generation":
        return not _IN_BEFORE.search(before) or bool(_OUT_BEFORE.search(before))
    return False


def _text_find(value: float, unit: str, tokens: int, *, is_output: bool, start: int, end: int) -> Find:
    name = f"{shown(value)} {unit}{'' if value == 1 else 's'}"
    label = name if unit == "token" else f"{name} = {tokens:,} tokens"
    return Find(
        field="num_output_tokens" if is_output else "num_input_tokens",
        value=tokens,
        label=f"{label} {'out' if is_output else 'in'}",
        start=start,
        end=end,
        note="" if unit == "token" else _text_note(unit),
    )


def _text_note(unit: str) -> str:
    per = _TOKENS_PER[unit]
    count = f"{per:,.0f} tokens" if per >= 10 else f"{per:.2f} tokens"
    return f"One {unit} is counted as {count}, as in English text; other languages need more."


def audio(source: Source, kind: TaskKind) -> Iterator[Find]:
    """Yield how long one recording or speech lasts; for tasks on text, how many tokens a transcript of it has."""
    for match, first, after in source.find(_TIME):
        seconds = float(match[1] or 1) * _SPOKEN_SECONDS[_singular_time(match[2])]
        nearby = _line_from(source, after, 4)
        if kind in _SPEECH_KINDS:
            if match[1] or _SPOKEN.search(nearby):
                label = f"{_constants.shown(seconds)} s each" if seconds < 120 else f"{shown(seconds / 60)} min each"
                yield Find(field="audio_s", value=seconds, label=label, start=first, end=after)
        elif _SPOKEN_NEXT.match(nearby) and "image" not in kind and kind != "object-detection":
            tokens = round(seconds / 60 * WORDS_PER_SPOKEN_MINUTE * TOKENS_PER_WORD)
            note = f"Speech is counted as {WORDS_PER_SPOKEN_MINUTE:.0f} words a minute."
            label = f"{shown(seconds / 60)} min of speech = {tokens:,} tokens in"
            yield Find(field="num_input_tokens", value=tokens, label=label, start=first, end=after, note=note)


def _singular_time(unit: str) -> str:
    return unit if unit in _SPOKEN_SECONDS else unit.removesuffix("s")
