# Completion of heartsay for fish: heartsay completion fish | source
function __heartsay_words
	set -l before (commandline -opc)
	set -l current (commandline -ct)
	for line in (heartsay completion words -- $before[2..-1] "$current" 2>/dev/null)
		if test "$line" = :files
			__fish_complete_path "$current"
		else
			echo $line
		end
	end
end
complete -c heartsay -f -a '(__heartsay_words)'
