"""The few functions of macOS's Core Foundation and IOReport that the energy model needs, by `ctypes`."""

import contextlib
import ctypes
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from advisor.energy.meter import MeterError

CORE = "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation"
REPORT = "/usr/lib/libIOReport.dylib"
_UTF_8 = 0x08000100
_NAME_BYTES = 256
_LIST = "IOReportChannels"
_POINTER, _COUNT, _INDEX = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_long
_CORE_FUNCTIONS: tuple[tuple[str, Any, tuple[Any, ...]], ...] = (
    ("CFRelease", None, (_POINTER,)),
    ("CFStringCreateWithCString", _POINTER, (_POINTER, ctypes.c_char_p, ctypes.c_uint32)),
    ("CFStringGetCString", ctypes.c_ubyte, (_POINTER, ctypes.c_char_p, _INDEX, ctypes.c_uint32)),
    ("CFDictionaryGetValue", _POINTER, (_POINTER, _POINTER)),
    ("CFDictionarySetValue", None, (_POINTER, _POINTER, _POINTER)),
    ("CFDictionaryCreateMutableCopy", _POINTER, (_POINTER, _INDEX, _POINTER)),
    ("CFArrayGetCount", _INDEX, (_POINTER,)),
    ("CFArrayGetValueAtIndex", _POINTER, (_POINTER, _INDEX)),
    ("CFArrayCreateMutable", _POINTER, (_POINTER, _INDEX, _POINTER)),
    ("CFArrayAppendValue", None, (_POINTER, _POINTER)),
)
_REPORT_FUNCTIONS: tuple[tuple[str, Any, tuple[Any, ...]], ...] = (
    ("IOReportCopyChannelsInGroup", _POINTER, (_POINTER, _POINTER, _COUNT, _COUNT, _COUNT)),
    ("IOReportCreateSubscription", _POINTER, (_POINTER, _POINTER, _POINTER, _COUNT, _POINTER)),
    ("IOReportCreateSamples", _POINTER, (_POINTER, _POINTER, _POINTER)),
    ("IOReportChannelGetChannelName", _POINTER, (_POINTER,)),
    ("IOReportChannelGetUnitLabel", _POINTER, (_POINTER,)),
    ("IOReportSimpleGetIntegerValue", ctypes.c_int64, (_POINTER, ctypes.c_int32)),
)
"""IOReport is not documented by Apple; the forms are those of zeus-apple-silicon (Apache-2.0)."""


class ReportChannel(msgspec.Struct, frozen=True, kw_only=True):
    """One counter of IOReport."""

    name: str
    unit: str
    num_units: int


class Subscription:
    """Counters of one group of IOReport. What was created is released, also on errors."""

    def __init__(
        self, group: str, keep: Callable[[str], bool], *, core: str = CORE, report: str = REPORT
    ) -> None:  # fmt: skip
        """Subscribe.

        Args:
            group: name of the group.
            keep: says by its name whether a counter is wanted: a sample of all of them costs more.
            core: path of the library.
            report: path of the library.

        Raises:
            MeterError: this system has no such group, or none of the counters is wanted.
        """
        try:
            self._core = _declare(ctypes.CDLL(core), _CORE_FUNCTIONS)
            self._report = _declare(ctypes.CDLL(report), _REPORT_FUNCTIONS)
            self._arrays = ctypes.c_byte.in_dll(self._core, "kCFTypeArrayCallBacks")
        except (OSError, AttributeError, ValueError) as error:
            raise MeterError("this system has no IOReport") from error
        self._owned: list[int] = []
        try:
            self._list = self._own(self._text(_LIST), "memory")
            self._wanted = self._own(self._choose(group, keep), f"group `{group}`")
            subscribed = _POINTER()
            self._subscription = self._own(
                self._report.IOReportCreateSubscription(None, self._wanted, ctypes.byref(subscribed), 0, None),
                "subscription",
            )
            if subscribed.value:
                self._owned.append(subscribed.value)
        except BaseException:
            self.close()
            raise

    def read(self) -> tuple[ReportChannel, ...]:
        """Return what the counters show now.

        Raises:
            MeterError: there is no sample, or the subscription is closed.
        """
        if not self._owned:
            raise MeterError("the subscription is closed")
        with self._held(self._report.IOReportCreateSamples(self._subscription, self._wanted, None), "sample") as sample:
            return tuple(
                ReportChannel(
                    name=self._name(item),
                    unit=self._words(self._report.IOReportChannelGetUnitLabel(item)),
                    num_units=int(self._report.IOReportSimpleGetIntegerValue(item, 0)),
                )
                for item in self._items(sample)
            )

    def close(self) -> None:
        """Release everything. It may be called twice."""
        while self._owned:
            self._core.CFRelease(self._owned.pop())

    def _choose(self, group: str, keep: Callable[[str], bool]) -> int | None:
        """Return a description of the wanted counters of a group, to be released."""
        with self._held(self._text(group), "memory") as name:
            found = self._report.IOReportCopyChannelsInGroup(name, None, 0, 0, 0)
        with self._held(found, f"group `{group}`") as every:
            wanted = [item for item in self._items(every) if keep(self._name(item))]
            if not wanted:
                raise MeterError("it has no counter that this app knows")
            with self._held(self._core.CFArrayCreateMutable(None, 0, ctypes.byref(self._arrays)), "memory") as chosen:
                for item in wanted:
                    self._core.CFArrayAppendValue(chosen, item)
                copy: int | None = self._core.CFDictionaryCreateMutableCopy(None, 0, every)
                if copy:
                    self._core.CFDictionarySetValue(copy, self._list, chosen)
                return copy

    def _items(self, dictionary: int) -> Iterator[int]:
        array = self._core.CFDictionaryGetValue(dictionary, self._list)
        for index in range(self._core.CFArrayGetCount(array) if array else 0):
            item = self._core.CFArrayGetValueAtIndex(array, index)
            if item:
                yield item

    def _name(self, item: int) -> str:
        return self._words(self._report.IOReportChannelGetChannelName(item))

    def _words(self, text: int | None) -> str:
        room = ctypes.create_string_buffer(_NAME_BYTES)
        if not text or not self._core.CFStringGetCString(text, room, _NAME_BYTES, _UTF_8):
            return ""
        return room.value.decode("utf-8", "replace").strip()

    def _text(self, words: str) -> int | None:
        made: int | None = self._core.CFStringCreateWithCString(None, words.encode(), _UTF_8)
        return made

    def _own(self, made: int | None, what: str) -> int:
        if not made:
            raise MeterError(f"IOReport gives no {what}")
        self._owned.append(made)
        return made

    @contextlib.contextmanager
    def _held(self, made: int | None, what: str) -> Iterator[int]:
        if not made:
            raise MeterError(f"IOReport gives no {what}")
        try:
            yield made
        finally:
            self._core.CFRelease(made)


def _declare(library: ctypes.CDLL, functions: tuple[tuple[str, Any, tuple[Any, ...]], ...]) -> ctypes.CDLL:
    for name, result, arguments in functions:
        function = getattr(library, name)
        function.restype = result
        function.argtypes = list(arguments)
    return library
