# SPDX-License-Identifier: GPL-2.0
# For suites that move tasks: where the kernels' cores are, the test programs
# (board-tests/programs), and what they print when nothing moves. Sourced after
# board.sh.
# shellcheck shell=sh

PROGRAMS=$TOMBOLO_SUITES/programs
HOME_OUTPUT=/run/tombolo/at-home

# core K: the first core of kernel K; the board's cores are numbered through.
core() {
	core_sum=0
	for core_k in $(seq 0 $(($1 - 1))); do
		core_sum=$((core_sum + $(fact "$core_k" CPUS)))
	done
	echo "$core_sum"
}

# places: one core of every kernel, kernel 0 first: "0,2".
places() {
	for place_k in $(seq 0 $((KERNELS - 1))); do
		core "$place_k"
	done | paste -sd,
}

# at_home NAME COMMAND...: run it unmoved, keep its output and status.
at_home() {
	mkdir -p $HOME_OUTPUT
	home_name=$1
	shift
	timeout 60 "$@" >"$HOME_OUTPUT/$home_name.new" 2>&1
	echo "status $?" >>"$HOME_OUTPUT/$home_name.new"
	mv "$HOME_OUTPUT/$home_name.new" "$HOME_OUTPUT/$home_name"
}

# compared NAME COMMAND...: run it as the caller has arranged for it to be
# moved, and compare each byte with its output at home.
compared() {
	compared_name=$1
	shift
	compared_status=0
	timeout 120 "$@" >"$KTAP_TMP/moved" 2>&1 || compared_status=$?
	echo "status $compared_status" >>"$KTAP_TMP/moved"
	diff "$HOME_OUTPUT/$compared_name" "$KTAP_TMP/moved" ||
		fail "$compared_name is not as it was at home"
}
