# Asks @PROGRAM@ itself which words can follow; without an answer, file names.
_@FUNCTION@_completion() {
    local cur=${COMP_WORDS[COMP_CWORD]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
    # A colon or an equals sign ends no word: aies:text-generation is one, kind=translation too.
    declare -F _get_comp_words_by_ref >/dev/null && _get_comp_words_by_ref -n := cur words cword
    local IFS=$'\n'
    mapfile -t COMPREPLY < <(
        COMP_WORDS="${words[*]}" COMP_CWORD=$cword @VARIABLE@=complete_bash "$1" 2>/dev/null
    )
    [[ -n ${COMPREPLY[0]-} ]] || COMPREPLY=()
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:=] ]] && compopt -o nospace 2>/dev/null
    # What readline takes for the word begins after the last of these signs.
    local before=${cur%"${cur##*[:=]}"}
    [[ -n $before && $COMP_WORDBREAKS == *"${before: -1}"* ]] && COMPREPLY=("${COMPREPLY[@]#"$before"}")
    return 0
}
complete -o default -F _@FUNCTION@_completion @PROGRAM@
