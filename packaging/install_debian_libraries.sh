#!/usr/bin/env bash
# Sourced by run.sh and test.sh: installs the Debian packages named, where the user may, else says which are missing.

# What the Qt wheels load without a display (offscreen) and with one (xcb, wayland).
export QT_OFFSCREEN_PACKAGES="libegl1 libgl1 libx11-6 libxkbcommon0 libglib2.0-0 libfontconfig1 libfreetype6 libdbus-1-3 fonts-dejavu-core"
export QT_DISPLAY_PACKAGES="libxkbcommon-x11-0 libx11-xcb1 libxcb1 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1
  libxcb-randr0 libxcb-render0 libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-util1 libxcb-xfixes0
  libxcb-xkb1 libwayland-client0 libwayland-cursor0 libwayland-egl1 xkb-data"

# What packages are made with, and what their metadata is checked with.
export PACKAGING_PACKAGES="binutils desktop-file-utils appstream nsis 7zip rpm xz-utils bash-completion man-db shared-mime-info"

installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_debian_packages WHY PACKAGE...: returns 0 when all are there at the end.
install_debian_packages() {
  local why=$1 missing="" package
  shift
  command -v dpkg-query >/dev/null 2>&1 || return 0 # not a Debian-like system: nothing to check here
  for package in "$@"; do
    # Debian 13 and Ubuntu 24.04 name some libraries with the suffix t64.
    installed "$package" || installed "${package}t64" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  local become=""
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
      become="sudo -n"
    else
      echo "${why^} needs these Debian packages, which are not installed:$missing" >&2
      echo "Install them with: sudo apt-get install --no-install-recommends$missing" >&2
      return 1
    fi
  fi
  echo "Installing what $why needs:$missing" >&2
  # shellcheck disable=SC2086 # a list of words on purpose
  if ! $become env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null 2>&1; then
    $become env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null 2>&1
    # shellcheck disable=SC2086
    if ! $become env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >&2; then
      echo "These packages could not be installed:$missing" >&2
      return 1
    fi
  fi
}

# find_python: prints an interpreter the project supports.
find_python() {
  local name
  for name in python3.11 python3 python3.12 python3.13; do
    if command -v "$name" >/dev/null 2>&1 &&
      "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
      echo "$name"
      return 0
    fi
  done
  return 1
}

# python_library_package PYTHON: prints the Debian package with the shared library of an interpreter that lacks it.
# PyInstaller puts that library into the bundle; Debian's python3 does without.
python_library_package() {
  "$1" - <<'END'
import pathlib, sys, sysconfig

folder, name = sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME") or ""
places = [pathlib.Path(folder, name), pathlib.Path(folder, sysconfig.get_config_var("MULTIARCH") or "", name)]
if name.endswith(".a") or not any(place.is_file() for place in places):
    print(f"libpython{sys.version_info[0]}.{sys.version_info[1]}")
END
}

# make_environment EXTRAS: makes .venv in the current folder with the pinned versions; EXTRAS is "" or "[test]".
make_environment() {
  local extras=$1 python want stamp
  if ! python=$(find_python); then
    install_debian_packages "Model Fit Advisor" python3 python3-venv || return 1
    python=$(find_python) || {
      echo "Model Fit Advisor needs Python 3.11, 3.12 or 3.13, and none was found." >&2
      return 1
    }
  fi
  want="$extras $($python -V 2>&1) $(cat pyproject.toml constraints.txt | sha256sum | cut -c1-16) $PWD"
  stamp=.venv/.installed
  case "$(cat "$stamp" 2>/dev/null)" in
    "$want" | "[test]${want#"$extras"}") return 0 ;;
  esac
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    install_debian_packages "making a virtual environment" "$(basename "$("$python" -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}")')")-venv" || return 1
  fi
  echo "Installing the Python packages into .venv (once; about 1 minute) ..." >&2
  rm -f "$stamp"
  "$python" -m venv .venv || return 1
  # The build backend is pinned by the same file.
  PIP_CONSTRAINT=$PWD/constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 \
    .venv/bin/python -m pip install -q -e ".$extras" >&2 || {
    echo "The Python packages could not be installed; the lines above say why." >&2
    return 1
  }
  echo "$want" >"$stamp"
}
