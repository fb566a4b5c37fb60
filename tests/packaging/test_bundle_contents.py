"""What goes into the bundle: the choices of packaging/bundle/contents.py, and reading libraries as the loader does."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _load(name):
    spec = importlib.util.spec_from_file_location(f"bundle_{name}", ROOT / "packaging" / "bundle" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


contents, elf, sizes = _load("contents"), _load("elf"), _load("sizes")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("advisor/_resources/catalog/models.json", True),
        ("typst-0.15.2.dist-info/METADATA", True),
        ("numpy-2.4.6.dist-info/licenses/LICENSE.txt", True),
        ("numpy-2.4.6.dist-info/RECORD", False),
        ("onnx/backend/test/data/node/test_abs/model.onnx", False),
        ("PySide6/Qt/translations/qtbase_de.qm", False),
        ("matplotlib/mpl-data/fonts/ttf/DejaVuSans.ttf", True),
        ("matplotlib/mpl-data/fonts/afm/phvr8a.afm", False),
        ("numpy/tests/data/astype_copy.pkl", False),
        ("numpy/__init__.pyi", False),
    ],
)
def test_data_files_that_nothing_reads_stay_out(name, wanted):
    assert contents.wanted_data(name) is wanted
    assert contents.wanted_data(name.replace("/", "\\")) is wanted  # as PyInstaller writes them on Windows


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("PySide6/Qt/plugins/platforms/libqxcb.so", True),
        ("PySide6/Qt/plugins/platforms/libqeglfs.so", False),
        ("PySide6/Qt/plugins/imageformats/libqsvg.so", True),
        ("PySide6/Qt/plugins/imageformats/libqtiff.so", False),
        ("PySide6/Qt/plugins/tls/libqopensslbackend.so", False),
        ("PySide6\\plugins\\platforms\\qwindows.dll", True),
        ("PySide6\\plugins\\generic\\qtuiotouchplugin.dll", False),
        ("libstdc++.so.6", False),
        ("libX11.so.6", False),
        ("libxcb-cursor.so.0", True),
        ("libssl.so.3", True),
    ],
)
def test_plugins_and_the_systems_own_libraries(name, wanted):
    assert contents.wanted_binary(name) is wanted


def test_a_library_that_only_a_dropped_one_needed_goes_too():
    entries = [
        ("PySide6/QtGui.abi3.so", "gui", "EXTENSION"),
        ("PySide6/Qt/lib/libQt6Gui.so.6", "libQt6Gui", "BINARY"),
        ("libQt6Gui.so.6", "PySide6/Qt/lib/libQt6Gui.so.6", "SYMLINK"),
        ("libglib-2.0.so.0", "glib", "BINARY"),
        ("libsystemd.so.0", "systemd", "BINARY"),
        ("libgcrypt.so.20", "gcrypt", "BINARY"),
    ]
    asks = {"gui": ["libQt6Gui.so.6"], "libQt6Gui": ["libglib-2.0.so.0"], "systemd": ["libgcrypt.so.20"]}
    kept = contents.reachable(
        entries, lambda source: asks.get(source, ()), is_root=lambda e: not contents.is_library_only(e)
    )
    assert [entry[0] for entry in kept] == [entry[0] for entry in entries[:4]]
    links = [("a", "x/libQt6Gui.so.6", "SYMLINK"), ("b", "x/libgone.so.1", "SYMLINK"), ("c", "c", "DATA")]
    assert contents.without_dead_links(links, kept) == [links[0], links[2]]


def test_no_module_of_the_standard_library_is_left_out_but_two():
    standard = {name for name in contents.EXCLUDED_MODULES if name.split(".")[0] in sys.stdlib_module_names}
    assert standard == {"tkinter", "_tkinter", "readline"}


def test_a_library_says_what_it_needs_and_whether_it_can_be_mapped(tmp_path):
    source, made = tmp_path / "one.c", tmp_path / "libone.so"
    source.write_text("#include <math.h>\ndouble one(double x) { return cos(x); }\n")
    subprocess.run(["gcc", "-g", "-shared", "-fPIC", "-o", made, source, "-lm"], check=True)
    assert elf.is_elf(made)
    assert not elf.is_elf(source)
    assert "libm.so.6" in elf.needed(made)
    assert all(version >= (2,) for version in elf.versions(made))
    assert elf.versions(made)
    assert elf.is_loadable(made)
    moved = bytearray(made.read_bytes())
    # the first LOAD segment's offset, one byte off: what strip does to a library that patchelf has rearranged
    start, size = int.from_bytes(moved[32:40], "little"), int.from_bytes(moved[54:56], "little")
    for place in range(start, start + size * int.from_bytes(moved[56:58], "little"), size):
        if moved[place] == 1:
            moved[place + 8] += 1
            break
    broken = tmp_path / "libbroken.so"
    broken.write_bytes(moved)
    assert not elf.is_loadable(broken)


def test_a_search_path_of_the_build_machine_is_pointed_to_the_files_own_folder(tmp_path):
    source, made = tmp_path / "three.c", tmp_path / "libthree.so"
    source.write_text("int three(void) { return 3; }\n")
    for given, left, changed in (
        ("/home/builder/python/lib", "$ORIGIN", True), ("$ORIGIN/../lib", "$ORIGIN/../lib", False), ("", "", False),
    ):  # fmt: skip
        flags = [f"-Wl,-rpath,{given}"] if given else []
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", made, source, *flags], check=True)
        assert elf.runpath(made) == given
        assert elf.keep_runpath_inside(made) is changed
        assert elf.runpath(made) == left
        assert b"/home/builder" not in made.read_bytes()


def test_strip_leaves_a_library_alone_that_the_loader_would_refuse(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "packaging" / "bundle"))
    build = _load("build")
    source, made = tmp_path / "two.c", tmp_path / "libtwo.so"
    source.write_text("int two(void) { return 2; }\n")
    subprocess.run(["gcc", "-g", "-shared", "-fPIC", "-o", made, source], check=True)
    whole = made.read_bytes()
    monkeypatch.setattr(build.elf, "is_loadable", lambda path: False)
    assert build.strip(tmp_path) == 0
    assert made.read_bytes() == whole
    monkeypatch.undo()
    assert build.strip(tmp_path) > 0
    assert len(made.read_bytes()) < len(whole)
    assert [path.name for path in tmp_path.iterdir() if "stripped" in path.name] == []


def test_a_library_that_was_not_found_ends_the_build_unless_what_wants_it_stays_out(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "packaging" / "bundle"))
    build = _load("build")
    line = (
        "99 WARNING: Library not found: could not resolve '{}', dependency of '/v/site-packages/PySide6/Qt/plugins/{}'."
    )
    cursor = line.format("libxcb-cursor.so.0", "platforms/libqxcb.so")
    said = [line.format("libgtk-3.so.0", "platformthemes/libqgtk3.so"), cursor, "100 WARNING: something else"]
    assert build.missing_libraries("\n".join(said)) == [cursor]


def test_each_file_has_a_component():
    assert sizes.component("model-fit-advisor") == sizes.PROGRAM
    assert sizes.component("_internal/PySide6/Qt/lib/libicudata.so.73") == "Qt: Unicode data (ICU)"
    assert sizes.component("_internal/libcrypto.so.3") == "OpenSSL"
    assert sizes.component("_internal/rich-15.0.0.dist-info/METADATA") == sizes.OTHER
    assert sizes.packed_bytes([Path(__file__)]) < Path(__file__).stat().st_size
