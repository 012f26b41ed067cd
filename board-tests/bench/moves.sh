# SPDX-License-Identifier: GPL-2.0
# For guest.sh: one measurement of `moves`, with what all kernels count for it.
# shellcheck shell=sh

# counters: "name value" of every kernel, all after each other
counters() {
	counters_text='cat /sys/kernel/debug/dsm/stats
		sed "s/^/ssi_/; s/=/ /" /proc/tombolo/counters'
	sh -c "$counters_text"
	for k in $(members); do
		there "$k" "$counters_text"
	done
}

# meet FILE: moves is at a point where it waits for us, look, let it go on.
meet() {
	timeout 300 sh -c ': <there' || fail "moves does not come: $(cat said)"
	counters >"$1"
	timeout 60 sh -c ': >go' || fail "moves does not wait: $(cat said)"
}

# differences BEFORE AFTER: what was counted, over all kernels, as count.NAME=N
differences() {
	awk 'NR == FNR { n[$1] -= $2; next }
		{ n[$1] += $2 }
		END { for (name in n) if (n[name])
			printf "count.%s=%d\n", name, n[name] }' "$1" "$2"
}

# counted_moves WHAT COUNT CORE...
counted_moves() {
	cd "$KTAP_TMP" || return
	[ -p there ] || mkfifo there go
	"$BENCH/moves" "$@" >said &
	moves_pid=$!
	meet before
	meet after
	wait $moves_pid || :
	cat said
	differences before after
}
