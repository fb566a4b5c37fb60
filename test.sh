#!/usr/bin/env bash
# Runs everything that must hold: lint, types, import contracts, tests. Installs what is missing first.
# Arguments are passed on to pytest and then only the tests run:  ./test.sh tests/unit -k units
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR
. packaging/install_debian_libraries.sh

# gcc builds a stand-in for NVIDIA's library; poppler and Xvfb check the PDF and the real window.
# shellcheck disable=SC2086 # lists of words on purpose
install_debian_packages "the test suite" $QT_OFFSCREEN_PACKAGES $QT_DISPLAY_PACKAGES gcc libc6-dev poppler-utils xvfb xauth $PACKAGING_PACKAGES || exit 1
make_environment "[test]" || exit 1
# shellcheck disable=SC2046
install_debian_packages "the bundle" $(python_library_package .venv/bin/python) || exit 1
export PATH="$PWD/.venv/bin:$PATH"
export QT_QPA_PLATFORM=offscreen
unset DISPLAY WAYLAND_DISPLAY

if [ $# -gt 0 ]; then
  exec python -m pytest "$@"
fi
# Real models, and the tools that convert them: made once, kept in .cache, beside what needs one processor only.
prepared=$(mktemp)
python tests/real_models.py >"$prepared" 2>&1 &
preparing=$!
# The bundle that users install, for the tests of it; made again when its sources have changed.
bundled=$(mktemp)
python packaging/bundle/build.py --if-changed >"$bundled" 2>&1 &
bundling=$!
trap 'kill "$preparing" "$bundling" 2>/dev/null || true; rm -f "$prepared" "$bundled"' EXIT
echo "== ruff"
ruff check .
ruff format --check -q . || { echo "Run: ruff format ." >&2; exit 1; }
echo "== mypy"
mypy
echo "== import contracts"
lint-imports --no-logo 2>/dev/null || lint-imports
echo "== models and tools for the tests"
wait "$preparing" || { cat "$prepared" >&2; exit 1; }
cat "$prepared"
echo "== the bundle"
wait "$bundling" || { cat "$bundled" >&2; exit 1; }
cat "$bundled"
# What measures, or asks how fast a meter's counter moves, runs alone; all else two at a time.
alone="tests/probe tests/e2e/test_cli.py tests/e2e/test_cli_energy.py tests/e2e/test_cli_onnx_file.py tests/e2e/test_cli_weights.py"
failed=0
echo "== tests, two at a time"
# shellcheck disable=SC2046,SC2086 # lists of words on purpose
python -m pytest -q -n 2 --dist loadfile $(printf -- '--ignore=%s ' $alone) || failed=1
echo "== tests that measure"
# shellcheck disable=SC2086
python -m pytest -q $alone || failed=1
exit $failed
