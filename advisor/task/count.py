"""How many labels, labelled examples, documents and images a text speaks of."""

import re
from collections.abc import Iterator

from advisor.task.find import Find
from advisor.task.model import TaskKind
from advisor.task.source import NUMBER, Source

_CLASS_WORDS = (
    r"(?:topics?|class(?:es)?|categor(?:y|ies)|groups?|labels?|types?|kinds?|departments?|teams?|queues?"
    r"|folders?|themes?"
    r"|species|breeds?|grades?|buckets?|intents?|tags?|genres?|boxes|piles|sentiments|emotions|levels|options)"
)
_CLASSIFYING = frozenset(
    {"text-classification", "zero-shot-classification", "image-classification", "token-classification"}
)
_SEARCHING = frozenset({"sentence-embedding", "reranking", "question-answering"})
_LABELS = (
    re.compile(
        rf"(?<!\S)(?:into|in|between|among|to|of|under|with|by|as) (?:1 of )?(?:the |our |these |about "
        rf"|exactly )*{NUMBER} (?:\w+ )?{_CLASS_WORDS}(?!\S)"
    ),
    re.compile(
        rf"(?<!\S){NUMBER} (?:(?:different|fixed|possible|output|topic|main|tree|bird|plant|dog|cat|fish|flower|given"
        rf"|custom|user"
        rf"|\w+ing) )?{_CLASS_WORDS}(?!\S)"
    ),
)
_EITHER = (
    re.compile(r"(?<!\S)(\w+) (?:or|/) (\w+)(?!\S)"),
    re.compile(r"(?<!\S)(\w+) \w+ or (\w+)(?!\S)"),
)
_OPPOSITES = tuple(
    frozenset(pair.split())
    for pair in (
        "yes no", "ok broken", "good bad", "normal abnormal", "positive negative", "spam ham", "ok defective",
        "true false", "good defective", "good broken", "ok bad", "healthy sick", "safe unsafe",
        "ok not", "pass fail", "real fake",
    )
)  # fmt: skip
_SENTIMENTS = re.compile(
    r"(?<!\S)positive (?:, |or |and |/ )+(?:negative|neutral) (?:, |or |and |/ )+(?:neutral|negative|mixed)(?!\S)"
)
_LISTED = re.compile(r"(?<!\S)into ((?:[a-z]+ , )+[a-z]+ ?,? and [a-z]+)(?!\S)")
_OR_NOT = re.compile(r"(?<!\S)or not(?!\S)")

_EXAMPLES = re.compile(
    rf"(?<!\S){NUMBER} (?:(?:hand|manually|already|human) )*(?:(?:labelled|labeled|annotated|tagged|sorted"
    rf"|training|classified) "
    r"(?:\w+ )?(?:\w+)|(?:training )?examples?|samples)(?: (?:per|of each|for each) \w+)?(?!\S)"
)
_NO_EXAMPLES = re.compile(
    r"(?<!\S)(?:no|without(?: any)?|without having to give|dont have(?: any)?|do not have(?: any)?|not any"
    r"|without giving|zero) "
    r"(?:labelled |labeled |annotated |sample |example |training )*"
    r"(?:examples?|training data|training|labelled data|labeled data|training set|data to train|labels yet"
    r"|annotations?)(?: at all)?(?!\S)"
)
_THINGS = (
    r"(?:documents?|docs|pdfs?|articles?"
    r"|passages?|texts?|pages|records|files|hits|results|chunks|papers|notes|emails?|mails?"
    r"|tickets?|products?|questions|answers|recipes?|jobs?|cvs|resumes|candidates|entries|items|messages|reports|books"
    r"|patents|posts|reviews|sentences|faqs?|abstracts|cases|descriptions|images|photos|complaints|songs"
    r"|quotes|snippets|titles)"
)
_DOCUMENTS = re.compile(rf"(?<!\S){NUMBER} ((?:[a-z]+ ){{0,2}}?){_THINGS}(?!\S)")
_TOP = re.compile(rf"(?<!\S)top {NUMBER}(?!\S)")
_PER_PROMPT = re.compile(
    rf"(?<!\S){NUMBER} (?:images?|pictures?|variants?|versions?|variations?|photos?) (?:per|for each"
    rf"|for every|from each|a) (?:\w+)(?!\S)"
)


def labels(source: Source, kind: TaskKind) -> Iterator[Find]:
    """Yield the number of labels: said, listed, or two opposites."""
    if kind not in _CLASSIFYING:
        return
    for pattern in _LABELS:
        for match, first, after in source.find(pattern):
            yield _labels(round(float(match[1])), *_number_span(source, match, first, after))
    if kind != "token-classification":
        yield from _listed(source)


def _listed(source: Source) -> Iterator[Find]:
    """Yield the number of labels that are named one by one."""
    for _, first, after in source.find(_SENTIMENTS):
        yield _labels(3, first, after)
    for match, first, after in source.find(_LISTED):
        yield _labels(len(re.split(r" , and | , | and ", match[1])), first, after)
    for pattern in _EITHER:
        for match, first, after in source.find(pattern):
            if frozenset({match[1], match[2]}) in _OPPOSITES:
                yield _labels(2, first, after)
    for _, first, after in source.find(_OR_NOT):
        yield _labels(2, first, after)


def _number_span(source: Source, match: re.Match[str], first: int, after: int) -> tuple[int, int]:
    """Leave `into` and `one of` out of the chip."""
    at, _ = source.range(*match.span(1))
    return max(first, at), after


def _labels(count: int, first: int, after: int) -> Find:
    return Find(field="num_labels", value=count, label=f"{count:,} labels", start=first, end=after)


def examples(source: Source) -> Iterator[Find]:
    """Yield how many labelled examples the user has; 0 when the text says none."""
    for match, first, after in source.find(_EXAMPLES):
        count = round(float(match[1]))
        yield _examples(count, first, after)
    for _, first, after in source.find(_NO_EXAMPLES):
        yield _examples(0, first, after)


def _examples(count: int, first: int, after: int) -> Find:
    label = f"{count:,} labelled examples" if count else "No labelled examples"
    return Find(field="num_labelled_examples", value=count, label=label, start=first, end=after)


def documents(source: Source, kind: TaskKind) -> Iterator[Find]:
    """Yield how many documents are searched, or passages ranked."""
    if kind not in _SEARCHING:
        return
    word = "passages" if kind == "reranking" else "documents"
    for pattern in (_TOP, _DOCUMENTS):
        for match, first, after in source.find(pattern):
            count = round(float(match[1]))
            if count > 1:
                yield Find(field="num_documents", value=count, label=f"{count:,} {word}", start=first, end=after)


def images(source: Source, kind: TaskKind) -> Iterator[Find]:
    """Yield how many images belong to one query."""
    if "image" not in kind:
        return
    for match, first, after in source.find(_PER_PROMPT):
        if source.tokens[after - 1].norm in {"day", "hour", "minute", "second", "week", "month", "year"}:
            continue
        count = round(float(match[1]))
        yield Find(field="num_images", value=count, label=f"{count:,} images each", start=first, end=after)
