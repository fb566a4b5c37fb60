# Packs the bundle as MSIX by the Windows SDK. State: recipe, not yet run.
# Before: packaging/bundle/build.py, packaging/windows/sign.ps1 on the bundle. After: sign.ps1 on the package.
[CmdletBinding()]
param([string]$Bundle = "build/bundle/model-fit-advisor", [string]$Made = "build/windows/msix", [string]$Out = "dist")
$ErrorActionPreference = "Stop"

$bin = Get-ChildItem "${env:ProgramFiles(x86)}\Windows Kits\10\bin\*\x64\makeappx.exe" | Sort-Object FullName | Select-Object -Last 1
if (-not $bin) { throw "makeappx.exe was not found: install the Windows SDK." }
$folder = "build/windows/package"
Remove-Item $folder -Recurse -Force -ErrorAction SilentlyContinue
Copy-Item $Bundle $folder -Recurse
Copy-Item "$Made/*" $folder -Recurse -Force
# The index that finds each picture in the scale a screen wants.
$pri = Join-Path $bin.Directory "makepri.exe"
& $pri createconfig /cf build/windows/priconfig.xml /dq en-US /o
if ($LASTEXITCODE -ne 0) { throw "makepri createconfig ended with $LASTEXITCODE" }
& $pri new /pr $folder /cf build/windows/priconfig.xml /mn "$folder/AppxManifest.xml" /of "$folder/resources.pri" /o
if ($LASTEXITCODE -ne 0) { throw "makepri new ended with $LASTEXITCODE" }
$version = ([xml](Get-Content "$folder/AppxManifest.xml")).Package.Identity.Version -replace "\.0$", ""
New-Item $Out -ItemType Directory -Force | Out-Null
& $bin.FullName pack /d $folder /p "$Out/model-fit-advisor-$version-x64.msix" /o
if ($LASTEXITCODE -ne 0) { throw "makeappx ended with $LASTEXITCODE" }
