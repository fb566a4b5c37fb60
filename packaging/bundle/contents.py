"""What goes into the bundle and what stays out, each with its reason. Pure: the spec and the tests call it.

An entry is what PyInstaller's tables hold: (name inside the bundle, source, kind).
"""

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

Entry = tuple[str, str, str]

HIDDEN_IMPORTS = ("matplotlib.backends.backend_svg",)  # matplotlib finds it by name when a report draws
EXCLUDED_MODULES = (
    # extras and things that libraries import when they happen to be there
    "torch", "transformers", "sympy", "scipy", "IPython", "cupy", "numba", "setuptools", "pkg_resources", "pip",
    "tkinter", "_tkinter", "onnxruntime_genai", "diffusers", "timm", "gguf", "safetensors", "pandas",
    # readline is GPL-3 and only a debugger at a terminal wants it
    "readline",
    # parts of libraries that no code of ours reaches
    "pyqtgraph.opengl", "pyqtgraph.examples", "pyqtgraph.flowchart", "pyqtgraph.console", "pyqtgraph.jupyter",
    "numpy.f2py", "onnxruntime.transformers", "onnxruntime.tools", "onnx.backend.test",
    "onnx.reference", "onnx.bin", "matplotlib.tests", "mpl_toolkits.axes_grid1", "mpl_toolkits.axisartist",
    "matplotlib.backends.backend_qtagg",
    "matplotlib.backends.backend_qt", "fsspec.implementations", "fsspec.conftest", "fsspec.tests",
    "PySide6.QtNetwork", "PIL._avif", "PIL._webp", "PIL._imagingcms", "PIL._imagingft", "PIL._imagingtk",
)  # fmt: skip
"""No module of the standard library but tkinter and readline: pyqtgraph needs pydoc, numpy.testing unittest."""
DROPPED_RUNTIME_HOOKS = {
    "pyi_rth_mplconfig": ("linux", "win32", "darwin"),  # a folder at each start, where all fonts are read anew
    "pyi_rth_multiprocessing": ("linux", "win32", "darwin"),  # the app has none
    "pyi_rth_pyqtgraph_multiprocess": ("linux", "win32", "darwin"),
    # Loads Qt in each command and each measuring child: 0.1 s and 15 MB. On Linux Qt finds its plugins without.
    "pyi_rth_pyside6": ("linux",),
}
"""Code that PyInstaller runs before the app, and the systems on which it is left out."""

QT_PLUGINS = {
    "platforms": ("qxcb", "qwayland", "qoffscreen", "qminimal", "qwindows", "qcocoa"),
    "imageformats": ("qsvg", "qjpeg", "qico"),
    "iconengines": ("qsvgicon",),
    "platforminputcontexts": ("composeplatforminputcontextplugin", "ibusplatforminputcontextplugin"),
    "platformthemes": ("qxdgdesktopportal",),
    "xcbglintegrations": ("qxcb-egl-integration", "qxcb-glx-integration"),
    "wayland-shell-integration": ("xdg-shell", "qt-shell"),
    "wayland-decoration-client": ("adwaita", "bradient"),
    "wayland-graphics-integration-client": ("qt-plugin-wayland-egl",),
    "styles": ("qmodernwindowsstyle", "qmacstyle"),
}
"""Everything else is for embedded screens, other image formats, network, or test devices."""
SYSTEM_LIBRARIES = (
    # The system's own: they belong to its display server, drivers, buses and fonts, and must be of the same make.
    "libX11.so", "libX11-xcb.so", "libxcb.so", "libdrm.so", "libwayland-", "libsystemd.so", "libdbus-1.so",
    "libfontconfig.so", "libudev.so", "libEGL.so", "libGL.so",
    # An older copy would be found by the system's graphics driver and break it.
    "libstdc++.so", "libgcc_s.so", "libfreetype.so", "libexpat.so",
)  # fmt: skip
_DATA_DROPPED = (
    "PySide6/Qt/translations/", "matplotlib/mpl-data/sample_data/", "matplotlib/mpl-data/plot_directive/",
    "matplotlib/mpl-data/stylelib/", "matplotlib/mpl-data/images/", "matplotlib/mpl-data/fonts/afm/",
    "matplotlib/mpl-data/fonts/pdfcorefonts/", "pyqtgraph/icons/peegee/", "onnx/backend/", "onnx/reference/",
)  # fmt: skip
_METADATA_KEPT = ("METADATA", "licenses/", "LICENSE", "LICENCE", "NOTICE", "COPYING", "AUTHORS")


