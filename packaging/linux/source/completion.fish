# Asks @PROGRAM@ itself which words can follow; without an answer, file names.
function __@FUNCTION@_completion
    set -lx _TYPER_COMPLETE_FISH_ACTION get-args
    set -lx _TYPER_COMPLETE_ARGS (commandline -cp)
    set -lx @VARIABLE@ complete_fish
    set -l answers (@PROGRAM@ 2>/dev/null)
    set -l option (string match --regex -- '^--[^=]*=' (commandline -ct))
    if test -n "$answers"
        printf '%s\n' "$option"$answers
    else
        __fish_complete_path (commandline -ct)
    end
end
complete --command @PROGRAM@ --no-files --arguments '(__@FUNCTION@_completion)'
