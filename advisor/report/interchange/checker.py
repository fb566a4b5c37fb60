"""Recomputes a `fit-energy/1` document from its own parts: an auditor that shares no code with the writer.

It reads plain JSON, whoever wrote it, and never raises for what it finds there.
"""

import json
import math
from collections.abc import Iterator
from typing import Any

import msgspec

SCHEMA = "fit-energy/1"
STRENGTH = ("measured", "measured-synthetic", "calibrated", "estimated", "assumed", "excluded")
TOLERANCE = 1e-9
"""[1] Sums and products agree to this share."""
_PARTS = ("cpu", "gpu", "ram", "platform")
_ENDS = ("value", "low", "high")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that does not add up."""

    code: str
    where: str
    """Path in the document."""
    text: str


def check_bytes(raw: bytes) -> tuple[Finding, ...]:
    """Return what is wrong with a file."""
    try:
        return check(json.loads(raw))
    except (ValueError, RecursionError) as error:
        return (Finding(code="not-json", where="$", text=f"This is not JSON that can be read: {error}."),)


def check(document: Any) -> tuple[Finding, ...]:  # noqa: ANN401 - whatever a file holds
    """Return what is wrong with a document; empty when all of it adds up."""
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        return (Finding(code="schema", where="$.schema", text=f"This is not {SCHEMA}."),)
    book = _Book(document)
    return tuple(
        finding
        for part in (_figures(document, "$"), book.total(), book.zeros(), book.queries(), book.phases(),
                     book.evidence(), book.carbon(), book.promises())
        for finding in part
    )  # fmt: skip


class _Book:
    """The document with a way to look into it that never fails."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        parts = self.at("energy.components")
        known: dict[str, Any] = parts if isinstance(parts, dict) else {}
        self._parts = {name: part for name, part in known.items() if name in _PARTS and isinstance(part, dict)}
        named = self.at("energy.total.parts")
        self._summed = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []

    def at(self, path: str) -> Any:  # noqa: ANN401 - whatever a file holds
        found: Any = self._document
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def number(self, path: str) -> float | None:
        return _number(self.at(path))

    def total(self) -> Iterator[Finding]:
        """The parts of the total add up to it, value and ends."""
        if not self._summed:
            yield Finding(code="total", where="$.energy.total.parts", text="The total names no part.")
        for name in self._summed:
            if name not in self._parts:
                text = f"The total counts {name}, which is excluded."
                yield Finding(code="total", where=f"$.energy.components.{name}", text=text)
                return
        if "platform" in self._summed and len(self._summed) > 1:
            text = "The whole machine is added to its own parts."
            yield Finding(code="total", where="$.energy.total.parts", text=text)
        for kind in ("gross_j", "net_j"):
            for end in _ENDS:
                yield from self._sum(kind, end)

    def _sum(self, kind: str, end: str) -> Iterator[Finding]:
        where = f"energy.total.{kind}.{end}"
        said = self.number(where)
        parts = [self.number(f"energy.components.{name}.{kind}.{end}") for name in self._summed]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            if said is not None and end == "value":
                yield Finding(code="total", where=f"$.{where}", text="A sum has a value though a part of it has none.")
            return
        if said is None or not _same(said, sum(known)):
            yield Finding(code="total", where=f"$.{where}", text=f"It is {said}, its parts add up to {sum(known):g}.")

    def zeros(self) -> Iterator[Finding]:
        """What was not measured is null, not 0; and what is null says why where the total could have held it."""
        for name, part in self._parts.items():
            gross = part.get("gross_j")
            if not isinstance(gross, dict) or _number(gross.get("value")) == 0:
                text = f"{name} is 0 J or has no figure: a part that no meter covers is null."
                yield Finding(code="zero", where=f"$.energy.components.{name}.gross_j", text=text)
            net = self.number(f"energy.components.{name}.net_j.value")
            whole = self.number(f"energy.components.{name}.gross_j.value")
            if net is not None and whole is not None and net > whole * (1 + TOLERANCE):
                text = "Net energy is more than gross."
                yield Finding(code="net", where=f"$.energy.components.{name}.net_j.value", text=text)

    def queries(self) -> Iterator[Finding]:
        """Energy of all queries, of one, and of 1,000 are the same energy."""
        number = self.number("workload.n_queries")
        if not number or number < 0:
            yield Finding(code="queries", where="$.workload.n_queries", text=f"{number} is no number of queries.")
            return
        for end in _ENDS:
            total = self.number(f"energy.total.gross_j.{end}")
            for name, factor in (("per_query_wh", 1 / 3600 / number), ("wh_per_1000_queries", 1000 / 3600 / number)):
                said = self.number(f"energy.{name}.{end}")
                if (total is None) != (said is None) or (
                    total is not None and said is not None and not _same(said, total * factor)
                ):
                    where = f"$.energy.{name}.{end}"
                    yield Finding(code="queries", where=where, text=f"It is {said}, the total of {total} J says else.")

    def phases(self) -> Iterator[Finding]:
        """The kinds of work of a part add up to it."""
        for name, part in self._parts.items():
            phases = part.get("phases")
            values = (
                [_inside(phase, "gross_j", "value") for phase in phases.values()] if isinstance(phases, dict) else []
            )
            said = _inside(part, "gross_j", "value")
            known = [value for value in values if value is not None]
            if known and len(known) == len(values) and (said is None or not _same(said, sum(known))):
                text = f"{name} is {said} J, its phases add up to {sum(known):g} J."
                yield Finding(code="phases", where=f"$.energy.components.{name}.phases", text=text)

    def evidence(self) -> Iterator[Finding]:
        """A sum is as weak as its weakest part."""
        for name, part in self._parts.items():
            if _evidence(part.get("gross_j")) != part.get("evidence"):
                text = "The part and its own figure differ in evidence."
                yield Finding(code="evidence", where=f"$.energy.components.{name}.evidence", text=text)
        parts = [_evidence(self._parts[name].get("gross_j")) for name in self._summed if name in self._parts]
        for path in ("energy.total.evidence", "energy.total.gross_j.evidence", "energy.per_query_wh.evidence",
                     "energy.wh_per_1000_queries.evidence"):  # fmt: skip
            yield from self._no_stronger(path, parts)
        grid = self.at("carbon.g_per_kwh.evidence")
        if self.at("carbon") is not None and self.number("carbon.operational_g.value") is not None:
            yield from self._no_stronger("carbon.operational_g.evidence", [*parts, grid, "estimated"])

    def _no_stronger(self, path: str, parts: list[Any]) -> Iterator[Finding]:
        said, known = self.at(path), [part for part in parts if part in STRENGTH]
        if said not in STRENGTH:
            yield Finding(code="evidence", where=f"$.{path}", text=f"{said!r} is no evidence.")
        elif known and STRENGTH.index(said) < max(map(STRENGTH.index, known)):
            text = f"It is called {said}, though a part of it is {max(known, key=STRENGTH.index)}."
            yield Finding(code="evidence", where=f"$.{path}", text=text)

    def carbon(self) -> Iterator[Finding]:
        """Carbon is energy times intensity; SCI adds the making."""
        if self.at("carbon") is None:
            return
        joules, grams = self.number("energy.total.gross_j.value"), self.number("carbon.g_per_kwh.value")
        said = self.number("carbon.operational_g.value")
        if joules is not None and grams is not None and (said is None or not _same(said, joules / 3.6e6 * grams)):
            text = f"It is {said} g, {joules:g} J at {grams:g} g/kWh are {joules / 3.6e6 * grams:g} g."
            yield Finding(code="carbon", where="$.carbon.operational_g.value", text=text)
        for name in ("sci", "sci_per_1000_tokens"):
            yield from self._sci(name)
        number, per_query = self.number("workload.n_queries"), self.number("carbon.sci.e_kwh.value")
        if joules is not None and number and (per_query is None or not _same(per_query, joules / 3.6e6 / number)):
            text = f"E is {per_query} kWh a query, the total says {joules / 3.6e6 / number:g}."
            yield Finding(code="sci", where="$.carbon.sci.e_kwh.value", text=text)

    def _sci(self, name: str) -> Iterator[Finding]:
        if self.at(f"carbon.{name}") is None:
            return
        energy, grid = self.number(f"carbon.{name}.e_kwh.value"), self.number(f"carbon.{name}.i_g_per_kwh.value")
        making, said = self.number(f"carbon.{name}.m_g.value") or 0.0, self.number(f"carbon.{name}.value.value")
        if energy is not None and grid is not None and (said is None or not _same(said, energy * grid + making)):
            text = f"The score is {said} g, E x I + M is {energy * grid + making:g} g."
            yield Finding(code="sci", where=f"$.carbon.{name}.value.value", text=text)
        if not self.at(f"carbon.{name}.boundary") or not self.at(f"carbon.{name}.method"):
            text = "SCI discloses its boundary and method."
            yield Finding(code="sci", where=f"$.carbon.{name}", text=text)

    def promises(self) -> Iterator[Finding]:
        """A boundary is stated, and nothing claims to be comparable with AI Energy Score."""
        if not isinstance(self.at("energy.boundary"), str) or not self.at("energy.boundary").strip():
            yield Finding(code="boundary", where="$.energy.boundary", text="What is counted is not said.")
        if self.at("comparability.aies") is not False:
            text = "A figure of this computer is not comparable with AI Energy Score."
            yield Finding(code="comparable", where="$.comparability.aies", text=text)


