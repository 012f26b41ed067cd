# SPDX-License-Identifier: GPL-2.0
# Injections by imb-test, for the suites that differ in how many they do.
# Sourced after imb.sh. A link that was broken comes back later each time, up
# to ten seconds, which is what takes the time.
# shellcheck shell=sh

# Wrong heads are only noticed by a victim that sends, all else by one that
# receives: the direction of the messages that flow meanwhile.
flow_of() {
	case $1,$2 in
	k1/fault,head-* | k1/fault-peer,[!h]* | k1/fault-peer,hello*)
		echo "$3-peer" ;;
	*) echo "$3" ;;
	esac
}

# inject FILE KIND LANE CHANNEL MS: corrupts a lane that is in use.
inject() {
	imb_do "$(flow_of "$1" "$2" "$4")" "stress ms=$(($5 + 500)) timeout=20" \
		>"$KTAP_TMP/flow" 2>&1 &
	flow=$!
	rate="every_us=20 seed=$SEED"
	imb_do "$1" "inject kind=$2 lane=$3 ms=$5 $rate" >"$KTAP_TMP/inject" ||
		fail "$1: $2 is not accepted"
	cat "$KTAP_TMP/inject"
	expect "$(value status "$KTAP_TMP/inject")" ok "$1 $2"
	wait $flow || true
}

# Messages flow again; in a shell of its own, as a failure ends it.
recovered() {
	(small_stress_ok) >"$KTAP_TMP/after" 2>&1
}

broken() {
	link_count "$victim" "$peer" broken
}

# corrupt KIND LANE: the core that owns the words writes the truth again and again,
# and by chance the victim looks at nothing else; it has to notice in the end.
corrupt() {
	channel=k1/data
	[ "$2" = 1 ] || channel=k1/control
	before=$(broken)
	for _ in 1 2 3 4 5; do
		links_up || fail "before $1: $(links)"
		inject "$file" "$1" "$2" $channel "$ms"
		links_up || fail "after $1: $(links)"
		[ "$class" = breaks ] || return 0
		[ "$(broken)" = "$before" ] || return 0
		echo "$1 was not noticed on lane $2"
	done
	fail "$1 is never noticed on lane $2"
}

# For one direction: victim V counts what its peer P did to it.
all_kinds_of() {
	class=$1 file=$2 victim=$3 peer=$4 ms=$5
	[ -n "$(fault_kinds "$class")" ] || skip "no fault of class $class"
	for kind in $(fault_kinds "$class"); do
		for lane in ${LANES:-0 1}; do
			corrupt "$kind" "$lane"
		done
		until_true 20 recovered ||
			fail "after $kind: $(cat "$KTAP_TMP/after")"
	done
}
