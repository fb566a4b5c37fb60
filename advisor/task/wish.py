"""Needs said in words: licence, quality, mains or battery."""

import re
from collections.abc import Iterator

from advisor.task.find import Find
from advisor.task.source import Source

_TABLE: tuple[tuple[str, str, str, str], ...] = (
    (
        "licence_need",
        "any",
        "Any licence",
        (
            r"non ?commercial(?:ly| use)?|not commercial(?:ly)?|personal use|hobby(?: project)?|for fun"
            r"|private use|research only"
        ),
    ),
    (
        "licence_need",
        "commercial",
        "Commercial use",
        (
            r"commercial(?:ly)?(?: use| product| purposes?| licen[cs]e)?|(?:our|my|the) (?:\w+ )?(?:company"
            r"|business|startup|firm|product|clients?|customers? product)"
            r"|(?:sell|resell|ship) (?:it|this|to)|business use|for profit|permissive(?:ly)?(?: licen[cs]ed?)?"
            r"|(?:apache|mit|bsd)(?: 2\S*)?(?: or (?:apache|mit|bsd))?(?: licen[cs]ed?)?(?: only)?|enterprise"
            r"|in production|paid (?:product|service|app)|saas"
        ),
    ),
    (
        "quality_need",
        "best",
        "Best quality",
        (
            r"(?:best|highest|top|maximum|max) (?:possible )?(?:quality|accuracy)(?: possible)?"
            r"|best possible(?: quality| accuracy| results?)?|as (?:accurate|good|precise) as possible"
            r"|state of the art|sota|perfect(?:ly)?(?: quality)?|no (?:mistakes|errors) allowed|most accurate|flawless"
        ),
    ),
    (
        "quality_need",
        "basic",
        "Rough is fine",
        (
            r"rough(?:ly)?(?: (?:quality|translation|idea|draft|version|summary))?(?: is (?:fine|ok|enough"
            r"|good enough))?|quick and dirty|quality (?:is not|isnt|not) (?:so )?important|nothing fancy"
            r"|(?:does not|doesnt|need not) (?:have|need)? ?(?:to )?be perfect|low quality(?: is)? (?:ok|fine)"
            r"|approximate|dont care about quality"
        ),
    ),
    (
        "quality_need",
        "good",
        "Good quality",
        (
            r"(?:good|high|decent|solid|reliable|better) (?:quality|accuracy|results)|good enough"
            r"|high(?:ly)? accura(?:cy|te)|must be (?:accurate|reliable|correct|precise)|accurate(?:ly)?"
            r"|reliabl[ey]"
        ),
    ),
    (
        "power_source",
        "battery",
        "On battery",
        (
            r"(?:on|from|with|by|using|my|the|a)? ?(?:my |the |a )?(?:laptop |notebook |phone |tablet )?batter(?:y"
            r"|ies)(?: power(?:ed)?)?|unplugged|without (?:a )?(?:charger|socket|mains)|solar power(?:ed)?"
        ),
    ),
    (
        "power_source",
        "mains",
        "On mains power",
        (
            r"plugged ?in(?:to \w+)?|on mains(?: power)?|mains power(?:ed)?|always (?:plugged|charging|on power)"
            r"|wall (?:socket|outlet|power)|connected to power|on ac power|on the mains"
        ),
    ),
)
_RULES = tuple(
    (field, value, label, re.compile(rf"(?<!\S)(?:{pattern.strip()})(?!\S)")) for field, value, label, pattern in _TABLE
)
_COMMON = frozenset({"our", "my", "the"})
_NOT_OURS = frozenset(
    {"manual", "manuals", "name", "names", "description", "descriptions", "photos", "reviews", "page", "pages"}
)


def read(source: Source) -> Iterator[Find]:
    """Yield the needs a text states in words."""
    for field, value, label, pattern in _RULES:
        for match, first, after in source.find(pattern):
            if field == "licence_need" and not _is_use(source, match[0], first, after):
                continue
            yield Find(field=field, value=value, label=label, start=first, end=after)


def _is_use(source: Source, words: str, first: int, after: int) -> bool:
    """Tell whether `our company` is who uses the model: `for our clients`, not `questions about our product manual`."""
    if words.split()[0] not in _COMMON:
        return True
    before = source.tokens[first - 1].norm if first else ""
    behind = source.tokens[after].norm if after < len(source.tokens) else ""
    return before in {"for", "in", "at", "into", "inside", "within"} and behind not in _NOT_OURS
