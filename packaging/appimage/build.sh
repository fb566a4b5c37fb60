#!/usr/bin/env bash
# Makes an AppImage of the bundle: build/bundle and build/linux into dist/. State: recipe, not yet run to the end: the
# folder (AppDir) is made and started by the tests, the last step needs appimagetool, which no package of Debian has.
#
#   packaging/appimage/build.sh [--only-folder]
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
id=$(sed -n 's/^id = "\(.*\)"/\1/p' packaging/project.toml)
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' advisor/__init__.py)
bundle=${BUNDLE:-build/bundle/model-fit-advisor}
files=${FILES:-build/linux}
out=${OUT:-build/appimage}
folder=$out/ModelFitAdvisor.AppDir

rm -rf "$folder"
mkdir -p "$folder/usr/lib"
cp -al "$bundle" "$folder/usr/lib/model-fit-advisor" 2>/dev/null || cp -a "$bundle" "$folder/usr/lib/model-fit-advisor"
cp -a "$files/usr/share" "$folder/usr/share"
cp packaging/appimage/AppRun "$folder/AppRun"
# appimagetool wants entry and icon at the top.
cp "$files/usr/share/applications/$id.desktop" "$folder/"
cp "$files/usr/share/icons/hicolor/256x256/apps/$id.png" "$folder/$id.png"
ln -s "$id.png" "$folder/.DirIcon"
[ "${1:-}" = "--only-folder" ] && exit 0
command -v appimagetool >/dev/null || { echo "appimagetool was not found; the folder is $folder" >&2; exit 1; }
mkdir -p dist
ARCH=x86_64 appimagetool --no-appstream --comp zstd "$folder" "dist/model-fit-advisor-$version-x86_64.AppImage"
