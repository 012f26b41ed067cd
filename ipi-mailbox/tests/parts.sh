# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# parts.sh - to be sourced: run test programs one after the other and add up what
# they print. What cannot run is skipped by the program, with the reason.

passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# part NAME COMMAND...
part() {
	local name=$1 status=0
	shift
	echo "# == $name"
	"$@" >"$log" 2>&1 || status=$?
	grep -Ev '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" || true
	local p f s
	s=$(grep -Ec '^ok .*# SKIP' "$log" || true)
	p=$(($(grep -c '^ok ' "$log" || true) - s))
	f=$(grep -c '^not ok ' "$log" || true)
	if [ "$status" != 0 ] && [ "$f" = 0 ]; then
		echo "not ok - $name ends with status $status"
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# The last line, and the status.
totals() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
}
