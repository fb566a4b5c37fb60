; The installer for one user: no administrator, no system folder, no shared file. Compiled by
; packaging/windows/build_installer.py, which gives every !define below.
; State: recipe, not yet run. Compiled on Linux, tried under Wine with stand-in programs; never run on Windows.
;
; Silent:   model-fit-advisor-x.y.z-setup.exe /S [/D=C:\some folder]      (/D last, without quotes)
; Removal:  uninstall.exe /S
; Exit status: 0 done, 1 cancelled, 2 refused (the app is open, the folder holds something else, no space).

Unicode true
ManifestDPIAware true
ManifestLongPathAware true
RequestExecutionLevel user
SetCompressor /SOLID ${PACKING}

!include "MUI2.nsh"
!include "LogicLib.nsh"
!include "FileFunc.nsh"
!include "x64.nsh"
!include "WinVer.nsh"

Name "${APP_NAME}"
OutFile "${OUT_FILE}"
InstallDir "$LOCALAPPDATA\Programs\${APP_NAME}"
InstallDirRegKey HKCU "${UNINSTALL_KEY}" "InstallLocation"
BrandingText "${APP_NAME} ${APP_VERSION}"
VIProductVersion "${APP_VERSION4}"
VIAddVersionKey "ProductName" "${APP_NAME}"
VIAddVersionKey "CompanyName" "${APP_DEVELOPER}"
VIAddVersionKey "FileDescription" "${APP_NAME} installer"
VIAddVersionKey "FileVersion" "${APP_VERSION}"
VIAddVersionKey "ProductVersion" "${APP_VERSION}"
VIAddVersionKey "LegalCopyright" "${APP_DEVELOPER}, ${APP_LICENSE}"

!define PROG_ID "${APP_ID}.result.1"
!define CLASSES "Software\Classes"
!define MARK "_internal\base_library.zip" ; a file that only a bundle of this kind has

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\${APP_COMMAND}.exe"
!insertmacro MUI_PAGE_LICENSE "${LICENSE_FILE}"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

; A program that runs holds its file: opened for writing, it fails. Nothing is ended behind the user's back.
!macro REFUSE_WHEN_OPEN FILE
  ${If} ${FileExists} "${FILE}"
    ClearErrors
    FileOpen $0 "${FILE}" a
    ${If} ${Errors}
      MessageBox MB_OK|MB_ICONEXCLAMATION "${APP_NAME} is open. Close it, then start this program again. Nothing was changed." /SD IDOK
      SetErrorLevel 2
      Quit
    ${EndIf}
    FileClose $0
  ${EndIf}
!macroend

Function .onInit
  ${IfNot} ${RunningX64}
  ${OrIfNot} ${AtLeastWin10}
    MessageBox MB_OK|MB_ICONSTOP "${APP_NAME} needs Windows 10 or 11 with 64 bits." /SD IDOK
    SetErrorLevel 2
    Quit
  ${EndIf}
FunctionEnd

; Take away what this or an older version put there, and only that.
!macro REMOVE_PROGRAM
  RMDir /r "$INSTDIR\_internal"
  Delete "$INSTDIR\${APP_COMMAND}.exe"
  Delete "$INSTDIR\${APP_CONSOLE}.exe"
  Delete "$INSTDIR\uninstall.exe"
!macroend

