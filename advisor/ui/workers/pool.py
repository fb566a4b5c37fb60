"""Short blocking calls off the GUI thread. Functions take and return values; what native code may hang is a child's."""

from collections.abc import Callable
from typing import TypeVar, cast

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal, Slot
from typing_extensions import override

T = TypeVar("T")
_QUIT_WAIT_MS = 5000


class _Call(QObject):
    """Lives in the thread that asked; its queued slots bring the result there.

    Signals:
        done: True and the value, or False and the exception. Emitted in the pool's thread.
        left: after a callback has run, in the asking thread.
    """

    done = Signal(bool, object)
    left = Signal(object)

    def __init__(
        self, returned: Callable[[object], None] | None, failed: Callable[[Exception], None] | None, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._returned = returned
        self._failed = failed
        self._dropped = False
        self.done.connect(self._on_call_done, Qt.ConnectionType.QueuedConnection)

    def drop(self) -> None:
        """Call nobody back, though the result may be on its way."""
        self._dropped = True

    @Slot(bool, object)
    def _on_call_done(self, succeeded: bool, value: object) -> None:
        if self._dropped:
            return
        try:
            if succeeded and self._returned is not None:
                self._returned(value)
            elif isinstance(value, Exception) and not succeeded:
                self._report(value)
        finally:
            self.left.emit(self)

    def _report(self, error: Exception) -> None:
        if self._failed is None:
            raise error  # to the crash hook: nobody said what to do about it
        self._failed(error)


class _Task(QRunnable):
    """One call in the pool. Holds no reference to the asker but its signal."""

    def __init__(self, function: Callable[[], object], call: _Call) -> None:
        super().__init__()
        self._function = function
        self._call = call

    @override
    def run(self) -> None:
        try:
            value = self._function()
        except Exception as error:  # noqa: BLE001 - handed on to `failed`, or to the crash hook
            self._emit(False, error)
        else:
            self._emit(True, value)

    def _emit(self, succeeded: bool, value: object) -> None:
        try:
            self._call.done.emit(succeeded, value)
        except RuntimeError:
            return  # the window is gone, and with it everybody who waited


class Pool(QObject):
    """A pool of threads whose results arrive in the thread that asked."""

    def __init__(self, parent: QObject | None = None, *, num_threads: int = 2) -> None:
        """Make an empty pool.

        Args:
            parent: owner.
            num_threads: how many calls run at once.
        """
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(num_threads)
        self._calls: set[_Call] = set()

    def run(
        self,
        function: Callable[[], T],
        *,
        returned: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Call `function` in a thread; hand its value to `returned` or its exception to `failed`, in this thread.

        Both are connected before the call starts: connecting afterwards loses the results of quick calls.

        Args:
            function: takes nothing, touches no QObject.
            returned: gets the value.
            failed: gets the exception; without it the exception goes to the crash hook.
        """
        # A signal carries any object; that it is what `returned` takes was checked where `run` was called.
        call = _Call(cast("Callable[[object], None] | None", returned), failed, self)
        call.left.connect(self._on_call_left)
        self._calls.add(call)
        self._pool.start(_Task(function, call))

    @property
    def num_waiting(self) -> int:
        """How many calls have not reported yet."""
        return len(self._calls)

    def wait(self, timeout_ms: int = _QUIT_WAIT_MS) -> bool:
        """Drop what has not started and wait for the rest. For `aboutToQuit`; no callback runs after it.

        Returns:
            False when a call is still running at the time-out.
        """
        self._pool.clear()
        finished = self._pool.waitForDone(timeout_ms)
        for call in tuple(self._calls):
            call.drop()
            self._on_call_left(call)
        return finished

    @Slot(object)
    def _on_call_left(self, call: _Call) -> None:
        self._calls.discard(call)
        call.deleteLater()
