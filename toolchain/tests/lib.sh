# SPDX-License-Identifier: GPL-2.0
# lib.sh - sourced by the tests: TAP, and runs of a program that are compared.
# shellcheck shell=bash

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$tests/../../boot/scripts/common.sh"
bin=$top/toolchain/bin
export TOMBOLO_SYSROOT=$out/toolchain
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
isas=(x86_64 aarch64 riscv64)
host=$(uname -m)
number=0 failed=0

# Where suites/libraries builds: the parts' names in the cache stand for all that
# they are made of.
# shellcheck disable=SC2034
built=$cache/toolchain-libraries-$(readlink \
	"$out"/toolchain/{plugin,musl,runtime} | short_hash)

# What this was started with besides is nothing that a program should carry.
for fd in /proc/$$/fd/*; do
	fd=${fd##*/}
	[ "$fd" -lt 3 ] || [ "$fd" = 255 ] || eval "exec $fd>&-"
done

ok() { number=$((number + 1)); echo "ok $number - $1"; }

not_ok() {	# NAME FILE...: the ends of the files say why
	number=$((number + 1)) failed=$((failed + 1))
	echo "not ok $number - $1"
	shift
	tail -n 8 -q "$@" 2>/dev/null </dev/null | sed 's/^/# /'
}

skip() { number=$((number + 1)); echo "ok $number - $1 # SKIP $2"; }

finish() { echo "1..$number"; [ $failed = 0 ]; }

# seconds COMMAND...: a run that hangs is a failure
limited() { timeout "${LIMIT:-120}" "$@"; }

# eventually COMMAND...: it succeeds at last; how soon is the host's business
eventually() {
	local end=$((SECONDS + ${LIMIT:-120}))
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

# moved_by_signal PID PATTERN FILE: asked again and again, or it has ended
asked_until() {
	kill -URG "$1" 2>/dev/null || return 0
	grep -q "$2" "$3"
}
moved_by_signal() { eventually asked_until "$@" || kill -9 "$1"; }

# same NAME EXPECTED COMMAND...: the output and status are those of EXPECTED
same() {
	local name=$1 expected=$2 status=0
	shift 2
	limited "$@" >"$work/got" 2>"$work/err" </dev/null || status=$?
	echo "status $status" >>"$work/got"
	if cmp -s "$expected" "$work/got"; then
		ok "$name"
	else
		diff "$expected" "$work/got" >"$work/diff" || true
		not_ok "$name" "$work/err" "$work/diff"
	fi
}

# plain FILE COMMAND...: what same() is to compare with
plain() {
	local file=$1 status=0
	shift
	limited "$@" >"$file" 2>"$work/err" </dev/null || status=$?
	echo "status $status" >>"$file"
}
