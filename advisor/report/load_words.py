"""What a typical range without a meter rests on, in words: limit, lines, load, power supply."""

from advisor import units
from advisor.energy.model import EnergyResult, LoadBasis
from advisor.evidence import Quantity
from advisor.report import wording
from advisor.report.language import _

_BUSY_SHARE = 0.5


def sentences(energy: EnergyResult) -> tuple[str, ...]:
    """Return the parts of the load model with their numbers; none where meters were read.

    Args:
        energy: of a probe.
    """
    basis = energy.load_basis
    return () if basis is None else (_limit(basis), _load(basis), _supply(basis))


def _limit(basis: LoadBasis) -> str:
    return _("Load model: {limit}. Idle {idle}, all processors busy {full}.").format(
        limit=basis.limit_basis, idle=_span(basis.idle_w), full=_span(basis.full_w)
    )


def _load(basis: LoadBasis) -> str:
    text = _("All processors together were {load} busy, with other programs alone {other}").format(
        load=f"{basis.load_share:.0%}", other=f"{basis.idle_load_share:.0%}"
    )
    if basis.num_active_cores is None or not basis.num_logical_cores:
        return f"{text}."
    text += _(": {active} of {number} active on the mean").format(
        active=f"{basis.num_active_cores:.1f}", number=basis.num_logical_cores
    )
    if not basis.core_busy_share:
        return f"{text}."
    busy = sum(share > _BUSY_SHARE for share in basis.core_busy_share)
    least, most = min(basis.core_busy_share), max(basis.core_busy_share)
    return _("{text}; {busy} were busy more than half of the time, the least {least}, the most {most}.").format(
        text=text, busy=busy, least=f"{least:.0%}", most=f"{most:.0%}"
    )


def _supply(basis: LoadBasis) -> str:
    text = _("Losses of the power supply (factor 1) and overheads of the place (factor 1) are not included")
    if basis.plug_per_query_j.value is None:
        return f"{text}."
    return _("{text}; at the plug, {how}, the processor's part of a query would be {amount}.").format(
        text=text, how=_how(basis.plug_per_query_j), amount=wording.figure(basis.plug_per_query_j)
    )


def _how(item: Quantity) -> str:
    return item.basis.rpartition("; ")[2]


def _span(item: Quantity) -> str:
    return _("{low} to {high}").format(low=units.amount(item.low or 0.0, "W"), high=units.amount(item.high or 0.0, "W"))
