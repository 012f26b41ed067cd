# SPDX-License-Identifier: GPL-2.0
# For suites: what the board is (from board.json, by the harness) and how to
# reach the other kernels. Sourced after ktap.sh.
# shellcheck shell=sh

# shellcheck disable=SC1091
. "$TOMBOLO_LIB/facts.sh"	# KERNELS, K<n>_CPUS, K<n>_MEMORY, ...
HOST=/dev/virtio-ports/org.tombolo.host

# fact N NAME: the value of K<N>_<NAME>.
fact() {
	eval "echo \"\$K$1_$2\""
}

# members: the numbers of the kernels other than 0.
members() {
	seq 1 $((KERNELS - 1))
}

# on K COMMAND: run a line of shell in kernel K, its output and status.
on() {
	if [ "$1" = 0 ]; then
		sh -c "$2"
	else
		by_console "$1" "${ON_LIMIT:-30}" "$2"
	fi
}

# by_console K SECONDS COMMAND: the harness types it on K's console.
by_console() {
	[ -e "$HOST" ] || fail "no host channel: run this by board-tests/test"
	exec 9<>"$HOST"
	printf 'console %s %s %s\n' "$1" "$2" \
		"$(printf %s "$3" | base64 | tr -d '\n')" >&9
	while read -r verb rest <&9; do
		case $verb in
		out) echo "$rest" | base64 -d ;;
		status) exec 9>&-; return "$rest" ;;
		esac
	done
	exec 9>&-
	return 255
}

# rproc N: the remoteproc directory of kernel N.
rproc() {
	for rproc_dir in /sys/class/remoteproc/remoteproc*; do
		[ "$(cat "$rproc_dir/name")" = "kernel$1" ] || continue
		echo "$rproc_dir"
		return
	done
	fail "kernel $1 has no remoteproc device"
}

rproc_state() {
	cat "$(rproc "$1")/state"
}

in_state() {
	[ "$(rproc_state "$1")" = "$2" ]
}

boot_id() {
	on "$1" "cat /proc/sys/kernel/random/boot_id"
}