def _figures(value: Any, where: str) -> Iterator[Finding]:  # noqa: ANN401 - whatever a file holds
    """Every figure lies in its range, and is excluded exactly where it has neither value nor limit."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _figures(item, f"{where}[{index}]")
    elif isinstance(value, dict):
        if "value" in value and "evidence" in value:
            yield from _figure(value, where)
            return
        for name, item in value.items():
            yield from _figures(item, f"{where}.{name}")
    elif isinstance(value, float) and not math.isfinite(value):
        yield Finding(code="number", where=where, text=f"{value} is no finite number.")


def _figure(item: dict[str, Any], where: str) -> Iterator[Finding]:
    ends = [item.get(end) for end in _ENDS]
    if any(end is not None and _number(end) is None for end in ends):
        yield Finding(code="number", where=where, text="Value, low and high are finite numbers or null.")
        return
    value, low, high = map(_number, ends)
    middle = value if value is not None else high
    if middle is not None and (
        (low is not None and low > middle + TOLERANCE * abs(middle))
        or (high is not None and high < middle - TOLERANCE * abs(middle))
    ):
        yield Finding(code="range", where=where, text=f"{value} does not lie between {low} and {high}.")
    if item["evidence"] not in STRENGTH:
        yield Finding(code="evidence", where=f"{where}.evidence", text=f"{item['evidence']!r} is no evidence.")
    if (item["evidence"] == "excluded") != (value is None and high is None):
        text = "Excluded means no value, and no value without a limit means excluded."
        yield Finding(code="excluded", where=where, text=text)


def _inside(value: Any, *names: str) -> float | None:  # noqa: ANN401 - whatever a file holds
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return _number(value)


def _evidence(item: Any) -> Any:  # noqa: ANN401 - whatever a file holds
    return item.get("evidence") if isinstance(item, dict) else None


def _number(value: Any) -> float | None:  # noqa: ANN401 - whatever a file holds
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-300)
