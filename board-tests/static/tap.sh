# SPDX-License-Identifier: GPL-2.0
# A static test is a function test_NAME: whatever it prints is a finding. It may
# call skip with the reason. shellcheck shell=bash

# They run beside each other, and are shown in their order.

results=$(mktemp -d)
# shellcheck disable=SC2046 # words are wanted
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$results"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

skip() {
	echo "$1" >"$skip_file"
	exit 0
}

run_all() {	# NAME...
	local name skip_file
	for name; do
		while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
		skip_file=$results/$name.skip
		"test_$name" >"$results/$name" &
	done
	wait
}

run_tests() {
	local names n=0 pass=0 fail=0 skipped=0 name
	names=$(declare -F | sed -n 's/^declare -f test_//p')
	for name; do
		declare -F "test_$name" >/dev/null && continue
		echo "no test $name; there are: ${names//$'\n'/ }" >&2
		exit 2
	done
	names=${*:-$names}
	echo "TAP version 13"
	echo "1..$(echo "$names" | wc -w)"
	# shellcheck disable=SC2086 # words are wanted
	run_all $names
	for name in $names; do
		n=$((n + 1))
		if [ -s "$results/$name.skip" ]; then
			echo "ok $n static.$name # SKIP $(cat "$results/$name.skip")"
			skipped=$((skipped + 1))
		elif [ ! -s "$results/$name" ]; then
			echo "ok $n static.$name"
			pass=$((pass + 1))
		else
			head -n 40 "$results/$name" | sed 's/^/# /'
			echo "not ok $n static.$name"
			fail=$((fail + 1))
		fi
	done
	echo "$pass passed, $fail failed, $skipped skipped"
	[ "$fail" -eq 0 ]
}
