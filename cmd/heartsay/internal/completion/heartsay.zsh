#compdef heartsay
# Completion of heartsay for zsh: source <(heartsay completion zsh), or put this as _heartsay into a folder of $fpath.
_heartsay() {
	local line word
	local -a found
	for line in "${(@f)$(heartsay completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
		case $line in
		:files) _files ;;
		?*) word=${line%%$'\t'*}; found+=("${word//:/\\:}:${line#*$'\t'}") ;;
		esac
	done
	if (( $#found )); then
		_describe heartsay found
	fi
}
if [[ $funcstack[1] == _heartsay ]]; then
	_heartsay "$@"
else
	compdef _heartsay heartsay
fi
