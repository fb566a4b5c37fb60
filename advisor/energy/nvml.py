"""Energy of NVIDIA cards by their driver (NVML): its energy counter, and the integral of its power sensor."""

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import msgspec

from advisor.energy.counter import Counter
from advisor.energy.meter import BreakError, Channel, Clock, CounterMeter, Found, Meter, MeterError, PowerMeter, absent
from advisor.energy.model import MeterInfo
from advisor.hardware.roots import Roots

T = TypeVar("T")
UNIT_J = 1e-3
LOOSE_LIMIT_W = 3000.0
"""[W] Where the driver states no limit: no card draws this for long."""
AVERAGE_S = 1.0
"""[s] What a sensor that averages looks back on. Source: NVIDIA, nvml.h, `nvmlDeviceGetPowerUsage`."""
_GA100 = (8, 0)
"""Compute capability of the last chip whose PowerUsage is not an average. Source: the same."""
_HOPPER = (9, 0)
_GPU_SCOPE, _MODULE_SCOPE = 0, 1
_AVERAGE_FIELD, _INSTANT_FIELD = 185, 186
_VALUES = {0: "dVal", 1: "uiVal", 2: "ulVal", 3: "ullVal", 4: "sllVal", 5: "siVal", 6: "usVal"}
"""By `nvmlValueType_t`."""

NO_COUNTER = "this card or driver has no energy counter"
NO_POWER = "this card or driver states no power"

COUNTER = MeterInfo(
    id="nvml",
    name="NVIDIA card, by its driver's energy counter",
    component="gpu",
    covers="graphics card with its memory",
    method="counter",
    native_unit="mJ",
    resolution_j=UNIT_J,
    refresh_s=0.1,
    permission="any user",
    grade="A",
    k_scale=1.1,
)
POWER = msgspec.structs.replace(
    COUNTER, id="nvml-power", name="NVIDIA card, by its power sensor", method="integral", native_unit="mW",
    resolution_j=None, grade="B", k_scale=1.3,
)  # fmt: skip
"""Scale: A100 and H100 look at the power a quarter of the time (arXiv 2312.02741); assumed of all cards."""


class _Sensor(msgspec.Struct, frozen=True, kw_only=True):
    """One way to ask for power."""

    phrase: str
    refresh_s: float
    read: Callable[[Any, Any], float]


class _Card:
    """One card, while NVML is in use. Once it is gone it stays gone: what its counter shows later is another count."""

    def __init__(self, nvml: Any, index: int) -> None:  # noqa: ANN401 - an untyped library
        self._nvml = nvml
        self._gone_codes = (
            nvml.NVML_ERROR_UNINITIALIZED, nvml.NVML_ERROR_DRIVER_NOT_LOADED, nvml.NVML_ERROR_GPU_IS_LOST,
            nvml.NVML_ERROR_RESET_REQUIRED, nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH,
        )  # fmt: skip
        self._gone: str | None = None
        self._handle: Any = None
        self._handle = self.ask(lambda library, _: library.nvmlDeviceGetHandleByIndex(index))

    def ask(self, question: Callable[[Any, Any], T]) -> T:
        """Return one answer of the driver.

        Args:
            question: takes the library and the card's handle.

        Raises:
            BreakError: the card or its driver is gone.
            MeterError: there is no answer.
        """
        if self._gone is not None:
            raise BreakError(self._gone)
        try:
            return question(self._nvml, self._handle)
        except self._nvml.NVMLError as error:
            why = f"the NVIDIA driver answers: {error}"
            if error.value in self._gone_codes:
                self._gone = why
                raise BreakError(why) from error
            raise _UnsupportedError(why) if self._unsupported(error) else MeterError(why) from error

    def _unsupported(self, error: Any) -> bool:  # noqa: ANN401 - an untyped library
        return error.value in (
            self._nvml.NVML_ERROR_NOT_SUPPORTED, self._nvml.NVML_ERROR_FUNCTION_NOT_FOUND,
            self._nvml.NVML_ERROR_INVALID_ARGUMENT,
        )  # fmt: skip

    def told(self, question: Callable[[Any, Any], T]) -> T | None:
        """Return one answer of the driver, or null where it has none."""
        try:
            return self.ask(question)
        except MeterError:
            return None