Section "${APP_NAME}" SEC_MAIN
  SectionIn RO
  SetShellVarContext current
  ; A folder that holds something else is not written into: the uninstaller could not tell the two apart.
  ${IfNot} ${FileExists} "$INSTDIR\${MARK}"
    ${DirState} "$INSTDIR" $0
    ${If} $0 == 1
      MessageBox MB_OK|MB_ICONSTOP "$INSTDIR holds other files. Choose an empty folder. Nothing was changed." /SD IDOK
      SetErrorLevel 2
      Quit
    ${EndIf}
  ${EndIf}
  !insertmacro REFUSE_WHEN_OPEN "$INSTDIR\${APP_COMMAND}.exe"
  !insertmacro REFUSE_WHEN_OPEN "$INSTDIR\${APP_CONSOLE}.exe"
  !insertmacro REMOVE_PROGRAM
  SetOutPath "$INSTDIR"
  ClearErrors
  File /r "${BUNDLE}\*.*"
  ${If} ${Errors}
    MessageBox MB_OK|MB_ICONSTOP "Not every file could be written. Free some space and start this program again." /SD IDOK
    SetErrorLevel 2
    Quit
  ${EndIf}
  WriteUninstaller "$INSTDIR\uninstall.exe"

  CreateShortcut "$SMPROGRAMS\${APP_NAME}.lnk" "$INSTDIR\${APP_COMMAND}.exe" "" "$INSTDIR\${APP_COMMAND}.exe" 0 \
    SW_SHOWNORMAL "" "${APP_SUMMARY}"

  ; Windows looks at the last extension only: ${RESULT_SUFFIX} is .json to it. The app is offered under "Open with" for
  ; .json; which program opens .json by a double click is left alone.
  WriteRegStr HKCU "${CLASSES}\${PROG_ID}" "" "${APP_NAME} result (${RESULT_SUFFIX})"
  WriteRegStr HKCU "${CLASSES}\${PROG_ID}" "FriendlyTypeName" "${APP_NAME} result"
  WriteRegStr HKCU "${CLASSES}\${PROG_ID}\DefaultIcon" "" "$INSTDIR\${APP_COMMAND}.exe,0"
  WriteRegStr HKCU "${CLASSES}\${PROG_ID}\shell\open\command" "" '"$INSTDIR\${APP_COMMAND}.exe" gui "%1"'
  WriteRegStr HKCU "${CLASSES}\.json\OpenWithProgids" "${PROG_ID}" ""
  WriteRegStr HKCU "${CLASSES}\Applications\${APP_COMMAND}.exe" "FriendlyAppName" "${APP_NAME}"
  WriteRegStr HKCU "${CLASSES}\Applications\${APP_COMMAND}.exe\SupportedTypes" ".json" ""
  WriteRegStr HKCU "${CLASSES}\Applications\${APP_COMMAND}.exe\shell\open\command" "" '"$INSTDIR\${APP_COMMAND}.exe" gui "%1"'
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'

  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayName" "${APP_NAME}"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayVersion" "${APP_VERSION}"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\${APP_COMMAND}.exe,0"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "Publisher" "${APP_DEVELOPER}"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "URLInfoAbout" "${APP_HOMEPAGE}"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  IntFmt $0 "0x%08X" $0
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "EstimatedSize" "$0"
SectionEnd

Section "Uninstall"
  SetShellVarContext current
  !insertmacro REFUSE_WHEN_OPEN "$INSTDIR\${APP_COMMAND}.exe"
  !insertmacro REFUSE_WHEN_OPEN "$INSTDIR\${APP_CONSOLE}.exe"
  !insertmacro REMOVE_PROGRAM
  RMDir "$INSTDIR" ; only when nothing else is in it
  Delete "$SMPROGRAMS\${APP_NAME}.lnk"
  DeleteRegValue HKCU "${CLASSES}\.json\OpenWithProgids" "${PROG_ID}"
  DeleteRegKey HKCU "${CLASSES}\${PROG_ID}"
  DeleteRegKey HKCU "${CLASSES}\Applications\${APP_COMMAND}.exe"
  DeleteRegKey HKCU "${UNINSTALL_KEY}"
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
  ; The user's own: settings, history, models. Never removed; the user is told where they are.
  ${If} ${FileExists} "$LOCALAPPDATA\${DATA_FOLDER}\*.*"
    MessageBox MB_OK|MB_ICONINFORMATION "${APP_NAME} is removed. Your settings, results and models are still in$\r$\n$LOCALAPPDATA\${DATA_FOLDER}$\r$\nDelete that folder if you do not want them any more." /SD IDOK
  ${EndIf}
SectionEnd
