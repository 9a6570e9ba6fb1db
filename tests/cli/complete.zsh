#!/usr/bin/zsh -f
# complete.zsh SCRIPT LINE: what zsh offers at the end of LINE once SCRIPT is loaded, a word a line. An interactive zsh
# in a terminal of its own completes it, and its compadd, by which completions offer words, prints them instead.
zmodload zsh/zpty || exit 77
setopt rcquotes
zpty z zsh -f -i
local line
() {
    zpty -w z "source $1"
    repeat 50; do
        zpty -r z line || break
        [[ $line == *ready* && $line != *echo* ]] && return
    done
    echo "zsh does not begin: $line" >&2
    exit 2
} =(<<<'
PROMPT=
zmodload zsh/zutil
autoload -U compinit
compinit -u -D
source "'$1'"
bindkey ''^M'' undefined
bindkey ''^J'' undefined
bindkey ''^I'' complete-word
mark () { echo -E - $''\0'' }
compprefuncs=(mark)
comppostfuncs=(mark exit)
zstyle '':completion:*'' insert-tab false
zstyle '':completion:*'' list-grouped false
compadd () {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
        builtin compadd "$@"
        return
    fi
    typeset -a hits
    typeset -A before behind
    builtin compadd -A hits "$@"
    zparseopts -E P:=before S:=behind
    (( $#hits )) && print -rl -- $IPREFIX${^hits}
    return 0
}
echo ready')
zpty -w z "$2"$'\t'
integer marks=0
while zpty -r z; do :; done | while IFS= read -r line; do
    if [[ $line == *$'\0\r' ]]; then
        (( marks++ )) && return 0 || continue
    fi
    (( marks )) && print -r -- ${line%$'\r'}
done
return 0