class _UnsupportedError(MeterError):
    """The card or its driver has no such figure, now or later."""


def find(roots: Roots, *, clock: Clock = time.perf_counter) -> tuple[Found, ...]:
    """Return two meters for each NVIDIA card: its energy counter, and the integral of its power.

    Args:
        roots: says whether the driver may be asked.
        clock: now, in seconds.
    """
    if not roots.nvml:
        return (absent(COUNTER, "the NVIDIA driver was not asked"),)
    try:
        with _in_use() as nvml:
            found = [entry for index in range(_count(nvml)) for entry in _found(nvml, index, clock)]
    except MeterError as error:
        return (absent(COUNTER, str(error)),)
    return tuple(found) or (absent(COUNTER, "the NVIDIA driver shows no card"),)


@contextlib.contextmanager
def _in_use() -> Iterator[Any]:
    """Give the library, and let go of it behind."""
    nvml = _start()
    try:
        yield nvml
    finally:
        _end(nvml)


def _start() -> Any:  # noqa: ANN401 - an untyped library
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError_LibraryNotFound as error:
        raise MeterError("no NVIDIA driver is installed") from error
    except (pynvml.NVMLError, OSError) as error:
        raise MeterError(f"the NVIDIA driver does not answer: {error}") from error
    return pynvml


def _end(nvml: Any) -> None:  # noqa: ANN401 - an untyped library
    with contextlib.suppress(nvml.NVMLError):
        nvml.nvmlShutdown()


def _count(nvml: Any) -> int:  # noqa: ANN401 - an untyped library
    try:
        return int(nvml.nvmlDeviceGetCount())
    except nvml.NVMLError as error:
        raise MeterError(f"the NVIDIA driver does not answer: {error}") from error


def _found(nvml: Any, index: int, clock: Clock) -> tuple[Found, Found]:  # noqa: ANN401 - an untyped library
    counter = msgspec.structs.replace(COUNTER, id=f"{COUNTER.id}:{index}")
    power = msgspec.structs.replace(POWER, id=f"{POWER.id}:{index}")
    try:
        card = _Card(nvml, index)
    except MeterError as error:
        return absent(counter, str(error)), absent(power, str(error))
    name = card.told(lambda library, handle: str(library.nvmlDeviceGetName(handle))) or "NVIDIA card"
    mode = card.told(lambda library, handle: library.nvmlDeviceGetMigMode(handle)[0])
    parts = ", all its parts that MIG gives out" if mode else ""
    limit_w = _limit_w(card)
    sensor = _sensor(card)
    counter = msgspec.structs.replace(
        counter, name=f"{name}, by its driver's energy counter", limit_w=limit_w, covers=f"{counter.covers}{parts}"
    )
    power = msgspec.structs.replace(
        power, name=f"{name}, by its power sensor", limit_w=limit_w, covers=f"{power.covers}{parts}"
    )
    check = sensor
    if card.told(_MODULE.read):
        is_hopper = _capability(card) == _HOPPER
        covers = _ON_MODULE if is_hopper else f"{_ON_CHIP}, perhaps the processor on the same module too"
        counter = msgspec.structs.replace(counter, covers=f"{covers}{parts}", limit_w=None)
        power = msgspec.structs.replace(power, covers=f"{_ON_CHIP}; not the processor on the same module{parts}")
        check = _MODULE if is_hopper else None
    return _counter_found(card, index, counter, check, clock), _power_found(index, power, sensor, clock)


def _limit_w(card: _Card) -> float | None:
    enforced_w = card.told(lambda nvml, handle: nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1e3)
    range_mw = card.told(lambda nvml, handle: nvml.nvmlDeviceGetPowerManagementLimitConstraints(handle))
    return enforced_w or (range_mw[1] / 1e3 if range_mw else None)


