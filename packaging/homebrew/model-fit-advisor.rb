# State: recipe, not yet run. A template: packaging/release/manifests.py fills it; the result goes into a tap.
cask "@COMMAND@" do
  version "@VERSION@"
  sha256 "@MACOS_SHA256@"

  url "@HOMEPAGE@/releases/download/v#{version}/@COMMAND@-#{version}-arm64.dmg"
  name "@NAME@"
  desc "@SUMMARY@"
  homepage "@HOMEPAGE@"

  livecheck do
    url :url
    strategy :github_latest
  end

  # ONNX Runtime's wheels ask for both.
  depends_on arch: :arm64
  depends_on macos: ">= :sonoma"

  app "@NAME@.app"
  binary "#{appdir}/@NAME@.app/Contents/MacOS/@CONSOLE_COMMAND@", target: "@COMMAND@"

  # Only with `brew uninstall --zap`: settings, results and models are the user's.
  zap trash: [
    "~/Library/Application Support/@COMMAND@",
    "~/Library/Caches/@COMMAND@",
    "~/Library/Logs/@COMMAND@",
  ]
end