def wanted_data(name: str) -> bool:
    """Tell whether a data file goes in."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.as_posix().startswith(_DATA_DROPPED) or path.suffix in (".pyi", ".pxd", ".h", ".pyx", ".c"):
        return False
    first, _, rest = path.as_posix().partition("/")
    if first.endswith(".dist-info"):
        return rest.startswith(_METADATA_KEPT)
    return "__pycache__" not in path.parts and "tests" not in path.parts


def wanted_binary(name: str) -> bool:
    """Tell whether a library or a plugin goes in, before those are dropped that nothing needs any more."""
    path = PurePosixPath(name.replace("\\", "/"))
    if "plugins" in path.parts and path.parts[0] == "PySide6":
        kept = QT_PLUGINS.get(path.parent.name, ())
        return path.name.split(".")[0].removeprefix("lib") in kept
    return not path.name.startswith(SYSTEM_LIBRARIES)


def reachable(entries: Iterable[Entry], needed: Callable[[str], Iterable[str]], *, is_root: Callable[[Entry], bool]
              ) -> list[Entry]:  # fmt: skip
    """Return the entries that a root needs, directly or through others, in their order.

    Args:
        entries: binaries of the bundle, links among them.
        needed: names of the libraries that a source file asks the loader for.
        is_root: the entry is wanted for itself: an extension module, a plugin.
    """
    entries = list(entries)
    by_name: dict[str, list[Entry]] = {}
    for entry in entries:
        by_name.setdefault(PurePosixPath(entry[0].replace("\\", "/")).name.lower(), []).append(entry)
    kept: set[str] = set()
    waiting = [entry for entry in entries if is_root(entry)]
    while waiting:
        entry = waiting.pop()
        if entry[0] in kept:
            continue
        kept.add(entry[0])
        names = [PurePosixPath(entry[1].replace("\\", "/")).name] if entry[2] == "SYMLINK" else needed(entry[1])
        for name in names:
            waiting += by_name.get(PurePosixPath(name.replace("\\", "/")).name.lower(), [])
    return [entry for entry in entries if entry[0] in kept]


def is_library_only(entry: Entry) -> bool:
    """Tell whether an entry is there for others only: a shared library outside a package's own modules."""
    path = PurePosixPath(entry[0].replace("\\", "/"))
    inside = path.parts[0]
    return entry[2] in ("BINARY", "SYMLINK") and (
        len(path.parts) == 1 or inside.endswith(".libs") or path.parts[:3] == ("PySide6", "Qt", "lib")
    )


def without_dead_links(datas: Iterable[Entry], binaries: Iterable[Entry]) -> list[Entry]:
    """Return the data files without the links whose library has been dropped.

    On macOS what belongs to a framework (its links, its Info.plist) stays or goes with the framework as a whole: half a
    framework cannot be signed.
    """
    binaries = list(binaries)
    there = {PurePosixPath(entry[0].replace("\\", "/")).name for entry in binaries}
    frameworks = {_framework(entry[0]) for entry in binaries}
    return [
        entry for entry in datas
        if (_framework(entry[0]) in frameworks if _framework(entry[0])
            else entry[2] != "SYMLINK" or PurePosixPath(entry[1].replace("\\", "/")).name in there)
    ]  # fmt: skip


def _framework(name: str) -> str:
    """Return the macOS framework that an entry lies in, or nothing."""
    before, found, _ = name.partition(".framework/")
    return before if found else ""
