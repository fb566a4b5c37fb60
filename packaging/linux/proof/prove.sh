#!/usr/bin/env bash
# Proves a .deb on a system that has nothing: a minimal Debian 12 made by debootstrap, the package and what it depends on,
# and an ordinary user without a network. Prints each step with its time; dist/proof/ keeps the table and a screenshot.
#   packaging/linux/proof/prove.sh [FILE.deb]
# Needs root, debootstrap, unshare and a Debian mirror. Exit status: 0 all passed, 1 a step failed, 3 it cannot run here.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
deb=$(realpath "${1:-$(ls -t "$root"/dist/*.deb 2>/dev/null | head -n 1)}")
suite=bookworm
name=model-fit-advisor
out=$root/dist/proof

cannot() {
  echo "The proof on a clean system cannot run here: $1." >&2
  exit 3
}
[ "$(id -u)" -eq 0 ] || cannot "it needs root, to make the system"
command -v debootstrap >/dev/null || cannot "debootstrap is not installed"
[ -f "$deb" ] || cannot "there is no package; packaging/linux/build_packages.py makes it"
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null |
  grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ' || true)
mirror=${mirror:-http://deb.debian.org/debian}

mkdir -p "$out"
report=$out/report.txt
: >"$report"
system=$(mktemp -d)
cleanup() {
  local place
  for place in $(awk -v under="$system/" 'index($2, under) == 1 {print $2}' /proc/mounts | sort -r); do
    umount -l "$place" || true
  done
  rm -rf --one-file-system "$system"
}
trap cleanup EXIT

failed=0
# step WHAT COMMAND...: runs it, keeps what it said, goes on after a failure.
step() {
  local what=$1 began status=0
  shift
  began=$(date +%s.%N)
  "$@" >"$out/step.log" 2>&1 || status=$?
  if [ $status -eq 0 ] && grep -nE 'Traceback|cannot open shared object|Segmentation fault|qt.qpa.plugin: Could not|ImportError' "$out/step.log"; then
    status=99
  fi
  printf '%-4s %6.1f s  %s\n' "$([ $status -eq 0 ] && echo PASS || echo FAIL)" "$(echo "$(date +%s.%N) $began" | awk '{print $1 - $2}')" "$what" | tee -a "$report"
  if [ $status -ne 0 ]; then
    failed=1
    sed 's/^/     | /' "$out/step.log" | tail -n 30 | tee -a "$report"
  fi
}
inside() {
  chroot "$system" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}
# as_user COMMAND...: an ordinary user, no network but loopback, no display unless the command brings one.
as_user() {
  unshare --net -- chroot --userspec=1000:1000 "$system" /usr/bin/env -i HOME=/home/somebody USER=somebody \
    PATH=/usr/bin:/bin LC_ALL=C.UTF-8 XDG_RUNTIME_DIR=/home/somebody/run "$@"
}
files() {
  (cd "$system" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./home -o -path ./tmp -o -path ./var/cache/apt \
    -o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path ./var/log -o -path ./run -o -path ./root -o -path ./dev \) -prune \
    -o -print | sort)
}

