#compdef @PROGRAM@
# Asks @PROGRAM@ itself which words can follow; without an answer, file names.
local answer value
local -a answers offered
answers=("${(@f)$(
  _TYPER_COMPLETE_FISH_ACTION=get-args _TYPER_COMPLETE_ARGS="${words[1,CURRENT]}" \
    @VARIABLE@=complete_fish "${(Q)words[1]}" 2>/dev/null
)}")
for answer in $answers; do
  value=${answer%%$'\t'*}
  offered+=("${value//:/\\:}${${answer#$value}/$'\t'/:}")
done
if (( $#offered )); then
  [[ $words[CURRENT] == --*=* ]] && compset -P 1 '*='
  _describe -V '@PROGRAM@' offered
else
  _files
fi
