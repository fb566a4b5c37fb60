#!/usr/bin/env bash
# Signs the app from the inside out, has it notarised, staples the ticket, packs a dmg.
# State: recipe, not yet run. Needs macOS 14 with Xcode's command line tools.
#
#   packaging/macos/sign_and_pack.sh "build/bundle/Model Fit Advisor.app" dist
#
# From the environment, never from a file in the repository:
#   SIGN_IDENTITY   "Developer ID Application: Name (TEAMID)"; empty: signed ad hoc, which runs on this computer only
#   NOTARY_PROFILE  name of a keychain profile made once by `xcrun notarytool store-credentials`; empty: not notarised
set -eu
app=${1:?path of the app}
out=${2:?folder for the dmg}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
identity=${SIGN_IDENTITY:--}
profile=${NOTARY_PROFILE:-}
version=$(plutil -extract CFBundleShortVersionString raw "$app/Contents/Info.plist")
name=$(plutil -extract CFBundleDisplayName raw "$app/Contents/Info.plist")
program=$(plutil -extract CFBundleExecutable raw "$app/Contents/Info.plist")
dmg="$out/$program-$version-arm64.dmg"

# Apple's time stamp and the hardened runtime go with a real identity only.
hard=()
if [ "$identity" != "-" ]; then
  hard=(--timestamp --options runtime)
fi
sign() {
  codesign --force --sign "$identity" ${hard[@]+"${hard[@]}"} "$@"
}

# 1. Everything that is code, the deepest first: a seal holds the seals below it. Never --deep, which Apple advises against.
find "$app/Contents/Frameworks" "$app/Contents/Resources" -type f \( -name '*.dylib' -o -name '*.so' -o -perm -u+x \) -print |
  awk '{ print gsub("/", "/"), $0 }' | sort -rn | cut -d' ' -f2- | while IFS= read -r file; do
  if file -b "$file" | grep -q 'Mach-O'; then
    sign "$file"
  fi
done
# 2. Frameworks as a whole, the deepest first.
find "$app/Contents" -type d -name '*.framework' -print | awk '{ print gsub("/", "/"), $0 }' | sort -rn | cut -d' ' -f2- |
  while IFS= read -r framework; do
    sign "$framework"
  done
# 3. The programs beside the main one, with the entitlements of the app; 4. the app.
find "$app/Contents/MacOS" -type f ! -name "$program" -print | while IFS= read -r file; do
  sign --entitlements "$here/entitlements.plist" "$file"
done
sign --entitlements "$here/entitlements.plist" "$app"
codesign --verify --strict --verbose=2 "$app"

# 5. The app is notarised and stapled before it is packed, so that it starts without a network once it was copied.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "$identity" != "-" ] && [ -n "$profile" ]; then
  ditto -c -k --keepParent "$app" "$work/app.zip"
  xcrun notarytool submit "$work/app.zip" --keychain-profile "$profile" --wait
  xcrun stapler staple "$app"
  spctl --assess --type execute --verbose "$app"
else
  echo "Not notarised: macOS will refuse to open it on other computers." >&2
fi

# 6. The dmg: the app and a link to the folder of programs; signed and notarised in its turn.
mkdir -p "$out" "$work/dmg"
cp -R "$app" "$work/dmg/"
ln -s /Applications "$work/dmg/Applications"
rm -f "$dmg"
hdiutil create -volname "$name" -srcfolder "$work/dmg" -fs HFS+ -format ULMO -ov "$dmg"
if [ "$identity" != "-" ]; then
  sign "$dmg"
  if [ -n "$profile" ]; then
    xcrun notarytool submit "$dmg" --keychain-profile "$profile" --wait
    xcrun stapler staple "$dmg"
  fi
fi
echo "$dmg"
