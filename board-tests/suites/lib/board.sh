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
	ask_host "console $1 $2" "$3"
}

# hub COMMAND: to what connects the machines of this board, see hub/README.md
hub() {
	ask_host hub "$1"
}

# counts K: cache operations and lines of kernel K's machine until now, a name
# and a number in each line; fails if nobody counts them (MODE=coherent).
counts() {
	ask_host counts "$1"
}

# ask_host VERB TEXT: the answer of the harness, and its status.
ask_host() {
	[ -e "$HOST" ] || fail "no host channel: run this by board-tests/test"
	exec 9<>"$HOST"
	printf '%s %s\n' "$1" "$(printf %s "$2" | base64 | tr -d '\n')" >&9
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

# Whoever started it: the boot loader's kernels are "attached" to
rproc_state() {
	sed s/attached/running/ "$(rproc "$1")/state"
}

in_state() {
	[ "$(rproc_state "$1")" = "$2" ]
}

boot_id() {
	on "$1" "cat /proc/sys/kernel/random/boot_id"
}

# kattr N NAME: what tombolo-rproc says of kernel N: health, incarnation, ...
kattr() {
	cat "$(rproc "$1")/device/$2"
}

kattr_is() {
	[ "$(kattr "$1" "$2")" = "$3" ]
}

# after_life N INCARNATION: kernel N lives a later life than that.
after_life() {
	[ "$(kattr "$1" incarnation)" -gt "$2" ] && kattr_is "$1" health ok
}

# soon N COMMAND: run it in kernel N, for commands that end the kernel: we wait
# until its shell has taken it, and it waits until the shell has said so.
soon() {
	ask_host "begin $1 ${ON_LIMIT:-30}" \
		"(sleep 0.3; $2) >/dev/null 2>&1 &" ||
		fail "kernel $1 does not take commands"
}

wait_for_life() {
	until_true 60 after_life "$1" "$2" || fail "kernel $1 is not up again:" \
		"$(rproc_state "$1"), $(kattr "$1" health)," \
		"incarnation $(kattr "$1" incarnation)"
}

start_kernel() {
	life=$(kattr "$1" incarnation)
	echo start >"$(rproc "$1")/state" || fail "cannot start kernel $1"
	wait_for_life "$1" "$life"
}

# A suite that failed half-way may have left a kernel off: the next one is to be
# judged by what it does itself.
ktap_before() {
	for member in $(members); do
		! in_state "$member" offline || start_kernel "$member"
	done
}

# boot_ids [N]: the boot ids of all kernels, but not of N.
boot_ids() {
	for k in $(seq 0 $((KERNELS - 1))); do
		[ "$k" = "${1:-none}" ] || echo "$k $(boot_id "$k")"
	done
}

disk_is_alive() {
	timeout 30 sh -c 'echo alive >/root/alive && sync /root/alive &&
		echo 3 >/proc/sys/vm/drop_caches && grep -q alive /root/alive' ||
		fail "kernel 0's disk hangs"
}
