"""Energy that macOS books on this program alone, by its own estimate: for Macs whose energy model cannot be read."""

import ctypes
import os
import platform
import struct
import time
from collections.abc import Callable

from advisor.energy.counter import Counter
from advisor.energy.meter import Channel, Clock, CounterMeter, Found, Meter, MeterError, absent, reason
from advisor.energy.model import MeterInfo
from advisor.hardware.roots import Roots

LIBRARY = "/usr/lib/libSystem.B.dylib"
UNIT_J = 1e-9
LOOSE_LIMIT_W = 1000.0
"""[W] No processor of a Mac draws this for long."""
_V6 = 6
_ANSWER_BYTES = 464
_ENERGY_AT = 336
"""Of `ri_energy_nj` in `rusage_info_v6`. Source: Apple, sys/resource.h."""

Ask = Callable[[int], bytes]
"""Returns `rusage_info_v6` of a process; raises `OSError` or `MeterError`."""

OWN = MeterInfo(
    id="rusage",
    name="Energy of this program, by macOS",
    component="cpu",
    covers="processor cores while they run this program; not the rest of the computer",
    method="os-model",
    native_unit="nJ",
    resolution_j=UNIT_J,
    refresh_s=0.1,
    permission="any user",
    grade="B",
    k_scale=1.3,
)
"""Reads less than 20 ms apart show 0; refresh and scale are assumed."""


def parse_energy_nj(raw: bytes) -> int:
    """Return [nJ] what a process used since its start.

    Raises:
        MeterError: the answer is too short.
    """
    if len(raw) < _ENERGY_AT + 8:
        raise MeterError("macOS answers in a form this app does not know")
    return int(struct.unpack_from("<Q", raw, _ENERGY_AT)[0])


def ask_system(pid: int, *, library: str = LIBRARY) -> bytes:
    """Return `rusage_info_v6` of a process of the running macOS.

    Args:
        pid: of the process.
        library: where `proc_pid_rusage` is.

    Raises:
        OSError: the library is not there, or macOS refuses.
        MeterError: the library has no such function.
    """
    loaded = ctypes.CDLL(library, use_errno=True)
    try:
        call = loaded.proc_pid_rusage
    except AttributeError as error:
        raise MeterError("this macOS does not count the energy of programs") from error
    call.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
    call.restype = ctypes.c_int
    answer = ctypes.create_string_buffer(_ANSWER_BYTES)
    if call(pid, _V6, answer) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer.raw


def find(roots: Roots, *, ask: Ask = ask_system, clock: Clock = time.perf_counter) -> tuple[Found, ...]:
    """Return the meter of this process on a Mac; nothing on another system.

    Args:
        roots: says which system this is.
        ask: asks the kernel.
        clock: now, in seconds.
    """
    if (roots.system or platform.system()) != "Darwin":
        return ()
    try:
        energy_nj = parse_energy_nj(ask(os.getpid()))
    except (MeterError, OSError) as error:
        return (absent(OWN, f"macOS does not say what a program uses: {reason(error)}"),)
    if energy_nj == 0:
        return (absent(OWN, "this Mac counts no energy of a program"),)
    return (Found(info=OWN, open=lambda: _open(ask, clock)),)


def _open(ask: Ask, clock: Clock) -> Meter:
    pid = os.getpid()
    counter = Counter(unit_j=UNIT_J, limit_w=LOOSE_LIMIT_W, refresh_s=OWN.refresh_s)
    return CounterMeter(OWN, (Channel(read=lambda: parse_energy_nj(ask(pid)), counter=counter),), clock=clock)
