#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# work.sh - what suites/libraries has dash do: subshells, traps, jobs, here-documents.

fib()
{
	[ "$1" -lt 2 ] && echo "$1" && return
	echo $(($(fib $(($1 - 1))) + $(fib $(($1 - 2)))))
}

here()
{
	trap 'echo trapped' USR1
	kill -USR1 $$
	cat <<-EOF
		here $1 ${1#ab} ${1%c*}
	EOF
}

i=0
while [ $i -lt 300 ]; do
	i=$((i + 1))
	case $i in *7) s="$s $i" ;; esac
done
echo "$s" | tr ' ' '\n' | sort -rn | head -n 3
fib 5
here abcd
(exit 3)
echo $?
printf '%s-%d\n' a 5
for j in 1 2 3; do eval "v$j=$((j * j))"; done
eval 'echo "$v1 $v2 $v3"'
(kill -TERM "$(exec sh -c 'echo $PPID')") 2>/dev/null
echo $?
sleep 0 &
wait $!
echo "waited $?"
