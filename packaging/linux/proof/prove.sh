#!/usr/bin/env bash
# Proves a .deb on a system that has nothing: a minimal Debian or Ubuntu made by debootstrap, the package and what it
# depends on, and an ordinary user without a network. Prints each step with its time; dist/proof/ (of other systems than
# Debian 12: dist/proof-SUITE/) keeps the table, what each step said, and a screenshot.
#   packaging/linux/proof/prove.sh [FILE.deb [SUITE]]     SUITE: bookworm (default), trixie; jammy, noble (Ubuntu)
# Needs root, debootstrap, unshare and a mirror; for Ubuntu its archive's keys (package ubuntu-keyring). Exit status: 0 all passed, 1 a step failed, 3 it cannot run here.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
deb=${1:-$(find "$root/dist" -maxdepth 1 -name '*.deb' -printf '%T@ %p\n' 2>/dev/null | sort -n | tail -n 1 | cut -d' ' -f2-)}
suite=${2:-bookworm}
name=model-fit-advisor
id=io.github.model_fit_advisor.ModelFitAdvisor
out=$root/dist/proof
[ "$suite" = bookworm ] || out=$out-$suite

cannot() {
  echo "The proof on a clean system cannot run here: $1." >&2
  exit 3
}
[ "$(id -u)" -eq 0 ] || cannot "it needs root, to make the system"
command -v debootstrap >/dev/null || cannot "debootstrap is not installed"
[ -f "$deb" ] || cannot "there is no package; packaging/linux/build_packages.py makes it"
deb=$(realpath "$deb")
# In a mount namespace of its own: whatever ends the proof, nothing stays mounted.
if [ -z "${PROOF_NAMESPACE:-}" ]; then
  unshare --mount --net true 2>/dev/null || cannot "this machine does not let root mount"
  PROOF_NAMESPACE=1 exec unshare --mount --propagation private -- bash "${BASH_SOURCE[0]}" "$deb" "$suite"
fi
components=main
case $suite in
  jammy | noble)
    distribution=Ubuntu mirror=http://archive.ubuntu.com/ubuntu components=main,universe
    keys=/usr/share/keyrings/ubuntu-archive-keyring.gpg script=/usr/share/debootstrap/scripts/gutsy
    ;;
  *)
    distribution=Debian mirror="" keys=/usr/share/keyrings/debian-archive-keyring.gpg
    script=/usr/share/debootstrap/scripts/sid # named, so that suites newer than debootstrap can be made too
    ;;
esac
[ -f "$keys" ] || cannot "the keys of $distribution's archive are not installed ($keys)"
[ -n "$mirror" ] || mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null |
  grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ' || true)
