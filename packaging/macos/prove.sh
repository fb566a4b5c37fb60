#!/usr/bin/env bash
# Proves a dmg on a Mac: mounts, copies the app, works, starts the window, removes. State: recipe, not yet run.
#
#   packaging/macos/prove.sh dist/model-fit-advisor-0.2.0-arm64.dmg
set -eu
dmg=${1:?path of the dmg}
work=$(mktemp -d)
hdiutil attach "$dmg" -mountpoint "$work/volume" -nobrowse -readonly
trap 'hdiutil detach "$work/volume" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
ditto "$work/volume/Model Fit Advisor.app" "$work/Model Fit Advisor.app"
app="$work/Model Fit Advisor.app"
console="$app/Contents/MacOS/model-fit-advisor-cli"
export MODEL_FIT_ADVISOR_HOME="$work/home"

codesign --verify --strict --deep "$app"
"$console" --version
"$console" recommend --task "sort 500 emails a day into 6 topics"
"$console" probe sentence-transformers/all-MiniLM-L6-v2 --format onnx-int8-dynamic
QT_QPA_PLATFORM=offscreen "$console" gui --smoke
# The app as Finder starts it, with a document: it opens, and takes the request to quit.
open -n -W --env "MODEL_FIT_ADVISOR_HOME=$MODEL_FIT_ADVISOR_HOME" "$app" &
opened=$!
sleep 10
osascript -e 'tell application "Model Fit Advisor" to quit'
wait "$opened"
lipo -archs "$console" | grep -qx arm64
echo "Proven: $dmg"
