# SPDX-License-Identifier: GPL-2.0
# A static test is a function test_NAME: whatever it prints is a finding. It may
# call skip with the reason. shellcheck shell=bash

skip_file=$(mktemp)
trap 'rm -f "$skip_file"' EXIT

skip() {
	echo "$1" >"$skip_file"
	exit 0
}

run_tests() {
	local names n=0 pass=0 fail=0 skipped=0 name found
	names=${*:-$(declare -F | sed -n 's/^declare -f test_//p')}
	echo "TAP version 13"
	echo "1..$(echo "$names" | wc -w)"
	for name in $names; do
		n=$((n + 1))
		: >"$skip_file"
		found=$("test_$name")
		if [ -s "$skip_file" ]; then
			echo "ok $n static.$name # SKIP $(cat "$skip_file")"
			skipped=$((skipped + 1))
		elif [ -z "$found" ]; then
			echo "ok $n static.$name"
			pass=$((pass + 1))
		else
			printf '%s\n' "$found" | head -n 40 | sed 's/^/# /'
			echo "not ok $n static.$name"
			fail=$((fail + 1))
		fi
	done
	echo "$pass passed, $fail failed, $skipped skipped"
	[ "$fail" -eq 0 ]
}
