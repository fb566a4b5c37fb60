"""Where the app keeps its files. One environment variable, `MODEL_FIT_ADVISOR_HOME`, moves all folders."""

import os
from pathlib import Path

HOME_VARIABLE = "MODEL_FIT_ADVISOR_HOME"
_APP_NAME = "model-fit-advisor"


def _folder(kind: str) -> Path:
    moved = os.environ.get(HOME_VARIABLE)
    if moved:
        return Path(moved) / kind
    import platformdirs

    try:
        usual = Path(str(getattr(platformdirs.PlatformDirs(_APP_NAME, appauthor=False), f"user_{kind}_dir")))
    except RuntimeError:
        usual = Path("~")
    if usual.is_absolute():
        return usual
    return (_private_folder() or Path(os.devnull)) / kind  # this user has no home


def config_folder() -> Path:
    """Return the folder of settings."""
    return _folder("config")


def data_folder() -> Path:
    """Return the folder of history, saved machines and models."""
    return _folder("data")


def cache_folder() -> Path:
    """Return the folder of files that can be made again, synthetic graphs among them."""
    return _folder("cache")


def work_folder() -> Path:
    """Return the cache folder, made; where it cannot be written, a private one among the system's temporary files."""
    usual = cache_folder()
    try:
        usual.mkdir(parents=True, exist_ok=True)
    except OSError:
        return _private_folder() or usual
    return usual if os.access(usual, os.W_OK | os.X_OK) else _private_folder() or usual


def _private_folder() -> Path | None:
    """Return a temporary folder that every process of this user finds and no other may enter; None if there is none."""
    import stat
    import tempfile

    user = os.getuid() if hasattr(os, "getuid") else "user"
    try:
        folder = Path(tempfile.gettempdir()) / f"{_APP_NAME}-{user}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and (found.st_uid != user or found.st_mode & 0o077)):
        return None  # somebody else's, laid there beforehand
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def log_folder() -> Path:
    """Return the folder of log files."""
    return _folder("log")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is either whole or untouched.

    Args:
        path: file to write; its folder is made.
        content: all of it.

    Raises:
        OutputError: `path-is-folder`, `path-not-writable` or `disk-full`.
    """
    import errno
    import tempfile

    from advisor.errors import OutputError

    if path.is_dir():
        raise OutputError(
            "path-is-folder", f"{path} is a folder, not a file.", remedy="Give a file name.", path=str(path)
        )
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            Path(temporary).chmod(path.stat().st_mode & 0o777)
        else:
            mask = os.umask(0)
            os.umask(mask)
            Path(temporary).chmod(0o666 & ~mask)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutputError(
                "disk-full",
                f"There is no space left to write {path}.",
                remedy="Free some space or choose another folder. Nothing was changed.",
                path=str(path),
            ) from error
        raise OutputError(
            "path-not-writable",
            f"{path} cannot be written: {error.strerror or error}.",
            remedy="Choose another folder or change its permissions. Nothing was changed.",
            path=str(path),
        ) from error