def _field_w(nvml: Any, handle: Any, *, field: int, scope: int = _GPU_SCOPE) -> float:  # noqa: ANN401 - untyped
    (answer,) = nvml.nvmlDeviceGetFieldValues(handle, [(field, scope)])
    if answer.nvmlReturn != nvml.NVML_SUCCESS:
        raise nvml.NVMLError(answer.nvmlReturn)
    kind = _VALUES.get(answer.valueType)
    if kind is None:
        raise MeterError("the NVIDIA driver answers in a form this app does not know")
    return float(getattr(answer.value, kind)) / 1e3


def _usage_w(nvml: Any, handle: Any) -> float:  # noqa: ANN401 - an untyped library
    return float(nvml.nvmlDeviceGetPowerUsage(handle)) / 1e3


_MODULE = _Sensor(
    phrase="of the module", refresh_s=POWER.refresh_s, read=partial(_field_w, field=_INSTANT_FIELD, scope=_MODULE_SCOPE)
)
"""Stated by chips that share a module with a processor. On Grace Hopper the energy counter is the module's
(ml-energy/zeus, pull request 172); of later ones it is not known."""
_ON_CHIP = "graphics processor with its memory"
_ON_MODULE = "whole module: graphics processor, processor and their memory"


def _capability(card: _Card) -> tuple[int, ...] | None:
    return card.told(lambda nvml, handle: tuple(nvml.nvmlDeviceGetCudaComputeCapability(handle)))


def _sensor(card: _Card) -> _Sensor | None:
    """Return the best way to ask for power: at this moment before a mean of the last second; 0 W is the last choice."""
    capability = _capability(card)
    instant, averaged = ("at the moment", POWER.refresh_s), ("mean of the last second", AVERAGE_S)
    ways = (
        (*instant, partial(_field_w, field=_INSTANT_FIELD)),
        (*(instant if capability is not None and capability <= _GA100 else averaged), _usage_w),
        (*averaged, partial(_field_w, field=_AVERAGE_FIELD)),
    )
    sensors = [_Sensor(phrase=phrase, refresh_s=refresh_s, read=read) for phrase, refresh_s, read in ways]
    stated = [(sensor, power_w) for sensor in sensors if (power_w := card.told(sensor.read)) is not None]
    return max(stated, key=lambda entry: entry[1] > 0)[0] if stated else None


def _counter_found(card: _Card, index: int, info: MeterInfo, sensor: _Sensor | None, clock: Clock) -> Found:
    try:
        card.ask(_count_mj)
    except _UnsupportedError:
        return absent(info, NO_COUNTER)
    except BreakError as error:
        return absent(info, str(error))
    except MeterError:
        pass  # it may pass
    return Found(info=info, open=partial(_open_counter, index, info, sensor, clock))


def _power_found(index: int, info: MeterInfo, sensor: _Sensor | None, clock: Clock) -> Found:
    if sensor is None:
        return absent(info, NO_POWER)
    info = msgspec.structs.replace(info, name=f"{info.name} ({sensor.phrase})", refresh_s=sensor.refresh_s)
    return Found(info=info, open=partial(_open_power, index, info, sensor, clock))


def _count_mj(nvml: Any, handle: Any) -> int:  # noqa: ANN401 - an untyped library
    return int(nvml.nvmlDeviceGetTotalEnergyConsumption(handle))


def _opened(index: int) -> tuple[_Card, Callable[[], None]]:
    """Return a card and what lets go of it.

    Raises:
        MeterError: it does not answer.
    """
    nvml = _start()
    try:
        return _Card(nvml, index), partial(_end, nvml)
    except BaseException:
        _end(nvml)
        raise


def _open_counter(index: int, info: MeterInfo, sensor: _Sensor | None, clock: Clock) -> Meter:
    card, close = _opened(index)
    counter = Counter(unit_j=UNIT_J, limit_w=info.limit_w or LOOSE_LIMIT_W, refresh_s=info.refresh_s)
    return CounterMeter(
        info, (Channel(read=lambda: card.ask(_count_mj), counter=counter),), close=close, clock=clock,
        power=None if sensor is None else lambda: card.ask(sensor.read),
    )  # fmt: skip


def _open_power(index: int, info: MeterInfo, sensor: _Sensor, clock: Clock) -> Meter:
    card, close = _opened(index)
    return PowerMeter(info, lambda: card.ask(sensor.read), close=close, clock=clock)
