"""Recipes for systems that are not here: what can be checked on Linux. None of it says that they run there."""

import hashlib
import io
import json
import plistlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
sys.path[:0] = [str(PACKAGING / part) for part in ("", "bundle", "release")]
import contents  # noqa: E402
import manifests  # noqa: E402
import recipes  # noqa: E402

NAMES = recipes.NAMES
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
RECIPES = sorted(
    path for part in ("windows", "macos", "flatpak", "appimage", "winget", "homebrew")
    for path in (PACKAGING / part).iterdir() if path.is_file()
)  # fmt: skip


def load(part, name):
    """Import a script by its path: there are several of one name."""
    import importlib.util

    spec = importlib.util.spec_from_file_location(f"{part}_{name}", PACKAGING / part / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


windows, macos, flatpak = load("windows", "prepare"), load("macos", "prepare"), load("flatpak", "prepare")
installer = load("windows", "build_installer")


@pytest.mark.parametrize("path", [*RECIPES, *WORKFLOWS], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_recipe_says_that_it_was_not_run(path):
    assert recipes.MARKER in path.read_text("utf-8")


def test_the_table_of_what_was_run_names_every_part():
    table = (PACKAGING / "README.md").read_text("utf-8")
    for part in sorted(path for path in PACKAGING.iterdir() if path.is_dir() and path.name != "__pycache__"):
        assert f"`{part.name}/`" in table
    assert table.count(recipes.MARKER) >= 6


# -- Windows


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    out = tmp_path_factory.mktemp("windows")
    windows.prepare(out)
    return out


def test_the_icon_of_windows_has_each_size_drawn_for_itself(prepared):
    image = Image.open(io.BytesIO((prepared / "app.ico").read_bytes()))
    assert image.info["sizes"] == {(size, size) for size in windows.ICON_SIZES}
    for size in windows.ICON_SIZES:
        image.size = (size, size)
        image.load()
        assert image.getpixel((size // 2, size - 1 - size // 12))[:3] == (0x0B, 0x5F, 0x9E)


def test_the_version_resource_is_one_that_pyinstaller_reads(prepared):
    seen = {}

    def part(kind):
        return lambda *words, **named: seen.setdefault(kind, []).append((words, named)) or (kind, words, named)

    kinds = (
        "VSVersionInfo", "FixedFileInfo", "StringFileInfo", "StringTable", "StringStruct", "VarFileInfo", "VarStruct",
    )  # fmt: skip
    eval((prepared / "version.txt").read_text("utf-8"), {kind: part(kind) for kind in kinds})
    major, minor, patch = map(int, recipes.version().split("."))
    assert seen["FixedFileInfo"][0][1]["filevers"] == (major, minor, patch, 0)
    strings = dict(words for words, _ in seen["StringStruct"])
    assert strings["ProductVersion"] == recipes.version()
    assert strings["ProductName"] == NAMES["name"]


@pytest.mark.parametrize("wrong", ["1.2", "1.2.70000", "next"])
def test_windows_takes_no_other_versions(wrong):
    with pytest.raises(recipes.RecipeError):
        recipes.four_numbers(wrong)


def test_versions_as_windows_wants_them():
    assert [recipes.four_numbers(number) for number in ("0.2.0", "1.02.3rc1")] == ["0.2.0.0", "1.2.3.0"]


FOUNDATION = "{http://schemas.microsoft.com/appx/manifest/foundation/windows10}"
UAP = "{http://schemas.microsoft.com/appx/manifest/uap/windows10}"
UAP3 = "{http://schemas.microsoft.com/appx/manifest/uap/windows10/3}"


def test_the_msix_manifest_names_what_is_there(prepared):
    top = ET.parse(prepared / "msix" / "AppxManifest.xml").getroot()
    order = [child.tag.removeprefix(FOUNDATION) for child in top]
    assert order == ["Identity", "Properties", "Dependencies", "Resources", "Applications", "Capabilities"]
    identity = top.find(f"{FOUNDATION}Identity").attrib
    assert re.fullmatch(r"[-.A-Za-z0-9]{3,50}", identity["Name"])  # Microsoft's rule
    assert identity["Name"] == NAMES["id"].replace("_", "-")
    assert re.fullmatch(r"\d+\.\d+\.\d+\.0", identity["Version"])  # the Store keeps the last number for itself
    assert identity["Publisher"].startswith("CN=")
    application = top.find(f"{FOUNDATION}Applications/{FOUNDATION}Application")
    assert application.attrib["Executable"] == f"{NAMES['command']}.exe"
    types = [found.text for found in top.iter(f"{UAP}FileType")]
    assert types == [".json"]  # the last extension of .mfa.json is all that Windows looks at
    association = next(top.iter(f"{UAP3}FileTypeAssociation")).attrib
    assert re.fullmatch(r"[a-z0-9._-]{1,100}", association["Name"])
    assert association["Parameters"] == 'gui "%1"'
    alias = next(found for found in top.iter() if found.tag.endswith("}ExecutionAlias"))
    assert alias.attrib["Alias"] == f"{NAMES['console_command']}.exe"
    wanted = {
        value for found in top.iter() for value in [*found.attrib.values(), found.text or ""] if "Assets" in value
    }
    there = {path.name for path in (prepared / "msix" / "Assets").iterdir()}
    for name in wanted:
        base = name.replace("Assets\\", "").removesuffix(".png")
        assert {f"{base}.scale-{scale}.png" for scale in windows.SCALES} <= there, name


def test_the_pictures_of_the_msix_package_have_their_sizes(prepared):
    for path in (prepared / "msix" / "Assets").iterdir():
        base, _, rest = path.name.removesuffix(".png").partition(".")
        size = Image.open(io.BytesIO(path.read_bytes())).size
        if rest.startswith("scale-"):
            scale = int(rest.removeprefix("scale-"))
            assert size == tuple(round(side * scale / 100) for side in windows.TILES[base]), path.name
        else:
            side = int(re.search(r"targetsize-(\d+)", rest)[1])
            assert size == (side, side)


def test_the_application_manifest_asks_for_no_administrator_and_for_utf8():
    top = ET.parse(PACKAGING / "windows" / "app.manifest").getroot()
    found = {element.tag.rpartition("}")[2]: element for element in top.iter()}
    assert found["requestedExecutionLevel"].attrib == {"level": "asInvoker", "uiAccess": "false"}
    assert found["activeCodePage"].text == "UTF-8"
    assert found["longPathAware"].text == "true"
    assert found["dpiAwareness"].text.startswith("PerMonitorV2")
    assert any(item.attrib.get("name") == "Microsoft.Windows.Common-Controls" for item in top.iter())


@pytest.fixture(scope="module")
def compiled(tmp_path_factory, prepared):
    """An installer of a stand-in bundle, made by the real compiler."""
    bundle = tmp_path_factory.mktemp("bundle")
    for name in (f"{NAMES['command']}.exe", f"{NAMES['console_command']}.exe", "_internal/base_library.zip",
                 "_internal/advisor/__init__.py", "_internal/Größe/名.txt"):  # fmt: skip
        recipes.write(bundle / name, name)
    return installer.build(bundle, prepared / "app.ico", tmp_path_factory.mktemp("dist"), packing="zlib")


def test_the_installer_compiles_and_holds_the_whole_bundle(compiled):
    assert compiled.name == manifests.artefacts()["installer"]
    told = subprocess.run(["7zz", "l", "-ba", "-slt", compiled], capture_output=True, text=True, check=True).stdout
    held = {line.removeprefix("Path = ") for line in told.splitlines() if line.startswith("Path = ")}
    assert {
        f"{NAMES['command']}.exe", f"{NAMES['console_command']}.exe", "_internal/base_library.zip",
        "_internal/advisor/__init__.py", "_internal/Größe/名.txt", "uninstall.exe",
    } <= held  # fmt: skip
    assert not [name for name in held if not name.startswith(("_internal/", "$PLUGINSDIR", NAMES["command"], "uninst"))]


def test_the_installer_asks_for_no_administrator_and_has_its_version(compiled):
    content = compiled.read_bytes()
    assert b'level="asInvoker"' in content
    assert recipes.version().encode("utf-16-le") in content


def test_a_folder_that_is_no_bundle_is_refused(tmp_path, prepared):
    with pytest.raises(SystemExit, match="no bundle for Windows"):
        installer.build(tmp_path, prepared / "app.ico", tmp_path / "dist")


def test_the_installer_writes_for_this_user_only_and_takes_back_what_it_wrote():
    script = (PACKAGING / "windows" / "installer.nsi").read_text("utf-8")
    code = "\n".join(line.split(";")[0] for line in script.splitlines())
    install, _, remove = code.partition('Section "Uninstall"')
    assert "RequestExecutionLevel user" in code
    assert not re.search(r"\b(HKLM|HKCR|SHCTX)\b", code)
    written = re.findall(r'Write\w+ HKCU "([^"]+)" "([^"]*)"', install)
    assert len(written) > 15
    for key, value in written:
        if key.endswith(r"\.json\OpenWithProgids"):
            assert f'DeleteRegValue HKCU "{key}" "{value}"' in remove
        else:
            assert r"\.json" not in key  # not taken over
            roots = re.findall(r'DeleteRegKey HKCU "([^"]+)"', remove)
            assert any(key == root or key.startswith(root + "\\") for root in roots), key
    # The user's own folder is named, never deleted.
    assert "${DATA_FOLDER}" in remove
    assert not re.search(r"(RMDir|Delete)[^\n]*DATA_FOLDER", code)
    for line in re.findall(r"RMDir /r ([^\n]+)", code):
        assert line.strip() == r'"$INSTDIR\_internal"'
    assert "$LOCALAPPDATA" in code  # where platformdirs keeps this app's files on Windows


# -- macOS


def test_the_icon_of_macos_has_each_size():
    image = Image.open(io.BytesIO(macos.icon()))
    assert image.format == "ICNS"
    sizes = {width * scale for width, _, scale in image.info["sizes"]}
    assert sizes >= {32, 64, 128, 256, 512, 1024}
    image.load()  # the largest
    assert image.size == (1024, 1024)
    assert image.getpixel((10, 10))[3] == 0  # Apple's margin
    assert image.getpixel((512, 880))[:3] == (0x0B, 0x5F, 0x9E)


def test_the_values_of_the_macos_app():
    info = macos.info()
    assert info["CFBundleExecutable"] == NAMES["command"]
    assert info["CFBundleShortVersionString"] == recipes.version()
    assert info["LSBackgroundOnly"] is False  # PyInstaller's BUNDLE says True of an app with a console program
    assert re.fullmatch(r"[A-Za-z0-9.-]+", info["CFBundleIdentifier"])  # Apple's rule
    exported = info["UTExportedTypeDeclarations"][0]
    tags = exported["UTTypeTagSpecification"]
    assert tags["public.filename-extension"] == [NAMES["result_suffix"].removeprefix(".")]
    assert tags["public.mime-type"] == [NAMES["mime_type"]]
    own, any_json = info["CFBundleDocumentTypes"]
    assert own["LSItemContentTypes"] == [exported["UTTypeIdentifier"]]
    assert (own["LSHandlerRank"], any_json["LSHandlerRank"]) == ("Owner", "Alternate")
    assert "@" not in json.dumps(info)


def test_the_entitlements_are_few_and_known():
    found = plistlib.loads((PACKAGING / "macos" / "entitlements.plist").read_bytes())
    known = {"allow-jit", "allow-unsigned-executable-memory", "allow-dyld-environment-variables",
             "disable-library-validation", "disable-executable-page-protection"}  # fmt: skip
    for name, value in found.items():
        assert name.removeprefix("com.apple.security.cs.") in known
        assert value is True
        assert name.rpartition(".")[2] in (PACKAGING / "macos" / "README.md").read_text("utf-8")
    assert len(found) <= 1


def test_a_file_is_put_where_the_frozen_program_of_macos_looks(tmp_path):
    app = tmp_path / "A.app"
    for part in ("Resources", "Frameworks"):
        (app / "Contents" / part).mkdir(parents=True)
    (tmp_path / "licences.json").write_text("{}")
    for _ in range(2):
        macos.add_file(app, tmp_path / "licences.json")
    seen = app / "Contents" / "Frameworks" / "licences.json"
    assert seen.is_symlink()
    assert seen.resolve() == (app / "Contents" / "Resources" / "licences.json").resolve()
    assert seen.read_text() == "{}"


def test_a_framework_stays_whole_or_goes():
    lib = "PySide6/Qt/lib"
    kept = [(f"{lib}/QtCore.framework/Versions/A/QtCore", "core", "BINARY"), ("libz.dylib", "z", "BINARY")]
    whole = [
        (f"{lib}/QtCore.framework/Versions/Current", "A", "SYMLINK"),
        (f"{lib}/QtCore.framework/Resources", "Versions/Current/Resources", "SYMLINK"),
        (f"{lib}/QtCore.framework/Versions/A/Resources/Info.plist", "plist", "DATA"),
    ]
    gone = [(name.replace("QtCore", "QtPdf"), source, kind) for name, source, kind in whole]
    assert contents.without_dead_links([*whole, *gone], kept) == whole


# -- winget and Homebrew

IDENTIFIER = {"type": "string", "pattern": r"^[^.\s\\/:*?\"<>|]{1,32}(\.[^.\s\\/:*?\"<>|]{1,32}){1,7}$"}
ADDRESS = {"type": "string", "pattern": "^https://[^@ ]+$", "maxLength": 2048}


def text(least, most):
    return {"type": "string", "minLength": least, "maxLength": most}


def schema(kind, required, **properties):
    """What Microsoft's documentation of the manifest (1.6) says of what we use; anything else is refused."""
    common = {
        "PackageIdentifier": IDENTIFIER, "PackageVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "ManifestType": {"const": kind}, "ManifestVersion": {"const": "1.6.0"},
    }  # fmt: skip
    return {
        "type": "object", "additionalProperties": False, "required": [*common, *required],
        "properties": common | properties,
    }  # fmt: skip


WINGET = {
    "version": schema("version", ["DefaultLocale"], DefaultLocale={"const": "en-US"}),
    "installer": schema(
        "installer", ["Installers", "InstallerType", "Scope"],
        MinimumOSVersion={"type": "string", "pattern": r"^\d+(\.\d+){0,3}$"}, InstallerType={"const": "nullsoft"},
        Scope={"enum": ["user", "machine"]}, UpgradeBehavior={"enum": ["install", "uninstallPrevious"]},
        InstallModes={"type": "array", "items": {"enum": ["interactive", "silent", "silentWithProgress"]}},
        FileExtensions={"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}},
        ReleaseDate={"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        AppsAndFeaturesEntries={
            "type": "array",
            "items": {
                "type": "object", "additionalProperties": False,
                "properties": {name: text(1, 256) for name in ("DisplayName", "Publisher", "ProductCode")},
            },
        },
        Installers={
            "type": "array", "minItems": 1,
            "items": {
                "type": "object", "additionalProperties": False,
                "required": ["Architecture", "InstallerUrl", "InstallerSha256"],
                "properties": {
                    "Architecture": {"enum": ["x86", "x64", "arm", "arm64", "neutral"]}, "InstallerUrl": ADDRESS,
                    "InstallerSha256": {"type": "string", "pattern": "^[A-F0-9]{64}$"},
                },
            },
        },
    ),
    "locale.en-US": schema(
        "defaultLocale", ["PackageLocale", "Publisher", "PackageName", "License", "ShortDescription"],
        PackageLocale={"const": "en-US"}, Publisher=text(2, 256), PublisherUrl=ADDRESS, PublisherSupportUrl=ADDRESS,
        PackageName=text(2, 256), PackageUrl=ADDRESS, License=text(3, 512), LicenseUrl=ADDRESS,
        ShortDescription=text(3, 256), Description=text(3, 10000), Moniker=text(1, 40), ReleaseNotesUrl=ADDRESS,
        Tags={"type": "array", "maxItems": 16, "uniqueItems": True, "items": text(1, 40)},
    ),
}  # fmt: skip


def test_the_manifests_of_winget_and_the_cask_point_to_the_artefacts(tmp_path):
    for name in manifests.artefacts().values():
        (tmp_path / name).write_text(name)
    made = {path.name: path for path in manifests.write(tmp_path)}
    read = {}
    for kind, suffix in manifests.WINGET.items():
        path = made[f"{manifests.WINGET_ID}{suffix}.yaml"]
        # winget reads a date as text; YAML's own reader would make a date of it
        read[kind] = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)
        jsonschema.validate(read[kind], WINGET[kind])
        assert path.parent.name == recipes.version()
        assert path.parent.parts[-4:-1] == ("m", *manifests.WINGET_ID.split("."))
    names = manifests.artefacts()
    download = f"{NAMES['homepage']}/releases/download/v{recipes.version()}"
    entry = read["installer"]["Installers"][0]
    assert entry["InstallerUrl"] == f"{download}/{names['installer']}"
    assert entry["InstallerSha256"] == hashlib.sha256(names["installer"].encode()).hexdigest().upper()
    assert read["installer"]["AppsAndFeaturesEntries"][0]["ProductCode"] == NAMES["id"]

    cask = made["model-fit-advisor.rb"].read_text("utf-8")
    said = dict(re.findall(r'^  (version|sha256|url|name|homepage|app) "(.+)"$', cask, re.MULTILINE))
    assert said["url"].replace("#{version}", said["version"]) == f"{download}/{names['dmg']}"
    assert said["sha256"] == hashlib.sha256(names["dmg"].encode()).hexdigest()
    assert said["app"] == f"{NAMES['name']}.app"
    assert len(re.findall(r"\bdo\b", cask)) == len(re.findall(r"^\s*end$", cask, re.MULTILINE))
    least = int(macos.info()["LSMinimumSystemVersion"].split(".")[0])
    assert {13: ":ventura", 14: ":sonoma", 15: ":sequoia"}[least] in cask


def test_no_manifest_without_its_artefact(tmp_path):
    assert manifests.write(tmp_path) == []


# -- Flatpak and AppImage

TOLD = {
    "install": [
        {"metadata": {"name": name}, "download_info": {
            "url": f"https://index.example/{name}-1.0-py3-none-any.whl",
            "archive_info": {"hashes": {"sha256": "0" * 64}},
        }}
        for name in ("zlib_like", "model-fit-advisor", "annotated")
    ]
}  # fmt: skip


def test_the_flatpak_manifest_is_filled_and_asks_for_little(tmp_path):
    wheel, files = tmp_path / "app-1.0-py3-none-any.whl", tmp_path / "files"
    recipes.write(wheel, b"wheel")
    recipes.write(files / "usr/share/applications/x.desktop", "")
    path = flatpak.prepare(tmp_path / "out", wheel, files, TOLD)
    assert path.name == f"{NAMES['id']}.yaml"
    read = yaml.safe_load(path.read_text("utf-8"))
    assert (read["id"], read["command"]) == (NAMES["id"], NAMES["command"])
    allowed = {
        "--socket=wayland", "--socket=fallback-x11", "--share=ipc", "--device=dri", "--share=network",
    }  # fmt: skip
    assert set(read["finish-args"]) == allowed
    packages, app = read["modules"]
    assert [source["path"] for source in app["sources"]] == [wheel.name, "linux"]
    assert app["sources"][0]["sha256"] == hashlib.sha256(b"wheel").hexdigest()
    assert (path.parent / "linux/usr/share/applications/x.desktop").is_file()
    sources = json.loads((path.parent / packages).read_text("utf-8"))["sources"]
    assert [source["url"].rpartition("/")[2].split("-")[0] for source in sources] == ["annotated", "zlib_like"]


@pytest.mark.parametrize(
    "info", [{"url": "https://index.example/x.tar.gz", "archive_info": {"hashes": {"sha256": "0"}}},
             {"url": "https://index.example/x.whl"}],
)  # fmt: skip
def test_a_package_without_wheel_or_hash_ends_the_flatpak(info):
    with pytest.raises(recipes.RecipeError):
        flatpak.module({"install": [{"metadata": {"name": "x"}, "download_info": info}]}, NAMES["command"])


def test_the_folder_of_the_appimage_starts_the_program_in_it(tmp_path):
    recipes.write(tmp_path / "bundle/model-fit-advisor", '#!/bin/sh\necho "started $*"\n').chmod(0o755)
    share = tmp_path / "files/usr/share"
    recipes.write(share / f"applications/{NAMES['id']}.desktop", "[Desktop Entry]\n")
    recipes.write(share / f"icons/hicolor/256x256/apps/{NAMES['id']}.png", b"png")
    out = tmp_path / "a folder"
    subprocess.run(
        [PACKAGING / "appimage/build.sh", "--only-folder"], check=True,
        env={"PATH": "/usr/bin:/bin", "BUNDLE": tmp_path / "bundle", "FILES": tmp_path / "files", "OUT": out},
    )  # fmt: skip
    folder = out / "ModelFitAdvisor.AppDir"
    assert (folder / ".DirIcon").read_bytes() == b"png"
    done = subprocess.run([folder / "AppRun", "recommend", "a b"], capture_output=True, text=True, check=True)
    assert done.stdout == "started recommend a b\n"


# -- workflows and everything together


def jobs(path):
    return yaml.safe_load(path.read_text("utf-8"))["jobs"].items()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_little_and_trusts_no_text_from_outside(path):
    read = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)  # "on" is a word, not true
    assert read["permissions"] == {"contents": "read"}
    assert read["concurrency"]["group"]
    assert "pull_request_target" not in read["on"]
    for name, job in read["jobs"].items():
        assert int(job["timeout-minutes"]) <= 120
        writes = {scope for scope, right in job.get("permissions", {}).items() if right == "write"}
        assert writes <= {"contents", "id-token", "attestations"}
        assert not writes or name == "release"
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])
                assert "checkout" not in step["uses"] or step["with"]["persist-credentials"] == "false"
            assert "${{" not in step.get("run", "")
            assert "secrets." not in step.get("run", "")
    for line in path.read_text("utf-8").splitlines():
        if "uses:" in line:
            assert re.search(r"# v\d+\.\d+\.\d+$", line)


def test_every_script_that_a_recipe_names_is_there():
    named = set()
    for path in [*RECIPES, *WORKFLOWS, PACKAGING / "README.md"]:
        named |= set(re.findall(r"packaging/[\w/.-]*\.(?:py|sh|ps1|nsi|yaml|spec|plist)\b", path.read_text("utf-8")))
    assert len(named) > 15
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_one_identifier_everywhere():
    from advisor.ui.app import APP_ID

    dashed = NAMES["id"].replace("_", "-")
    assert NAMES["id"] == APP_ID
    assert macos.info()["CFBundleIdentifier"] == dashed
    assert f'Name="{dashed}"' in windows.msix_manifest(windows.DEFAULT_PUBLISHER)
    assert NAMES["id"] in (PACKAGING / "windows" / "prove.ps1").read_text("utf-8")
    assert installer.definitions(Path("a"), Path("b"), Path("c"), "zlib")["APP_ID"] == NAMES["id"]


def test_a_place_without_a_value_ends_the_filling(tmp_path):
    template = tmp_path / "template"
    template.write_text("@NAME@ and @NO_SUCH_VALUE@")
    with pytest.raises(recipes.RecipeError, match="NO_SUCH_VALUE"):
        recipes.fill(template, recipes.values())


def test_no_recipe_holds_a_secret_or_the_address_of_a_package_index():
    for path in [*RECIPES, *WORKFLOWS]:
        content = path.read_text("utf-8")
        assert not re.search(r"pypi\.org|pythonhosted|BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|ghp_\w{20}", content)