mirror=${mirror:-http://deb.debian.org/debian}

rm -rf "$out"
mkdir -p "$out/said"
report=$out/report.txt
system=$(mktemp -d)
cleanup() {
  local place
  for place in $(awk -v under="$system/" 'index($2, under) == 1 {print $2}' /proc/mounts | sort -r); do
    umount -l "$place" || true
  done
  rm -rf --one-file-system "$system"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

failed=0 steps=0
complaints='Traceback|cannot open shared object|Segmentation fault|ImportError|ModuleNotFoundError|dpkg: error|Unescaped left'
# Whatever Qt, fontconfig and the C library warn of.
complaints="$complaints|qt\.[a-z.]+: |QFont|QObject::|QThread|QXcb|QSocket|QPainter|QLayout|Qt WebEngine|Fontconfig (warning|error)|libEGL warning|double free"
# step WHAT COMMAND...: runs it, keeps what it said, goes on after a failure. The first command that fails ends a step.
step() {
  local what=$1 began status=0 said
  shift
  steps=$((steps + 1))
  said=$out/said/$(printf '%02d' $steps).txt
  echo "# $what" >"$said"
  began=$(date +%s.%N)
  (
    set -eu
    "$@"
  ) >>"$said" 2>&1 &
  wait $! || status=$?
  if [ $status -eq 0 ] && grep -nE "$complaints" "$said"; then
    status=99
  fi
  printf '%-4s %6.1f s  %s\n' "$([ $status -eq 0 ] && echo PASS || echo FAIL)" \
    "$(echo "$(date +%s.%N) $began" | awk '{print $1 - $2}')" "$what" | tee -a "$report"
  if [ $status -ne 0 ]; then
    failed=1
    sed 's/^/     | /' "$said" | tail -n 30 | tee -a "$report"
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
# Every path of the system but other file systems, homes, and what apt, dpkg and debconf keep for themselves.
files() {
  (cd "$system" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./home -o -path ./tmp -o -path ./var/cache/apt \
    -o -path ./var/cache/debconf -o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path ./var/log -o -path ./run -o -path ./root -o -path ./dev \) -prune \
    -o -print | LC_ALL=C sort)
}
# users_files: name and sum of every file in the user's home.
users_files() {
  (cd "$system/home/somebody" && find . -type f -exec sha256sum {} + | LC_ALL=C sort -k 2)
}

lint() {
  # Debian 12's lintian does not know zstd, in which quick packages come; a release comes in xz.
  local known=malformed-deb-archive
  ar t "$deb" | grep -q '^data.tar.zst$' || known=
  lintian --allow-root --fail-on error,warning --suppress-tags "$known" "$deb"
}
bootstrap() {
  local base=$root/.cache/proof/$suite.tar
  if [ -f "$base" ]; then
    tar -C "$system" -xpf "$base"
  else
    debootstrap --variant=minbase --components="$components" --keyring="$keys" "$suite" "$system" "$mirror" "$script"
    mkdir -p "$(dirname "$base")"
    tar -C "$system" --one-file-system -cf "$base.part" .
    mv "$base.part" "$base"
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
  files >"$out/files-before.txt"
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
  (cd "$work/tree" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | xargs -0 md5sum >DEBIAN/md5sums)
  dpkg-deb -Znone --root-owner-group -b "$work/tree" "$work/older.deb"
  install_package "$work/older.deb"
  rm -rf "$work"
}
recommend() {
  as_user "$name" recommend --task "sort 500 support emails a day into 6 topics, English" --json >"$out/recommend.json"
  python3 - "$out/recommend.json" <<'END'
import json, sys
text = open(sys.argv[1], encoding="utf-8").read()
assert json.loads(text)["schema"].startswith("model-fit-advisor/"), text[:200]
assert "all-MiniLM" in text or "potion" in text or "bert" in text.lower(), "no model was found"
END
}
probe() {
  as_user "$name" probe sentence-transformers/all-MiniLM-L6-v2 --format onnx-int8-dynamic --json >"$out/probe.json"
  python3 - "$out/probe.json" <<'END'
import json, sys
found = json.load(open(sys.argv[1], encoding="utf-8"))
assert found["outcome"] == "finished" and found["kind"] == "synthetic", found["message"]
assert "queries/s" in found["sentence"], found["sentence"]
print(found["sentence"])
END
}
self_test() {
  # $1: what Qt draws on; the rest starts the program.
  local platform=$1
  shift
  as_user QT_QPA_PLATFORM="$platform" "$@" "$name" gui --smoke >"$out/self-test-$platform.txt"
  cat "$out/self-test-$platform.txt"
  [ "$(grep -c ': done$' "$out/self-test-$platform.txt")" -ge 6 ]
  grep -qx ready "$out/self-test-$platform.txt"
}
window_on_a_display() {
  # Xvfb and the window live in one namespace without a network.
  cat >"$system/tmp/window.sh" <<'END'
model-fit-advisor gui --theme light --ready-line >/tmp/ready.txt &
window=$!
for turn in $(seq 100); do grep -q ready /tmp/ready.txt && break; sleep 0.2; done
sleep 4
xwd -root -silent -out /tmp/screen.xwd
kill $window
status=0
wait $window || status=$?
echo "ended with $status after being asked to"
cat /tmp/ready.txt
END
  as_user xvfb-run -a -s "-screen 0 1280x800x24" sh /tmp/window.sh
  grep -qx ready "$system/tmp/ready.txt"
  inside convert /tmp/screen.xwd /tmp/screen.png
  cp "$system/tmp/screen.png" "$out/window.png"
  # A picture of a window has many colours; an empty one has few.
  test "$(inside identify -format '%k' /tmp/screen.png)" -gt 60
}
text_is_legible() {
  # Boxes instead of letters cannot be read; these words are on every first page.
  inside convert /tmp/screen.png -resize 300% -colorspace gray /tmp/large.png
  inside tesseract /tmp/large.png - --psm 11 2>/dev/null | tee "$out/read.txt"
  local word
  for word in "Model Fit Advisor" "Results" "Report" "Settings" "Memory" "Processor"; do
    grep -qF "$word" "$out/read.txt" || { echo "not legible: $word"; return 1; }
  done
}
without_a_display() {
  local status=0
  as_user "$name" 2>"$out/no-display.txt" || status=$?
  cat "$out/no-display.txt"
  [ $status -eq 2 ]
  grep -q "no display" "$out/no-display.txt"
}
registered() {
  local found=/home/somebody/found.mfa.json
  inside desktop-file-validate "/usr/share/applications/$id.desktop"
  inside appstreamcli validate --no-net "/usr/share/metainfo/$id.metainfo.xml"
  echo '{}' >"$system$found"
  as_user gio info -a standard::content-type "$found" | tee -a /dev/stderr | grep -qF "application/vnd.model-fit-advisor+json"
  as_user gio mime application/vnd.model-fit-advisor+json | tee -a /dev/stderr | grep -qF "$id.desktop"
  as_user xdg-mime query default application/vnd.model-fit-advisor+json | tee -a /dev/stderr | grep -qF "$id.desktop"
  rm "$system$found"
  local size
  for size in 16x16 48x48 128x128 512x512; do
    test -s "$system/usr/share/icons/hicolor/$size/apps/$id.png"
  done
  test -s "$system/usr/share/icons/hicolor/scalable/apps/$id.svg"
}
manual_and_completion() {
  as_user sh -c "MANWIDTH=100 man --warnings $name" >"$out/man.txt" 2>"$out/man-warnings.txt"
  cat "$out/man-warnings.txt"
  [ ! -s "$out/man-warnings.txt" ]
  grep -q "recommend" "$out/man.txt"
  as_user sh -c "man $name-cli" | grep -q "recommend"
  as_user bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader model-fit-advisor || true
    wanted=$(complete -p model-fit-advisor); wanted=${wanted##*-F }; wanted=${wanted%% *}
    COMP_LINE="model-fit-advisor recom" COMP_POINT=23 COMP_WORDS=(model-fit-advisor recom) COMP_CWORD=1
    "$wanted" model-fit-advisor recom model-fit-advisor
    echo "completed to: ${COMPREPLY[*]}"; [ "$(echo ${COMPREPLY[*]})" = recommend ]'
}
upgraded() {
  [ ! -e "$system/usr/lib/$name/of-the-older-version" ]
  users_files | diff "$out/users-files-before-upgrade.txt" -
  inside dpkg-query -W -f='${db:Status-Abbrev} ${Version}\n' "$name" | tee -a /dev/stderr | grep -q '^ii '
  inside dpkg --verify "$name" >"$out/changed.txt"
  cat "$out/changed.txt"
  [ ! -s "$out/changed.txt" ]
  as_user "$name" --version
}
no_build_machine_inside() {
  # Nothing that is installed may name the checkout it was built in.
  ! grep -rlaF "$root/" "$system/usr/lib/$name" "$system/usr/share/doc/$name" | grep .
}
no_process_left() {
  ! readlink /proc/[0-9]*/exe | grep "$system"
}
nothing_left() {
  users_files >"$out/users-files-before-removal.txt"
  test -s "$system/home/somebody/.local/share/$name/history.sqlite"
  inside apt-get purge -y -q "$name"
  users_files | diff "$out/users-files-before-removal.txt" -
  # What was installed to look at the package, and what the package brought: all of it away again.
  inside apt-get purge -y -q $looking
  inside apt-get autoremove -y -q --purge -o APT::AutoRemove::RecommendsImportant=false -o APT::AutoRemove::SuggestsImportant=false
  files >"$out/files-after.txt"
  # Ubuntu 22.04's fontconfig leaves a mark in each folder of fonts, 24.04's base system one beside /lib; appstreamcli,
  # which only this proof runs, its cache.
  LC_ALL=C comm -13 "$out/files-before.txt" "$out/files-after.txt" |
    grep -vE '^\./(usr/(local/)?share/fonts(/[a-z]+)*(/\.uuid)?|lib\.usr-is-merged|var/cache/swcatalog(/.*)?)$' >"$out/files-left.txt" || true
  cat "$out/files-left.txt"
  [ ! -s "$out/files-left.txt" ]
  ! files | grep -iE "model.?fit.?advisor"
}
looking="xvfb xauth x11-apps imagemagick desktop-file-utils appstream shared-mime-info libglib2.0-bin xdg-utils man-db bash-completion tesseract-ocr"

if [ "$suite" != bookworm ]; then
  : # it looks at the package, which is the same everywhere
elif command -v lintian >/dev/null; then
  step "lintian finds nothing but what is overridden with a reason" lint
else
  echo "----           lintian is not installed here: not asked" | tee -a "$report"
fi
step "a minimal $distribution ($suite)" bootstrap
[ -f "$out/files-before.txt" ] || cannot "no minimal $distribution could be made from $mirror"
step "an older package installs" older_package
step "without a display it says so in a sentence" without_a_display
step "recommend in a terminal, as a user without a network" recommend
users_files >"$out/users-files-before-upgrade.txt"
step "this version installs over the older one" install_package "$deb"
step "the older one's files are gone, the user's are as they were" upgraded
step "--help" as_user "$name" --help
step "recommend again, with what the older one kept" recommend
step "a measurement with a made-up model" probe
step "the whole job in the window, offscreen" self_test offscreen env
step "no path of the build machine inside" no_build_machine_inside
# shellcheck disable=SC2086 # a list of words on purpose
step "a display, and what looks at the rest, are installed" inside apt-get install -y -q --no-install-recommends $looking
step "the window on a display, with a screenshot" window_on_a_display
step "the text in the screenshot can be read" text_is_legible
step "the whole job in the window on a display" self_test xcb xvfb-run -a
step "file type, desktop entry, metadata and icons are registered" registered
step "man page and completion" manual_and_completion
step "no process is left" no_process_left
step "removed: nothing of it is left in the system, the user's files are as they were" nothing_left
if [ $failed -eq 0 ]; then
  echo "Proven: $(basename "$deb") on a clean $distribution ($suite)." | tee -a "$report"
else
  echo "Not proven: see above." | tee -a "$report"
fi
exit $failed
