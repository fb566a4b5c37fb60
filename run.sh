#!/usr/bin/env bash
# Starts Model Fit Advisor. Without arguments: the window. With arguments: the command line, for example
#   ./run.sh recommend --task "summarise German e-mails, 200 a day"
# Installs what is missing first.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
started_in=$PWD
cd "$here"
# shellcheck source-path=SCRIPTDIR
. packaging/install_debian_libraries.sh

window=no
[ $# -eq 0 ] && window=yes
case "${1:-}" in gui | *.mfa.json) window=yes ;; esac
if [ $window = yes ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}${QT_QPA_PLATFORM:-}" ] && [ "$(uname)" = Linux ]; then
  echo "There is no display here, so the window cannot open. In a terminal: ./run.sh recommend --task \"...\" (or ./run.sh --help)." >&2
  exit 2
fi

make_environment "" || exit 1
if [ $window = yes ]; then
  # shellcheck disable=SC2086 # lists of words on purpose
  install_debian_packages "the window" $QT_OFFSCREEN_PACKAGES $QT_DISPLAY_PACKAGES || exit 1
fi
cd "$started_in" # file names the user gives are relative to where the user is
exec "$here/.venv/bin/python" -P -m advisor "$@" # -P: a folder "advisor" where the user is must not run instead
