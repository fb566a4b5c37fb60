# Signs every program and library of a folder, or the files named. State: recipe, not yet run.
#
#   packaging/windows/sign.ps1 build/bundle/model-fit-advisor          before the installer is made
#   packaging/windows/sign.ps1 dist/model-fit-advisor-0.2.0-setup.exe  after
#
# From the environment, never from a file in the repository:
#   SIGN_CERTIFICATE           a .pfx in base64, and
#   SIGN_CERTIFICATE_PASSWORD  its password; or
#   SIGN_THUMBPRINT            of a certificate in the user's store (a token or a cloud key has its own provider there)
# SIGN_TIMESTAMP               address of a time stamp server (RFC 3161) of the certificate's issuer
[CmdletBinding()]
param([Parameter(Mandatory)][string[]]$Path)
$ErrorActionPreference = "Stop"

$found = Get-ChildItem "${env:ProgramFiles(x86)}\Windows Kits\10\bin\*\x64\signtool.exe" | Sort-Object FullName | Select-Object -Last 1
if (-not $found) { throw "signtool.exe was not found: install the Windows SDK." }
if (-not $env:SIGN_TIMESTAMP) { throw "SIGN_TIMESTAMP is empty: without a time stamp the signature ends with the certificate." }

# Everything that Windows loads: Smart App Control looks at each file. What its maker has signed keeps that signature.
$files = foreach ($item in $Path) {
  if (Test-Path $item -PathType Container) {
    Get-ChildItem $item -Recurse -File -Include *.exe, *.dll, *.pyd |
      Where-Object { (Get-AuthenticodeSignature $_.FullName).Status -ne "Valid" } | ForEach-Object FullName
  } else { (Resolve-Path $item).Path }
}
if (-not $files) { Write-Output "Nothing to sign."; exit 0 }

$words = @("sign", "/fd", "SHA256", "/tr", $env:SIGN_TIMESTAMP, "/td", "SHA256")
$certificate = $null
try {
  if ($env:SIGN_CERTIFICATE) {
    $certificate = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName() + ".pfx")
    [IO.File]::WriteAllBytes($certificate, [Convert]::FromBase64String($env:SIGN_CERTIFICATE))
    $words += @("/f", $certificate, "/p", $env:SIGN_CERTIFICATE_PASSWORD)
  } elseif ($env:SIGN_THUMBPRINT) {
    $words += @("/sha1", $env:SIGN_THUMBPRINT)
  } else { throw "Neither SIGN_CERTIFICATE nor SIGN_THUMBPRINT is set." }
  for ($from = 0; $from -lt $files.Count; $from += 50) {
    $some = @($files)[$from..([Math]::Min($from + 49, $files.Count - 1))]
    & $found.FullName @words @some
    if ($LASTEXITCODE -ne 0) { throw "signtool ended with $LASTEXITCODE." }
  }
} finally {
  if ($certificate) { Remove-Item $certificate -Force }
}
