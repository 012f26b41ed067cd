# SPDX-License-Identifier: GPL-2.0
# For suites: the mailbox as its in-kernel tests see it (imb-test.ko), which
# does one command per write and shows its result as key=value lines.
# Sourced after board.sh.
# shellcheck shell=sh

IMB=/sys/kernel/debug/imb
IMB_TEST=/sys/kernel/debug/imb-test

# imb_ready: imb-test in every kernel, and all links up.
imb_ready() {
	for imb_k in $(seq 0 $((KERNELS - 1))); do
		on "$imb_k" "[ -d $IMB_TEST ] || modprobe imb-test" ||
			fail "no imb-test in kernel $imb_k"
	done
	links_up || fail "links: $(links)"
}

# links: the state of all links of all kernels, as "0-1:up 1-0:up".
links() {
	for imb_k in $(seq 0 $((KERNELS - 1))); do
		on "$imb_k" "for l in /sys/class/imb/link*; do
			echo $imb_k-\${l##*link}:\$(cat \$l/state); done"
	done | tr '\n' ' '
}

link_state() {
	cat "/sys/class/imb/link$1/state"
}

link_is() {
	[ "$(link_state "$1")" = "$2" ]
}

all_links_are_up() {
	for imb_link in /sys/class/imb/link*/state; do
		[ "$(cat "$imb_link")" = up ] || return 1
	done
}

links_up() {
	until_true 30 all_links_are_up
}

# imb_do FILE COMMAND: run it; the result goes to standard output.
imb_do() {
	echo "$2" >"$IMB_TEST/$1" || return 1
	echo "# $1: $2"
	cat "$IMB_TEST/$1"
}

# value KEY FILE: of a result that was saved.
value() {
	sed -n "s/^$1=//p" "$2"
}

# why: each link's and its peer's account of what has happened to it.
why() {
	for imb_k in $(members); do
		echo "kernel 0, link $imb_k:"
		link_inside 0 "$imb_k"
		echo "kernel $imb_k, link 0:"
		link_inside "$imb_k" 0
	done
}

link_inside() {
	on "$1" "cat $IMB/link$2/states $IMB/link$2/lanes" || true
}

# result_ok FILE [COUNT]: nothing was lost, torn or reordered.
result_ok() {
	cat "$1"
	[ "$(value status "$1")" = ok ] || why
	expect "$(value status "$1")" ok "status"
	for imb_key in bad lost reordered duplicated; do
		expect "$(value $imb_key "$1")" 0 "$imb_key messages"
	done
	expect "$(value received "$1")" "$(value sent "$1")" "received"
	[ -z "${2:-}" ] || expect "$(value sent "$1")" "$2" "sent"
}

# together FILE COMMAND [FILE COMMAND]...: all at once, each must be ok.
together() {
	imb_n=0
	imb_pids=
	while [ $# -ge 2 ]; do
		imb_n=$((imb_n + 1))
		imb_do "$1" "$2" >"$KTAP_TMP/together$imb_n" 2>&1 &
		imb_pids="$imb_pids $!"
		shift 2
	done
	# shellcheck disable=SC2086
	wait $imb_pids
	for imb_i in $(seq $imb_n); do
		result_ok "$KTAP_TMP/together$imb_i"
	done
}

# link_count KERNEL PEER NAME: what KERNEL counted on its link to PEER.
link_count() {
	on "$1" "tr ' ' '\n' <$IMB/link$2/states | sed -n '/^$3\$/{n;p;q}'"
}

# fault_kinds CLASS: names of the injections of that class.
fault_kinds() {
	sed -n "s/^\([^ ]*\)[ ,]*$1.*/\1/p" "$IMB_TEST/faults"
}

# small_stress_ok: both directions still work.
small_stress_ok() {
	together k1/data "stress count=2000 size=mix" \
		k1/data-peer "stress count=2000 size=mix"
}
