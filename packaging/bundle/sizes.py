"""What each MB of the bundle is: a table by component, unpacked and, with --packed, as xz leaves it.

Run: `python packaging/bundle/sizes.py [--packed] [FOLDER]`. A component packed alone takes a little more than its part
of the whole package, whose files share what they have in common.
"""

import argparse
import io
import lzma
import tarfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "build" / "bundle" / "model-fit-advisor"
MB = 1e6
COMPONENTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Qt: Unicode data (ICU)", ("PySide6/Qt/lib/libicu",)),
    ("Qt: libraries", ("PySide6/Qt/lib/",)),
    ("Qt: plugins", ("PySide6/Qt/plugins/",)),
    ("PySide6 and Shiboken: Python bindings of Qt", ("PySide6/", "shiboken6/")),
    ("Typst: PDF reports", ("typst",)),
    ("ONNX Runtime: probes", ("onnxruntime",)),
    ("ONNX: writing models for probes", ("onnx/", "onnx-", "google/", "protobuf", "ml_dtypes")),
    ("NumPy with OpenBLAS", ("numpy", "libscipy_openblas", "libgfortran", "libquadmath")),
    ("Matplotlib: figures of reports", ("matplotlib", "mpl_toolkits", "kiwisolver", "contourpy", "cycler", "fonttools")
     ),
    ("Pillow: wanted by Matplotlib", ("PIL/", "pillow", "libjpeg-", "libtiff-", "libopenjp2-", "libXau-", "libxcb-9",
                                      "liblzma-", "libzstd-")),
    ("Tokenizers", ("tokenizers",)),
    ("Hub client with Xet", ("hf_xet", "huggingface_hub", "yaml", "pyyaml")),
    ("Pydantic: wanted by Typer", ("pydantic",)),
    ("pyqtgraph: plots", ("pyqtgraph",)),
    ("Python itself", ("libpython", "python3", "base_library.zip")),
    ("OpenSSL", ("libcrypto", "libssl")),
    ("System libraries", ("lib",)),
    ("The app: sources for the conversion tools' Python, tables, icons", ("advisor/", "model_fit_advisor")),
    ("Licences", ("licences",)),
)  # fmt: skip
"""Name and how the paths of its files under `_internal` begin; the first that fits counts."""
PROGRAM = "Program: all Python code of the app and its libraries, compressed"
OTHER = "Small Python packages"


def component(path: str) -> str:
    """Return the component that a file under the bundle's folder belongs to."""
    inside = path.removeprefix("_internal/")
    if inside == path:
        return PROGRAM
    for name, beginnings in COMPONENTS:
        if inside.startswith(beginnings):
            return name
    return OTHER


def by_component(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each component; links count nothing."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            found[component(path.relative_to(folder).as_posix())].append(path)
    return found


def packed_bytes(paths: list[Path]) -> int:
    """Return what xz at its best leaves of the files, in one archive."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for path in paths:
            archive.add(path, arcname=path.name)
    return len(lzma.compress(held.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=BUNDLE)
    parser.add_argument("--packed", action="store_true", help="also as xz leaves it; takes minutes")
    options = parser.parse_args()
    found = by_component(options.folder)
    sizes = {name: sum(path.stat().st_size for path in paths) for name, paths in found.items()}
    packed: dict[str, int] = {}
    if options.packed:
        with ThreadPoolExecutor(2) as workers:
            packed = dict(zip(found, workers.map(packed_bytes, found.values()), strict=True))
    print("| component | MB |" + (" packed |" if packed else ""))
    print("| --- | --- |" + (" --- |" if packed else ""))
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        row = f"| {name} | {sizes[name] / MB:.1f} |"
        print(row + (f" {packed[name] / MB:.1f} |" if packed else ""))
    print(
        f"| **all** | **{sum(sizes.values()) / MB:.1f}** |" + (f" {sum(packed.values()) / MB:.1f} |" if packed else "")
    )


if __name__ == "__main__":
    main()
