"""Makes the Windows installer from a bundle by NSIS: `python packaging/windows/build_installer.py`.

Needs `makensis` (NSIS 3; Debian's package nsis compiles the same installer on Linux, where nothing can run it).

State: recipe, not yet run on Windows; compiled on Linux by the tests, with a stand-in folder.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import recipes  # noqa: E402

PLACES = (Path("C:/Program Files (x86)/NSIS/makensis.exe"), Path("C:/Program Files/NSIS/makensis.exe"))


def compiler() -> str:
    """Return where makensis is."""
    found = shutil.which("makensis") or next((str(place) for place in PLACES if place.is_file()), None)
    if not found:
        sys.exit(
            "makensis was not found. Install NSIS 3 (Windows: winget install NSIS.NSIS; Debian: apt install nsis)."
        )
    return found


def definitions(bundle: Path, icon: Path, target: Path, packing: str) -> dict[str, str]:
    """Return what the script is given."""
    names, number = recipes.NAMES, recipes.version()
    return {
        "APP_ID": names["id"], "APP_NAME": names["name"], "APP_COMMAND": names["command"],
        "APP_CONSOLE": names["console_command"], "APP_VERSION": number, "APP_VERSION4": recipes.four_numbers(number),
        "APP_DEVELOPER": names["developer"], "APP_LICENSE": names["license"], "APP_HOMEPAGE": names["homepage"],
        "APP_SUMMARY": names["summary"], "RESULT_SUFFIX": names["result_suffix"],
        "UNINSTALL_KEY": f"Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\{names['id']}",
        "DATA_FOLDER": "model-fit-advisor", "BUNDLE": str(bundle), "ICON": str(icon), "OUT_FILE": str(target),
        "LICENSE_FILE": str(recipes.ROOT / "LICENSE"), "PACKING": packing,
    }  # fmt: skip


def build(bundle: Path, icon: Path, out: Path, *, packing: str = "lzma") -> Path:
    """Return the installer, written into a folder."""
    names = recipes.NAMES
    for command in (names["command"], names["console_command"]):
        if not (bundle / f"{command}.exe").is_file():
            sys.exit(f"{bundle} has no {command}.exe: it is no bundle for Windows.")
    out.mkdir(parents=True, exist_ok=True)
    target = (out / f"{names['command']}-{recipes.version()}-setup.exe").resolve()
    mark = "/" if sys.platform == "win32" else "-"
    given = definitions(bundle.resolve(), icon.resolve(), target, packing)
    words = [f"{mark}D{name}={value}" for name, value in given.items()]
    done = subprocess.run(
        [compiler(), f"{mark}WX", f"{mark}V2", f"{mark}INPUTCHARSET", "UTF8", *words, str(HERE / "installer.nsi")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        target.unlink(missing_ok=True)
        sys.exit(f"makensis: {done.stdout}")
    return target


def main() -> None:
    """Build the installer."""
    build_folder = recipes.ROOT / "build"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=build_folder / "bundle" / recipes.NAMES["command"])
    parser.add_argument("--icon", type=Path, default=build_folder / "windows" / "app.ico")
    parser.add_argument("--out", type=Path, default=recipes.ROOT / "dist")
    parser.add_argument("--fast", action="store_true", help="pack by zlib instead of lzma")
    options = parser.parse_args()
    made = build(options.bundle, options.icon, options.out, packing="zlib" if options.fast else "lzma")
    print(f"{made}: {made.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
