# SPDX-License-Identifier: GPL-2.0
# Panics of kernel 1 in a row, for the suites that differ in how many.
# shellcheck shell=sh

# panics N: kernel 1 panics N times; kernel 0 writes and verifies its disk all
# the time; no other kernel is touched.
panics() {
	boot_ids 1 >"$KTAP_TMP/before"
	crashes=$(kattr 1 crashes)
	("$TOMBOLO_LIB/disk-writer" "$KTAP_TMP/stop" >"$KTAP_TMP/writer" 2>&1) &
	writer=$!
	begin=$(uptime_s)
	for round in $(seq "$1"); do
		life=$(kattr 1 incarnation)
		soon 1 "echo c >/proc/sysrq-trigger"
		wait_for_life 1 "$life"
		kill -0 $writer 2>/dev/null ||
			fail "round $round: $(cat "$KTAP_TMP/writer")"
	done
	touch "$KTAP_TMP/stop"
	wait $writer || fail "writer: $(cat "$KTAP_TMP/writer")"
	echo "$1 panics in $(($(uptime_s) - begin)) s;" \
		"disk: $(cat "$KTAP_TMP/writer")"
	expect "$(kattr 1 crashes)" $((crashes + $1)) "crashes counted"
	boot_ids 1 >"$KTAP_TMP/after"
	diff "$KTAP_TMP/before" "$KTAP_TMP/after" ||
		fail "another kernel is not the one it was"
}
