# SPDX-License-Identifier: GPL-2.0
# For what runs in kernel 0: trace events of all kernels, between two calls.
# The harness merges what is printed (lib/tombolo/timeline.py). Sourced after
# board.sh.
# shellcheck shell=sh

TRACING=/sys/kernel/tracing

TRACE_ON="cd $TRACING && echo mono >trace_clock && echo 4096 >buffer_size_kb
echo >trace
for e in events/tombolo* events/dsm events/sched/sched_switch; do
	[ ! -e \$e/enable ] || echo 1 >\$e/enable
done
echo 1 >tracing_on"

# Off everywhere first: what is read would be traced as well.
TRACE_OFF="cd $TRACING && echo 0 >tracing_on && echo 0 >events/enable"
TRACE_READ="tombolo clock; cat $TRACING/trace"

everywhere() {
	for every_k in $(seq 0 $((KERNELS - 1))); do
		on "$every_k" "$1" || return
	done
}

timeline_start() {
	everywhere "$TRACE_ON"
}

# timeline_stop: prints the events of every kernel, each after "@trace N".
timeline_stop() {
	everywhere "$TRACE_OFF"
	for trace_k in $(seq 0 $((KERNELS - 1))); do
		echo "@trace $trace_k"
		if [ "$trace_k" = 0 ]; then
			sh -c "$TRACE_READ"
		else
			ssh "kernel$trace_k" "$TRACE_READ"
		fi
	done
	echo "@trace end"
}
