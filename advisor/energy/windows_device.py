"""Devices of Windows by their control codes, without a library of their own. No device is written to."""

import ctypes
import uuid
from typing import Any, Protocol

from advisor.energy.meter import MeterError

_GENERIC_READ = 0x80000000
_GENERIC_WRITE = 0x40000000
_SHARE_READ_WRITE = 3
_OPEN_EXISTING = 3
_MAX_LIST_CHARACTERS = 65_536


class Devices(Protocol):
    """The door to devices; tests put recorded answers in its place."""

    def interfaces(self, kind: uuid.UUID) -> tuple[str, ...]:
        """Return the paths of the devices of a kind that are there now; raises `OSError`."""

    def open(self, path: str) -> int:
        """Return a handle; raises `OSError`."""

    def control(self, handle: int, code: int, data: bytes, num_bytes: int) -> bytes:
        """Return what a device answers to a control code, at most so many bytes; raises `OSError`."""

    def close(self, handle: int) -> None:
        """Close it."""


class SystemDevices:
    """The devices of the running Windows."""

    def __init__(self, *, writable: bool = True) -> None:
        """Load the system's libraries.

        Args:
            writable: ask for handles that may also be written to, as battery devices want it.

        Raises:
            MeterError: this is not Windows.
        """
        library: Any = getattr(ctypes, "WinDLL", None)
        if library is None:
            raise MeterError("this system has no Windows devices")
        self._access = _GENERIC_READ | (_GENERIC_WRITE if writable else 0)
        self._kernel = library("kernel32", use_last_error=True)
        self._config = library("cfgmgr32")
        kernel = self._kernel
        kernel.CreateFileW.restype = ctypes.c_void_p
        kernel.CreateFileW.argtypes = [
            ctypes.c_wchar_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32,
            ctypes.c_void_p,
        ]  # fmt: skip
        kernel.DeviceIoControl.restype = ctypes.c_int
        kernel.DeviceIoControl.argtypes = [
            ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32,
            ctypes.POINTER(ctypes.c_uint32), ctypes.c_void_p,
        ]  # fmt: skip
        kernel.CloseHandle.argtypes = [ctypes.c_void_p]

    def interfaces(self, kind: uuid.UUID) -> tuple[str, ...]:
        """Return the paths of the devices of a kind that are there now; raises `OSError`."""
        guid = ctypes.create_string_buffer(kind.bytes_le, 16)
        length = ctypes.c_uint32(0)
        failed = self._config.CM_Get_Device_Interface_List_SizeW(ctypes.byref(length), guid, None, 0)
        if failed or not 0 < length.value <= _MAX_LIST_CHARACTERS:
            raise OSError(int(failed), "Windows does not list its devices")
        text = ctypes.create_unicode_buffer(length.value)
        failed = self._config.CM_Get_Device_Interface_ListW(guid, None, text, length, 0)
        if failed:
            raise OSError(int(failed), "Windows does not list its devices")
        return tuple(path for path in ctypes.wstring_at(text, length.value).split("\0") if path)

    def open(self, path: str) -> int:
        """Return a handle; raises `OSError`."""
        handle = self._kernel.CreateFileW(path, self._access, _SHARE_READ_WRITE, None, _OPEN_EXISTING, 0, None)
        if handle is None or handle == ctypes.c_void_p(-1).value:
            raise self._error("Windows refuses to open the device")
        return int(handle)

    def control(self, handle: int, code: int, data: bytes, num_bytes: int) -> bytes:
        """Return what a device answers to a control code, at most so many bytes; raises `OSError`."""
        answer = ctypes.create_string_buffer(num_bytes)
        length = ctypes.c_uint32(0)
        done = self._kernel.DeviceIoControl(
            handle, code, data, len(data), answer, num_bytes, ctypes.byref(length), None
        )  # fmt: skip
        if not done:
            raise self._error("the device does not answer")
        return answer.raw[: length.value]

    def close(self, handle: int) -> None:
        """Close it."""
        self._kernel.CloseHandle(handle)

    @staticmethod
    def _error(what: str) -> OSError:
        last: Any = getattr(ctypes, "get_last_error", int)
        return OSError(int(last()), f"{what} (Windows error {int(last())})")
