# Proves an installer on a Windows computer: installs, works, installs again over itself, removes, leaves the user's data.
# State: recipe, not yet run.
#
#   packaging/windows/prove.ps1 dist/model-fit-advisor-0.2.0-setup.exe
[CmdletBinding()]
param([Parameter(Mandatory)][string]$Installer)
$ErrorActionPreference = "Stop"

$key = "HKCU:\Software\Microsoft\Windows\CurrentVersion\Uninstall\io.github.model_fit_advisor.ModelFitAdvisor"
$data = Join-Path $env:LOCALAPPDATA "model-fit-advisor"
$jsonBefore = (Get-ItemProperty "HKCU:\Software\Classes\.json" -ErrorAction SilentlyContinue).'(default)'

function Step([string]$What, [scriptblock]$Do) {
  Write-Output "== $What"
  & $Do
}
function Install {
  $done = Start-Process $Installer -ArgumentList "/S" -Wait -PassThru
  if ($done.ExitCode -ne 0) { throw "the installer ended with $($done.ExitCode)" }
}
function Call([string[]]$Words) {
  & $script:console @Words
  if ($LASTEXITCODE -ne 0) { throw "model-fit-advisor-cli $Words ended with $LASTEXITCODE" }
}

Step "it installs silently, without an administrator" { Install }
$place = (Get-ItemProperty $key).InstallLocation
$console = Join-Path $place "model-fit-advisor-cli.exe"
Step "the command line works" { Call @("--version"); Call @("recommend", "--task", "sort 500 emails a day into 6 topics") }
Step "a measurement with a made-up model" { Call @("probe", "sentence-transformers/all-MiniLM-L6-v2", "--format", "onnx-int8-dynamic") }
Step "the whole job in the window" { $env:QT_QPA_PLATFORM = "offscreen"; Call @("gui", "--smoke"); $env:QT_QPA_PLATFORM = $null }
Step "the window's own program starts and can be closed" {
  $window = Start-Process (Join-Path $place "model-fit-advisor.exe") -PassThru
  if (-not $window.WaitForInputIdle(60000)) { throw "no window" }
  Start-Sleep -Seconds 5
  $null = $window.CloseMainWindow()
  if (-not $window.WaitForExit(30000)) { $window.Kill(); throw "the window did not close" }
  if ($window.ExitCode -ne 0) { throw "the window ended with $($window.ExitCode)" }
}
Step "it installs over itself and keeps the user's data" {
  Install
  if (-not (Test-Path (Join-Path $data "history.sqlite"))) { throw "the history is gone" }
}
Step "it is removed: nothing but the user's data is left" {
  $done = Start-Process (Join-Path $place "uninstall.exe") -ArgumentList "/S", "_?=$place" -Wait -PassThru
  if ($done.ExitCode -ne 0) { throw "the uninstaller ended with $($done.ExitCode)" }
  # called so, the uninstaller waits, and cannot take itself away
  Remove-Item (Join-Path $place "uninstall.exe") -ErrorAction SilentlyContinue
  if (Get-ChildItem $place -ErrorAction SilentlyContinue) { throw "files are left in $place" }
  if (Test-Path $key) { throw "the list of programs still names it" }
  if (Test-Path (Join-Path $env:APPDATA "Microsoft\Windows\Start Menu\Programs\Model Fit Advisor.lnk")) { throw "the menu still has it" }
  if (Test-Path "HKCU:\Software\Classes\io.github.model_fit_advisor.ModelFitAdvisor.result.1") { throw "the file type is left" }
  if (-not (Test-Path (Join-Path $data "history.sqlite"))) { throw "the user's data went with it" }
  $jsonAfter = (Get-ItemProperty "HKCU:\Software\Classes\.json" -ErrorAction SilentlyContinue).'(default)'
  if ($jsonBefore -ne $jsonAfter) { throw ".json was taken over" }
}
Write-Output "Proven: $Installer"