bootstrap() {
  local base=$root/.cache/proof/$suite.tar
  if [ -f "$base" ]; then
    tar -C "$system" -xpf "$base"
  else
    debootstrap --variant=minbase "$suite" "$system" "$mirror"
    mkdir -p "$(dirname "$base")"
    tar -C "$system" --one-file-system -cf "$base.part" . && mv "$base.part" "$base"
  fi
  chmod 755 "$system"
  mount -t proc proc "$system/proc"
  mount --rbind --make-rslave /dev "$system/dev"
  cp /etc/resolv.conf "$system/etc/resolv.conf" 2>/dev/null || true
  cp /etc/hosts "$system/etc/hosts"
  cp /etc/apt/apt.conf.d/*proxy* "$system/etc/apt/apt.conf.d/" 2>/dev/null || true
  printf '#!/bin/sh\nexit 101\n' >"$system/usr/sbin/policy-rc.d"
  chmod 755 "$system/usr/sbin/policy-rc.d"
  inside apt-get update -q
  inside useradd -m -u 1000 somebody
  install -d -o 1000 -g 1000 -m 700 "$system/home/somebody/run"
}
install_package() {
  cp "$1" "$system/tmp/package.deb"
  inside apt-get install -y -q --no-install-recommends /tmp/package.deb
  rm "$system/tmp/package.deb"
}
older_package() {
  # The same files under an older number, with one that the new version does not have.
  local work
  work=$(mktemp -d -p "$system/tmp")
  dpkg-deb -R "$deb" "$work/tree"
  sed -i 's/^Version: .*/Version: 0.1.9-1/' "$work/tree/DEBIAN/control"
  touch "$work/tree/usr/lib/$name/of-the-older-version"
  (cd "$work/tree" && find . -path ./DEBIAN -prune -o -type f -printf '%P\n' | xargs -d '\n' md5sum >DEBIAN/md5sums)
  dpkg-deb -Znone -b "$work/tree" "$work/older.deb"
  install_package "$work/older.deb"
  rm -rf "$work"
}
recommend() {
  as_user "$name" recommend --task "sort 500 support emails a day into 6 topics, English" --json >"$out/recommend.json" &&
    python3 -c 'import json, sys; found = json.load(open(sys.argv[1])); sys.exit(not found)' "$out/recommend.json"
}
probe() {
  as_user "$name" probe sentence-transformers/all-MiniLM-L6-v2 --format onnx-int8-dynamic --json >"$out/probe.json" &&
    python3 -c 'import json, sys; found = json.load(open(sys.argv[1])); sys.exit(not found)' "$out/probe.json"
}
self_test() {
  as_user QT_QPA_PLATFORM="$1" "$name" gui --smoke | tee "$out/self-test.txt"
  grep -qx ready "$out/self-test.txt"
}
window_on_a_display() {
  # A window in another user's display: Xvfb and the window live in one namespace without a network.
  as_user sh -c 'xvfb-run -a -s "-screen 0 1280x800x24" sh -c "
    model-fit-advisor gui --theme light --ready-line >/tmp/ready.txt 2>/tmp/window.txt & window=\$!
    for turn in \$(seq 100); do grep -q ready /tmp/ready.txt && break; sleep 0.2; done
    sleep 4
    xwd -root -silent -out /tmp/screen.xwd
    kill \$window; wait \$window 2>/dev/null; cat /tmp/window.txt /tmp/ready.txt"'
  grep -qx ready "$system/tmp/ready.txt"
  inside convert /tmp/screen.xwd /tmp/screen.png
  cp "$system/tmp/screen.png" "$out/window.png"
  # A picture of a window has many colours; an empty or boxed one has few.
  test "$(inside identify -format '%k' /tmp/screen.png)" -gt 60
}
without_a_display() {
  local status=0
  as_user "$name" 2>"$out/no-display.txt" || status=$?
  [ $status -eq 2 ] && grep -q "no display" "$out/no-display.txt"
}
registered() {
  grep -q "mfa.json" "$system/usr/share/mime/globs2" &&
    grep -q "ModelFitAdvisor.desktop" "$system/usr/share/applications/mimeinfo.cache" &&
    inside desktop-file-validate "/usr/share/applications/$(basename "$(ls "$system"/usr/share/applications/*ModelFitAdvisor.desktop)")" &&
    inside appstreamcli validate --no-net "/usr/share/metainfo/$(basename "$(ls "$system"/usr/share/metainfo/*ModelFitAdvisor*)")"
}
manual_and_completion() {
  test -s "$system/usr/share/man/man1/$name.1.gz" &&
    as_user bash -c '. /usr/share/bash-completion/completions/model-fit-advisor
      COMP_WORDS=(model-fit-advisor recom) COMP_CWORD=1; _model_fit_advisor_completion model-fit-advisor
      [ "${COMPREPLY[*]}" = recommend ]'
}
upgraded() {
  [ ! -e "$system/usr/lib/$name/of-the-older-version" ] && [ -s "$system/home/somebody/.local/share/$name/history.sqlite" ] &&
    as_user "$name" --version
}
no_build_machine_inside() {
  # Nothing that is installed may name the checkout it was built in.
  ! grep -rlaF "$root/" "$system/usr/lib/$name" "$system/usr/share/doc/$name" | grep .
}
no_process_left() {
  ! readlink /proc/[0-9]*/exe | grep "$system/usr/lib/$name"
}
nothing_left() {
  inside apt-get purge -y -q "$name"
  [ -s "$system/home/somebody/.local/share/$name/history.sqlite" ] || { echo "the user's data went with the package"; return 1; }
  inside apt-get autoremove -y -q --purge
  files | grep -iE "model.?fit.?advisor" && return 1
  return 0
}

step "a minimal Debian 12" bootstrap
step "an older package installs" older_package
files >"$out/files-with-older.txt"
step "without a display it says so in a sentence" without_a_display
step "recommend in a terminal, as a user without a network" recommend
step "this version installs over the older one" install_package "$deb"
step "the older one's files are gone, the user's data is there" upgraded
step "--help" as_user "$name" --help
step "a measurement with a made-up model" probe
step "the whole job in the window, offscreen" self_test offscreen
step "no path of the build machine inside" no_build_machine_inside
step "a display, and what checks metadata, are installed" inside apt-get install -y -q --no-install-recommends xvfb xauth x11-apps \
  imagemagick desktop-file-utils appstream shared-mime-info
step "the window on a display, with a screenshot" window_on_a_display
step "the whole job in the window on a display" as_user sh -c 'QT_QPA_PLATFORM=xcb xvfb-run -a model-fit-advisor gui --smoke'
step "file type, desktop entry and metadata are registered" registered
step "man page and completion" manual_and_completion
step "no process is left" no_process_left
step "removed: nothing of it is left, the user's data is untouched" nothing_left
rm -f "$out/step.log"
if [ $failed -eq 0 ]; then
  echo "Proven: $(basename "$deb") on a clean $suite." | tee -a "$report"
else
  echo "Not proven: see above." | tee -a "$report"
fi
exit $failed
