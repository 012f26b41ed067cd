# SPDX-License-Identifier: GPL-2.0
# For suites that move tasks: where the kernels' cores are, the test programs
# (board-tests/programs), and what they print when nothing moves. Sourced after
# board.sh.
# shellcheck shell=sh

PROGRAMS=$TOMBOLO_LIB/../programs
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

# all_take_tasks: each kernel has an agent that waits for threads.
all_take_tasks() {
	[ "$(tombolo places | grep -c ' yes')" = "$KERNELS" ]
}

# What asks least of the kernels comes first.
ALL_PROGRAMS="rounds signals machine watched rights memory mappings limits events
writers threads files ipc
forks"

# every_program FUNCTION [NAME...]: a test for each program: FUNCTION NAME.
every_program() {
	every_function=$1
	shift
	# shellcheck disable=SC2086
	[ $# -gt 0 ] || set -- $ALL_PROGRAMS
	for each_program; do
		eval "$each_program() { $every_function $each_program; }"
	done
	ktap_run "$@"
}

# output_of FILE COMMAND...: all that it prints, and its status.
output_of() {
	output_file=$1 output_status=0
	shift
	(cd /tmp && timeout -k 5 "${OUTPUT_LIMIT:-300}" "$@") >"$output_file" 2>&1 </dev/null ||
		output_status=$?
	echo "status $output_status" >>"$output_file"
}

# at_home NAME COMMAND...: run it unmoved, and keep what it prints.
at_home() {
	mkdir -p $HOME_OUTPUT
	home_name=$1
	shift
	output_of "$HOME_OUTPUT/$home_name.new" "$@"
	mv "$HOME_OUTPUT/$home_name.new" "$HOME_OUTPUT/$home_name"
}

# moved NAME HOW COMMAND...: run the command by HOW, a function, and compare
# each byte with what it prints at home.
moved() {
	moved_name=$1 moved_how=$2
	shift 2
	[ -e "$HOME_OUTPUT/$moved_name" ] || at_home "$moved_name" "$@"
	$moved_how "$KTAP_TMP/moved" "$@"
	diff "$HOME_OUTPUT/$moved_name" "$KTAP_TMP/moved" ||
		fail "$moved_name is not what it was at home"
}

# Ways to run FILE COMMAND...: placed on kernel 1 from its start on; ...
on_kernel_1() {
	on_file=$1
	shift
	output_of "$on_file" tombolo run --on 1 "$@"
}

# ... bound to a core of kernel 1, as one would for any other core; ...
bound() {
	bound_file=$1
	shift
	output_of "$bound_file" taskset -c "$(core 1)" "$@"
}

# ... with every thread placing itself; ...
placing_itself() {
	placing_file=$1
	shift
	output_of "$placing_file" env MOVE_CPUS="$(places)" "$@"
}

# ... pushed from kernel to kernel all the time, with all its children. The first
# move comes before the command: some are over at once.
pushed() {
	pushed_file=$1 pushed_n=1 pushed_made=1
	shift
	# shellcheck disable=SC2016
	output_of "$pushed_file" setsid -w \
		sh -c 'echo $$ >"$0/session"; until [ -e "$0/go" ]; do :; done
			exec "$@"' "$KTAP_TMP" "$@" &
	pushed_job=$!
	until_true 10 [ -s "$KTAP_TMP/session" ] || fail "it did not start"
	until_true 60 tombolo migrate "$(cat "$KTAP_TMP/session")" 1 ||
		fail "it does not move"
	: >"$KTAP_TMP/go"
	while kill -0 $pushed_job 2>/dev/null; do
		for pushed_pid in $(pgrep -s "$(cat "$KTAP_TMP/session")"); do
			pushed_n=$((pushed_n + 1))
			tombolo migrate "$pushed_pid" \
				$((pushed_n % KERNELS)) >/dev/null 2>&1 &&
				pushed_made=$((pushed_made + 1))
		done
		sleep 0.05
	done
	wait $pushed_job
	rm "$KTAP_TMP/session" "$KTAP_TMP/go"
	echo "$pushed_made of $pushed_n moves made"
}

# page_moves: how many pages kernel 0 has handed out or had to take back.
page_moves() {
	awk '/^(grants_|takes)/ { sum += $2 } END { print sum }' \
		/sys/kernel/debug/dsm/stats
}
