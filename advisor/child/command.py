"""How the child is called: its command line and the few environment variables it may see."""

import os
import sys
from collections.abc import Mapping
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
NETWORK_JOBS = frozenset({"hub-download"})
"""Jobs that measure nothing and ask a server the user named."""
NETWORK_NAMES: tuple[str, ...] = (
    "HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN",
    "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_XET", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
"""What these jobs may see besides: the hub, its token and cache, and the way out of this network."""


def command(job: str) -> list[str]:
    """Return the command line of a child that runs `job`.

    In a frozen bundle the windowed executable has no standard streams, so its console sibling is called.
    """
    if getattr(sys, "frozen", False):
        executable = Path(sys.executable)
        sibling = executable.with_name(_CONSOLE_NAME + executable.suffix)
        return [str(sibling if sibling.exists() else executable), CHILD_OPTION, job]
    # -P: a folder named `advisor` in the user's current folder must not be run instead of this app.
    return [sys.executable, "-P", "-m", "advisor", CHILD_OPTION, job]


def environment(base: Mapping[str, str] | None = None, *, job: str = "") -> dict[str, str]:
    """Return the variables the child gets.

    Args:
        base: where they are taken from; the own environment by default.
        job: what the child will do; jobs that ask a server see how to reach it.
    """
    source = os.environ if base is None else base
    names = (*ENVIRONMENT_NAMES, *NETWORK_NAMES) if job in NETWORK_JOBS else ENVIRONMENT_NAMES
    kept = {name: source[name] for name in names if name in source}
    kept["PYTHONUTF8"] = "1"
    if not getattr(sys, "frozen", False):
        home = str(Path(__file__).resolve().parents[2])
        kept["PYTHONPATH"] = os.pathsep.join(part for part in (home, kept.get("PYTHONPATH", "")) if part)
    return kept
