"""Write `resources/MANIFEST.json`: version, size and sha256 of every shipped file.

Run after any change under `resources/`: python packaging/manifest.py
Check only (exit code 1 when it is out of date): python packaging/manifest.py --check

`version` is the edition a table gives itself (`version`, else `as_of`), or null. The manifest's own version is a hash
of all entries, so two installations with the same version ship the same files.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

RESOURCES = Path(__file__).resolve().parents[1] / "resources"
NAME = "MANIFEST.json"


def edition(path: Path, raw: bytes) -> str | None:
    """Return the edition a JSON table gives itself, or null."""
    if path.suffix != ".json":
        return None
    found = json.loads(raw)
    if not isinstance(found, dict):
        return None
    named = found.get("version", found.get("as_of"))
    return str(named) if isinstance(named, str | int) else None


def entry(path: Path) -> dict[str, Any]:
    """Return what the manifest says of one file."""
    raw = path.read_bytes()
    return {"version": edition(path, raw), "size_bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


def shipped(root: Path) -> list[Path]:
    """Return all shipped files but the manifest; files that editors and systems leave behind are not shipped."""
    found = (path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
    return sorted(path for path in found if path != root / NAME)


def build(root: Path = RESOURCES) -> str:
    """Return the manifest as text."""
    files = {path.relative_to(root).as_posix(): entry(path) for path in shipped(root)}
    version = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:12]
    return json.dumps({"schema_version": 1, "version": version, "files": files}, indent=1) + "\n"


def main() -> int:
    """Write or check the manifest; return the exit code."""
    path, wanted = RESOURCES / NAME, build()
    if "--check" not in sys.argv[1:]:
        path.write_text(wanted, encoding="utf-8")
        print(f"{path}: {len(json.loads(wanted)['files'])} files")
        return 0
    if path.is_file() and path.read_text(encoding="utf-8") == wanted:
        return 0
    print(f"{path} is out of date: run python packaging/manifest.py")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
