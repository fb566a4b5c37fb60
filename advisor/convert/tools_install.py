"""The job that makes the environment of the conversion tools: room, packages by their hashes, a trial. In a child.

pip is run as users run it: with its own settings, so that a company's index is asked where there is one. Only the build
of torch for processors, which the public default index does not hold for Linux, is asked of the PyTorch project's index
when the set ones do not have it.
"""

import contextlib
import datetime
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec

from advisor import paths, units
from advisor.child.main import Channel, refuse_request
from advisor.convert import base_python, tools
from advisor.convert.pip_output import PipOutput
from advisor.errors import ChildError, NotFoundError, OutputError

TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
"""The PyTorch project's own index of builds for processors."""
_PIP = (
    "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--no-deps", "--no-user",
    "--only-binary=:all:", "--no-compile",
)  # fmt: skip
_RAW_PROGRESS = ("--progress-bar", "raw")
_TRIAL = """
import importlib, importlib.metadata, json, sys
names = {"onnxruntime-genai": "onnxruntime_genai", "huggingface-hub": "huggingface_hub", "protobuf": "google.protobuf"}
for name in sys.argv[1:]:
    importlib.import_module(names.get(name, name))
print(json.dumps({name: importlib.metadata.version(name) for name in sys.argv[1:]}))
"""
_TRIED = (*tools.NEEDED, "sentencepiece", "protobuf", "onnxruntime", "tokenizers", "huggingface-hub", "jinja2", "numpy",
          "msgspec", "platformdirs", "psutil", "typing_extensions")  # fmt: skip
_NOTE = b"This folder belongs to Model Fit Advisor: it is made, brought up to date and removed as a whole.\n"
_TOLD_EVERY_S = 0.25
_DYING_S, _LOOKED_EVERY_S = 1.0, 0.02
_SHARE_BEFORE, _SHARE_FETCHED, _SHARE_UNPACKED = 0.03, 0.60, 0.95
"""[1] Of the whole job when the environment stands, the files are here and are unpacked, on a line of 20 MB/s."""


class InstallRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made."""

    folder: str
    lock: tuple[str, str, str] | None = None
    """Other requirements than the shipped ones, as `tools.lock_files`."""
    tried: tuple[str, ...] = _TRIED
    """What must be importable at the end."""


class InstallResult(msgspec.Struct, frozen=True, kw_only=True):
    """An environment that is whole."""

    folder: str
    python: str
    versions: dict[str, str]
    size_bytes: int
    downloaded_bytes: int
    """[B] As pip states them; less where its cache or this disk had the files."""
    wall_s: float


def install(raw: bytes, channel: Channel) -> bytes:
    """Run the job `conversion-tools`.

    Args:
        raw: JSON of an `InstallRequest`.
        channel: to the app.

    Returns:
        JSON of an `InstallResult`.

    Raises:
        NotFoundError: `conversion-tools-unsupported`, `venv-missing`, `python-missing`.
        OutputError: `disk-too-small`, `disk-full`, `conversion-tools-foreign`, `path-not-writable`.
        ChildError: `conversion-tools-running`, `network-lost`, `pip-failed`.
        InvalidFileError: `hash-mismatch`.
    """
    try:
        request = msgspec.json.decode(raw, type=InstallRequest)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise refuse_request(error) from error
    return msgspec.json.encode(_Installation(request, channel).run())


class _Installation:
    """One installation."""

    def __init__(self, request: InstallRequest, channel: Channel) -> None:
        self._request, self._channel = request, channel
        self._place = Path(request.folder)
        self._python = str(tools.environment_python(self._place))
        self._output = PipOutput()
        self._began_s = time.monotonic()
        self._share = 0.0
        self._options: tuple[str, ...] = ()
        self._free_bytes = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()
        self._cancelled = False
        self._over = threading.Event()

    def run(self) -> InstallResult:
        """Make it, or leave a folder that counts as cut off."""
        if tools.unsupported():
            raise tools.missing()
        tools.check_own(self._place)
        base = base_python.find()
        self._channel.on_cancel(self._kill)
        with tools.alone(self._place):
            if self._place.exists():
                self._tell(0.0, "removing the old environment")
                tools.discard(self._place)
            tools.check_room(self._place)
            self._tell(0.0, "making an environment")
            _claim(self._place)
            self._call([base.path, "-I", "-m", "venv", str(self._place)], "The environment could not be made")
            self._fetch(base.version)
            self._tell(_SHARE_UNPACKED, "trying the tools out")
            return self._complete(self._try_out(), base.version)

    def _fetch(self, version: str) -> None:
        installer, packages, torch = map(Path, self._request.lock or tools.lock_files())
        self._call([self._python, *_PIP, "--require-hashes", "-r", str(installer)])
        self._call([self._python, "-I", "-m", "pip", "--version"])
        self._options = _RAW_PROGRESS if _says_bytes(self._output.last_line()) else ()
        self._tell(_SHARE_BEFORE, "asking the package index")
        self._free_bytes = tools.free_bytes(self._place) or 0
        ticker = threading.Thread(target=self._tick, name="tools-progress", daemon=True)
        ticker.start()
        try:
            self._fetch_torch(torch, version)
            self._pip("--require-hashes", "-r", str(packages))
        finally:
            self._over.set()
            ticker.join()

    def _fetch_torch(self, lock: Path, version: str) -> None:
        """Take torch from the set indexes, else from the PyTorch project's."""
        wanted: tuple[str, ...] = ("--require-hashes", "-r", str(lock))
        if not tools.torch_is_hashed(version):
            wanted = (_requirement(lock),)
            self._channel.log("info", f"the hash of {wanted[0]} is not known for Python {version}")
        try:
            self._pip(*wanted)
        except NotFoundError:
            self._pip("--extra-index-url", TORCH_INDEX, *wanted)

    def _pip(self, *arguments: str) -> None:
        self._call([self._python, *_PIP, *self._options, *arguments])

    def _call(self, command: list[str], failed: str = "The packages could not be installed") -> None:
        """Run a command and read along.

        Raises:
            AdvisorError: as `PipOutput.failure`.
        """
        self._output.begin()
        with self._start(command) as process:
            if process.stdout is not None:
                for line in process.stdout:
                    self._output.take(line.decode("utf-8", "replace"))
        if process.returncode:
            self._channel.log("info", self._output.text())
            raise self._output.failure(failed)

    def _try_out(self) -> dict[str, str]:
        """Import the tools in the new environment; return their versions."""
        self._call([self._python, "-I", "-c", _TRIAL, *self._request.tried], "The installed tools do not start")
        found: dict[str, str] = msgspec.json.decode(self._output.last_line(), type=dict[str, str])
        return {name: version for name, version in found.items() if name in tools.NEEDED}

    def _complete(self, versions: dict[str, str], version: str) -> InstallResult:
        size_bytes = tools.folder_bytes(self._place)
        marker = tools.Marker(
            lock=tools.lock_hash(), python=version, versions=versions, size_bytes=size_bytes,
            created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        )  # fmt: skip
        paths.write_atomically(self._place / tools.MARKER, msgspec.json.format(msgspec.json.encode(marker)))
        self._tell(1.0, "installed")
        return InstallResult(
            folder=str(self._place), python=self._python, versions=versions, size_bytes=size_bytes,
            downloaded_bytes=self._output.downloaded_bytes, wall_s=time.monotonic() - self._began_s,
        )  # fmt: skip

    def _tick(self) -> None:
        while not self._over.wait(_TOLD_EVERY_S):
            self._tell(*self._progress())

    def _progress(self) -> tuple[float, str]:
        """Return the share of the whole job and what pip is doing, from its output and what the disk has lost."""
        output = self._output
        fetched = min(1.0, output.downloaded_bytes / tools.download_bytes())
        words = f"{units.size(output.downloaded_bytes)} downloaded; package {output.num_packages}: {output.package}"
        share = _SHARE_BEFORE + (_SHARE_FETCHED - _SHARE_BEFORE) * fetched
        if output.is_unpacking:
            gone = self._free_bytes - (tools.free_bytes(self._place) or self._free_bytes)
            unpacked = min(1.0, max(0, gone) / tools.INSTALLED_BYTES)
            share = max(share, _SHARE_BEFORE + (_SHARE_UNPACKED - _SHARE_BEFORE) * unpacked)
            words = f"unpacking {output.num_unpacking} packages"
        return share, words

    def _tell(self, share: float, doing: str) -> None:
        """Say how far it is; never less than before."""
        self._share = max(self._share, share)
        self._channel.progress("load", self._share, detail=doing)

    def _start(self, command: list[str]) -> "subprocess.Popen[bytes]":
        """Start a command, unless the user has cancelled in the same moment: nothing may outlive this process."""
        with self._starting:
            if self._cancelled:
                raise ChildError("cancelled", "The installation was cancelled.")
            self._process = subprocess.Popen(  # noqa: S603 - a list of our own making, no shell
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env=_environment(), start_new_session=sys.platform != "win32",
            )  # fmt: skip
            return self._process

    def _kill(self) -> None:
        """End what runs and its own children, and see them go: they would write into a folder being removed."""
        with self._starting:
            self._cancelled = True
            process = self._process
        if process is None or process.poll() is not None:
            return
        if sys.platform == "win32":
            process.kill()
            return
        os.killpg(process.pid, signal.SIGKILL)
        deadline_s = time.monotonic() + _DYING_S
        with contextlib.suppress(ProcessLookupError, PermissionError, subprocess.TimeoutExpired):
            process.wait(_DYING_S)
            while time.monotonic() < deadline_s:
                os.killpg(process.pid, 0)
                time.sleep(_LOOKED_EVERY_S)


def _claim(place: Path) -> None:
    """Make the folder ours. The file is not written beside and renamed: a kill in between would leave a strange one.

    Raises:
        OutputError: `path-not-writable`.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        (place / tools.BEGUN).write_bytes(_NOTE)
    except OSError as error:
        raise OutputError(
            "path-not-writable", f"{place} cannot be written: {error.strerror or error}.",
            remedy="Change its permissions, or free some space.", path=str(place),
        ) from error  # fmt: skip


def _says_bytes(version_line: str) -> bool:
    """Tell whether a pip, by what it says to --version, can say how many bytes it has: from 24.1 on."""
    found = re.match(r"pip (\d+)\.(\d+)", version_line)
    return found is not None and (int(found[1]), int(found[2])) >= (24, 1)


def _requirement(lock: Path) -> str:
    """Return the one requirement of a lock file, without its hashes."""
    lines = [line for line in lock.read_text("utf-8").splitlines() if "==" in line]
    return lines[0].split("\\")[0].strip()


def _environment() -> dict[str, str]:
    """Return what pip may see: what this child sees, without this app's own packages and the user's hub token."""
    hidden = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"}
    return {name: value for name, value in os.environ.items() if name not in hidden}
