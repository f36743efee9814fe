# Completion of heartsay for bash: source <(heartsay completion bash)
_heartsay() {
	local i word text current words=()
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		# bash takes --flag=value for three words
		if ((${#words[@]})) && [[ ${words[-1]} == --* && ($word == = || ${COMP_WORDS[i - 1]} == =) ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
	done
	current=${words[-1]}
	COMPREPLY=()
	while IFS=$'\t' read -r word text; do
		if [[ $word == :files ]]; then
			compopt -o default 2>/dev/null
		elif [[ $current == --*=* ]]; then
			COMPREPLY+=("${word#*=}")
		else
			COMPREPLY+=("$word")
		fi
	done < <("${COMP_WORDS[0]}" completion words -- "${words[@]}" 2>/dev/null)
}
complete -F _heartsay heartsay
