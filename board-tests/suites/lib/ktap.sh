# SPDX-License-Identifier: GPL-2.0
# For suites in shell: runs functions as tests and prints KTAP. See
# board-tests/README.md. A test is a function; it passes if it returns 0,
# `fail TEXT` and `skip TEXT` end it. Its output becomes diagnostics.
# shellcheck shell=sh

KTAP_TMP=$(mktemp -d)
trap 'rm -rf "$KTAP_TMP"' EXIT

fail() {
	echo "$*"
	exit 1
}

skip() {
	echo "$*" >"$KTAP_TMP/skip"
	exit 4
}

# What a suite needs to begin with; board.sh has more to say.
ktap_before() { :; }

# ktap_run TEST...: the whole suite.
ktap_run() {
	ktap_number=0
	ktap_failed=0
	printf 'KTAP version 1\n1..%d\n' $#
	(ktap_before) 2>&1 | sed 's/^/# /'
	for ktap_test; do
		ktap_one "$ktap_test"
	done
	[ "$ktap_failed" = 0 ]
}

ktap_one() {
	ktap_number=$((ktap_number + 1))
	(set -eu; "$1") >"$KTAP_TMP/out" 2>&1 </dev/null
	ktap_status=$?
	sed 's/^/# /' "$KTAP_TMP/out"
	case $ktap_status in
	0) echo "ok $ktap_number $1" ;;
	4) echo "ok $ktap_number $1 # SKIP $(cat "$KTAP_TMP/skip")" ;;
	*) echo "not ok $ktap_number $1"; ktap_failed=1 ;;
	esac
}

# expect GOT WANTED WHAT
expect() {
	[ "$1" = "$2" ] || fail "$3: got '$1', wanted '$2'"
}

# at_least GOT LEAST WHAT
at_least() {
	[ "$1" -ge "$2" ] || fail "$3: got $1, wanted at least $2"
}

# at_most GOT MOST WHAT
at_most() {
	[ "$1" -le "$2" ] || fail "$3: got $1, wanted at most $2"
}

# until_true SECONDS COMMAND...: poll, never a fixed sleep.
until_true() {
	ktap_limit=$(($(uptime_s) + $1))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ "$(uptime_s)" -lt "$ktap_limit" ] || return 1
		sleep 0.2
	done
}

uptime_s() {
	cut -d. -f1 /proc/uptime
}
