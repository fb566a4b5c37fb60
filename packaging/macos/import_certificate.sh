#!/usr/bin/env bash
# Puts the signing certificate and the notary's account into a keychain of their own, for a build machine.
# State: recipe, not yet run.
#
# From the environment: MACOS_CERTIFICATE (a .p12 in base64), MACOS_CERTIFICATE_PASSWORD, NOTARY_APPLE_ID, NOTARY_TEAM,
# NOTARY_PASSWORD (an app password), NOTARY_PROFILE (any name). The keychain is build.keychain, with a password of chance.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
password=$(openssl rand -hex 24)
printf '%s' "$MACOS_CERTIFICATE" | base64 --decode >"$work/certificate.p12"
security create-keychain -p "$password" build.keychain
security set-keychain-settings -lut 7200 build.keychain
security unlock-keychain -p "$password" build.keychain
security import "$work/certificate.p12" -k build.keychain -P "$MACOS_CERTIFICATE_PASSWORD" -T /usr/bin/codesign
security set-key-partition-list -S apple-tool:,apple: -k "$password" build.keychain >/dev/null
security list-keychains -d user -s build.keychain login.keychain
if [ -n "${NOTARY_PROFILE:-}" ]; then
  xcrun notarytool store-credentials "$NOTARY_PROFILE" --apple-id "$NOTARY_APPLE_ID" --team-id "$NOTARY_TEAM" \
    --password "$NOTARY_PASSWORD" --keychain build.keychain
fi
