# SPDX-License-Identifier: GPL-2.0
# common.sh - sourced by the build scripts: messages, progress, cache, locks.
# shellcheck shell=bash

set -eu -o pipefail
export LC_ALL=C

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
out=${O:-build}
case $out in /*) ;; *) out=$top/$out ;; esac
cache=${TOMBOLO_CACHE:-${HOME:-/root}/.cache/tombolo}
jobs=${JOBS:-$(nproc)}

# The variables of versions.mk, which is simple enough to be read by a shell.
eval "$(sed -n 's/^\([A-Z0-9_]*\) *:= *\(.*\)$/\1="\2"/p' "$top/versions.mk")"

# To standard error: what make exec prints is the output of its command.
say() { echo "tombolo: $*" >&2; }
die() { echo "tombolo: error: $*" >&2; exit 1; }

# The first 16 digits of the hash of standard input name a cache entry.
short_hash() { sha256sum | cut -c1-16; }

# step NAME COMMAND...: run a long command with its output in build/log/NAME.log
# and a line on the terminal every ten seconds. STEP_UNITS and STEP_TOTAL may
# name a pattern to count in the log and about how many matches make the whole.
step() {
	local name=$1 log=$out/log/$1.log begin=$SECONDS pid done_ status=0
	shift
	mkdir -p "$out/log" 2>/dev/null ||
		die "cannot write to $out; set O to a folder that can be written"
	say "$name: started (log: ${log#"$top"/})"
	set -m	# a process group of its own, so that an interrupt ends all of it
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	set +m
	trap 'kill -- -$pid 2>/dev/null; exit 130' INT TERM
	while sleep_unless_done $pid; do
		done_=
		[ -z "${STEP_UNITS:-}" ] || done_=", $(grep -c "$STEP_UNITS" \
			"$log" || true) of about $STEP_TOTAL files"
		say "$name: $((SECONDS - begin)) s$done_"
	done
	wait $pid || status=$?
	trap - INT TERM
	if [ $status != 0 ]; then
		tail -n 25 "$log" >&2
		die "$name failed; the whole log is ${log#"$top"/}"
	fi
	say "$name: done in $((SECONDS - begin)) s"
}

# True after ten seconds, false as soon as process $1 has ended.
sleep_unless_done() {
	local i
	for i in $(seq 50); do
		kill -0 "$1" 2>/dev/null || return 1
		sleep 0.2
	done
}

# lock NAME: one build of a kind at a time; the lock dies with the process.
lock() {
	mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] ||
		die "cannot write to the cache folder $cache;" \
			"set TOMBOLO_CACHE to a folder that can be written"
	exec 9>"$cache/$1.lock"
	flock -n 9 || { say "waiting for another build of $1"; flock 9; }
}

# made_from FILE HASH: does FILE, left by the last build, have this hash?
made_from() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

# fresh_dir PATH: an empty folder beside its final place, for publish.
fresh_dir() {
	rm -rf "$1.new"
	mkdir -p "$1.new"
}

# publish PATH: PATH.new becomes PATH in one step, complete or not at all.
publish() {
	rm -rf "$1.old"
	[ ! -e "$1" ] || mv -T "$1" "$1.old"
	mv -T "$1.new" "$1"
	rm -rf "$1.old"
}

# Remove the cache entries of a kind that nothing has used for two weeks.
prune() {
	find "$cache" -mindepth 1 -maxdepth 1 -name "$1-*" -mtime +14 \
		-exec rm -rf {} +
}

# link TARGET NAME: build/NAME points to TARGET in the cache.
link() {
	touch "$1"
	[ "$(readlink "$out/$2" 2>/dev/null)" = "$1" ] && return
	mkdir -p "$(dirname "$out/$2")"
	[ ! -d "$out/$2" ] || [ -L "$out/$2" ] || rm -rf "${out:?}/$2"
	ln -sfn "$1" "$out/$2"
}
