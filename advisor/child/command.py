"""How the child is called: its command line and the few environment variables it may see."""

import os
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from advisor import paths

CHILD_OPTION = "--child"
_CONSOLE_NAME = "model-fit-advisor-cli"
ENVIRONMENT_NAMES: tuple[str, ...] = (
    "PATH", "HOME", "USER", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TEMP", "TMP",
    "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR",
    "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "USERPROFILE",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "COVERAGE_PROCESS_START",
    paths.HOME_VARIABLE,
)  # fmt: skip
"""Everything else stays out, so that what a user happens to have set (thread counts, allocators, proxies) cannot
change a measurement. Idea: pyperf's list of inherited variables."""
NETWORK_JOBS = frozenset({"hub-download", "conversion-tools", "updates"})
"""Jobs that measure nothing and ask a server: the hub, the package index that pip is set to, the project's own page."""
NETWORK_NAMES: tuple[str, ...] = (
    "HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN",
    "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_XET", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE", "PIP_CONFIG_FILE", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_FIND_LINKS",
    "PIP_CERT", "PIP_CLIENT_CERT", "PIP_PROXY", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES",
    "PIP_CACHE_DIR", "PIP_NO_CACHE_DIR", "PIP_KEYRING_PROVIDER", "NETRC",
)  # fmt: skip
"""What these jobs may see besides: the hub, its token and cache, pip's settings, and the way out of this network."""
NO_TELEMETRY: dict[str, str] = {
    "ORT_DISABLE_TELEMETRY": "1", "ORT_TELEMETRY_DISABLED": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1",
}  # fmt: skip
"""Libraries that report on their use unless told not to. ONNX Runtime and its genai extension do so on Linux and macOS
since 1.29 (microsoft/onnxruntime#27379): with the first name, read when they are loaded, they make no identifier, no
cache and no connection; versions before 1.32 read the second."""
_BUNDLE_NAMES = ("QT_PLUGIN_PATH", "QML2_IMPORT_PATH", "PYSIDE6_OPTION_PYTHON_ENUM")
"""Set by PyInstaller's and PySide6's start: a browser or a viewer made with Qt would load the bundle's plugins. Qt
finds them without."""
_PACKAGE = Path(__file__).resolve().parents[1]


def users_variables(variables: MutableMapping[str, str]) -> None:
    """Undo what the start of a bundle does to the environment, once it has been read.

    Other programs that the app starts (a browser, nvidia-smi, another Python) must find the system's libraries and
    plugins, not the bundle's. The start program keeps the user's path of libraries in a variable of its own.

    Args:
        variables: the environment; changed in a bundle only.
    """
    if not getattr(sys, "frozen", False):
        return
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        kept = _outside(variables.pop(f"{name}_ORIG", variables.get(name, "")))
        if kept:
            variables[name] = kept
        else:
            variables.pop(name, None)
    for name in [name for name in variables if name.startswith("_PYI_") or name in _BUNDLE_NAMES]:
        del variables[name]


def _outside(folders: str) -> str:
    """Return a list of folders, as PATH holds one, without those of the bundle."""
    bundle = Path(getattr(sys, "_MEIPASS", os.devnull))
    return os.pathsep.join(part for part in folders.split(os.pathsep) if part and not Path(part).is_relative_to(bundle))


def command(job: str, *, python: str | None = None) -> list[str]:
    """Return the command line of a child that runs `job`.

    In a frozen bundle the windowed executable has no standard streams, so its console sibling is called.

    Args:
        job: its name.
        python: an interpreter that has what the job needs, and perhaps not this app; this one by default.
    """
    if _alone(python):
        return [python or sys.executable, "-P", str(_PACKAGE / "child" / "alone.py"), CHILD_OPTION, job]
    if getattr(sys, "frozen", False):
        executable = Path(sys.executable)
        sibling = executable.with_name(_CONSOLE_NAME + executable.suffix)
        return [str(sibling if sibling.exists() else executable), CHILD_OPTION, job]
    # -P: a folder named `advisor` in the user's current folder must not be run instead of this app.
    return [sys.executable, "-P", "-m", "advisor", CHILD_OPTION, job]


def environment(
    base: Mapping[str, str] | None = None, *, job: str = "", python: str | None = None
) -> dict[str, str]:  # fmt: skip
    """Return the variables the child gets.

    Args:
        base: where they are taken from; the own environment by default.
        job: what the child will do; jobs that ask a server see how to reach it.
        python: as for `command`; another interpreter sees nothing of this one's packages.
    """
    source = os.environ if base is None else base
    names = (*ENVIRONMENT_NAMES, *NETWORK_NAMES) if job in NETWORK_JOBS else ENVIRONMENT_NAMES
    kept = {name: source[name] for name in names if name in source}
    kept["PYTHONUTF8"] = "1"
    kept.update(NO_TELEMETRY)
    if _alone(python):
        for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
            kept.pop(name, None)
        if getattr(sys, "frozen", False):
            kept["PATH"] = _outside(kept.get("PATH", os.defpath))  # on Windows PySide6 puts its own folder there
        return kept
    if not getattr(sys, "frozen", False):
        home = str(_PACKAGE.parent)
        kept["PYTHONPATH"] = os.pathsep.join(part for part in (home, kept.get("PYTHONPATH", "")) if part)
    return kept


def _alone(python: str | None) -> bool:
    """Tell whether the child must be started by `alone.py`: another interpreter, or this process was itself."""
    if python not in (None, sys.executable):
        return True
    return not getattr(sys, "frozen", False) and str(_PACKAGE.parent) not in sys.path
