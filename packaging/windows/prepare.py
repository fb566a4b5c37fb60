"""Makes what the Windows packages need beside the bundle: icon, version resource, MSIX manifest with its pictures.

Run before PyInstaller (packaging/bundle/build.py does, on Windows): `python packaging/windows/prepare.py`; everything
goes to build/windows/. Runs on Linux too, where the tests read what it makes.

State: recipe, not yet run on Windows; what it writes is checked on Linux.
"""

import argparse
import io
import struct
import sys
from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import recipes  # noqa: E402

ICON_SIZES = (16, 20, 24, 32, 40, 48, 64, 96, 128, 256)
TILES = {
    "Square44x44Logo": (44, 44), "Square71x71Logo": (71, 71), "Square150x150Logo": (150, 150),
    "Square310x310Logo": (310, 310), "Wide310x150Logo": (310, 150), "StoreLogo": (50, 50), "SplashScreen": (620, 300),
}  # fmt: skip
"""[pixels] at a scale of 100 %."""
SCALES = (100, 125, 150, 200, 400)
TARGET_SIZES = (16, 24, 32, 48, 256)
"""[pixels] of the list, the task bar and the file type; drawn to the edge, without a plate behind."""
DEFAULT_PUBLISHER = "CN=Model Fit Advisor contributors"
"""Must be the subject of the certificate that signs, letter for letter; the Store gives one of its own."""


def icon() -> bytes:
    """Return the .ico: each size drawn for itself, packed as PNG, which Windows reads since Vista."""
    pictures = [recipes.draw(size) for size in ICON_SIZES]
    offset = 6 + 16 * len(pictures)
    out = io.BytesIO()
    out.write(struct.pack("<HHH", 0, 1, len(pictures)))
    for size, picture in zip(ICON_SIZES, pictures, strict=True):
        shown = size % 256  # 256 is written as 0
        out.write(struct.pack("<BBBBHHII", shown, shown, 0, 0, 1, 32, len(picture), offset))
        offset += len(picture)
    for picture in pictures:
        out.write(picture)
    return out.getvalue()


def version_resource(number: str, names: dict[str, str]) -> str:
    """Return the version resource as PyInstaller reads it."""
    four = tuple(int(part) for part in recipes.four_numbers(number).split("."))
    strings = {
        "CompanyName": names["developer"], "FileDescription": names["name"], "FileVersion": number,
        "InternalName": names["command"], "LegalCopyright": f"{names['developer']}, {names['license']}",
        "OriginalFilename": f"{names['command']}.exe", "ProductName": names["name"], "ProductVersion": number,
    }  # fmt: skip
    rows = ", ".join(f"StringStruct({name!r}, {value!r})" for name, value in strings.items())
    return (
        f"VSVersionInfo(\n  ffi=FixedFileInfo(filevers={four}, prodvers={four}, mask=0x3F, flags=0x0, OS=0x40004,"
        " fileType=0x1, subtype=0x0, date=(0, 0)),\n"
        f"  kids=[StringFileInfo([StringTable('040904B0', [{rows}])]),"
        " VarFileInfo([VarStruct('Translation', [0x409, 1200])])])\n"
    )


def tiles() -> dict[str, bytes]:
    """Return the pictures that the MSIX manifest names, in each scale, by file name."""
    made: dict[str, bytes] = {}
    for name, (width, height) in TILES.items():
        for scale in SCALES:
            wide, high = round(width * scale / 100), round(height * scale / 100)
            side = round(min(wide, high) * (1 if name in ("Square44x44Logo", "StoreLogo") else 0.5))
            made[f"{name}.scale-{scale}.png"] = recipes.draw(wide, high, drawn=side)
    for size in TARGET_SIZES:
        picture = recipes.draw(size)
        made[f"Square44x44Logo.targetsize-{size}.png"] = picture
        made[f"Square44x44Logo.targetsize-{size}_altform-unplated.png"] = picture
    return made


def msix_manifest(publisher: str) -> str:
    """Return the MSIX manifest."""
    known = recipes.values(publisher=publisher)
    return recipes.fill(HERE / "AppxManifest.xml", known, escape=lambda text: escape(text, quote=True))


def prepare(out: Path, publisher: str = DEFAULT_PUBLISHER) -> None:
    """Write everything."""
    recipes.write(out / "app.ico", icon())
    recipes.write(out / "version.txt", version_resource(recipes.version(), recipes.NAMES))
    recipes.write(out / "msix" / "AppxManifest.xml", msix_manifest(publisher))
    for name, picture in tiles().items():
        recipes.write(out / "msix" / "Assets" / name, picture)


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=recipes.ROOT / "build" / "windows")
    parser.add_argument("--publisher", default=DEFAULT_PUBLISHER, help="subject of the signing certificate")
    options = parser.parse_args()
    prepare(options.out, options.publisher)
    print(f"{options.out}: {sum(1 for path in options.out.rglob('*') if path.is_file())} files")


if __name__ == "__main__":
    main()
