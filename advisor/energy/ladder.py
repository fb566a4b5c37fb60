"""Which meters there are, in the order of trust, and which of them is used for each part of the machine."""

import logging
import platform
from collections.abc import Callable, Iterable

from advisor.energy.meter import Found
from advisor.energy.model import Component, MeterInfo
from advisor.hardware.roots import Roots

_log = logging.getLogger(__name__)
COMPONENTS: tuple[Component, ...] = ("cpu", "gpu", "ram", "platform")
Finder = Callable[[Roots], tuple[Found, ...]]


def _finders(system: str) -> tuple[Finder, ...]:
    """Return the back-ends of an operating system, the best of each component first.

    Args:
        system: `Linux`, `Windows` or `Darwin`.
    """
    from advisor.energy import nvml

    if system == "Windows":
        from advisor.energy import battery_windows, emi

        return (nvml.find, emi.find, battery_windows.find)
    if system == "Darwin":
        from advisor.energy import battery_macos, ioreport, rusage

        return (ioreport.find, rusage.find, battery_macos.find)
    from advisor.energy import amdgpu, battery, intel_gpu, perf, rapl

    return (nvml.find, intel_gpu.find, rapl.find, perf.find, amdgpu.find, battery.find)


def find(roots: Roots | None = None) -> tuple[Found, ...]:
    """Return all meters that this app knows to look for, the best of each component first. Never raises.

    Args:
        roots: where to look; the running system by default.
    """
    where = roots or Roots()
    found: list[Found] = []
    for finder in _finders(where.system or platform.system()):
        try:
            found += finder(where)
        except Exception:  # noqa: BLE001 - one strange driver must not hide the other meters
            _log.warning("a power meter cannot be looked for", exc_info=True)
    return tuple(sorted(found, key=lambda entry: COMPONENTS.index(entry.info.component)))


def survey(roots: Roots | None = None, *, card: int | None = None) -> tuple[MeterInfo, ...]:
    """Return what there is to measure power with: by component, the best first, those without access with a remedy.

    Args:
        roots: where to look; the running system by default.
        card: as `for_card`.
    """
    return tuple(entry.info for entry in for_card(find(roots), card))


def for_card(found: Iterable[Found], card: int | None) -> tuple[Found, ...]:
    """Return the meters without those of other graphics cards.

    Args:
        found: as `find` returns them; a card's meter ends with the card's number among its vendor's.
        card: that number; None: all cards stay.
    """
    return tuple(entry for entry in found if card is None or _card_of(entry.info) in (None, str(card)))


def _card_of(info: MeterInfo) -> str | None:
    number = info.id.rpartition(":")[2]
    return number if info.component == "gpu" and number.isdigit() else None


def choose(infos: Iterable[MeterInfo]) -> dict[Component, MeterInfo]:
    """Return the best open meter of each component.

    Args:
        infos: in the order of `find`.
    """
    chosen: dict[Component, MeterInfo] = {}
    for info in infos:
        if info.state == "open":
            chosen.setdefault(info.component, info)
    return chosen


def reason(infos: Iterable[MeterInfo], component: Component) -> str:
    """Return why a component's meter was chosen, or why it has none, as one phrase.

    Args:
        infos: in the order of `find`.
        component: part of the machine.
    """
    mine = [info for info in infos if info.component == component]
    best = next((info for info in mine if info.state == "open"), None)
    if best is None:
        whys = [f"{info.name}: {info.why}" for info in mine if info.why]
        return "; ".join(whys) or "no meter of this part is known"
    passed = [f"{info.name} is not used: {info.why}" for info in mine[: mine.index(best)] if info.why]
    return "; ".join((f"{best.name} is the best that can be read", *passed))
