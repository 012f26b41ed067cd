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

# For one direction: victim V counts what its peer P did to it.
all_kinds_of() {
	class=$1 file=$2 victim=$3 peer=$4 ms=$5
	[ -n "$(fault_kinds "$class")" ] || skip "no fault of class $class"
	for kind in $(fault_kinds "$class"); do
		before=$(link_count "$victim" "$peer" broken)
		for lane in ${LANES:-0 1}; do
			channel=k1/data
			[ "$lane" = 1 ] || channel=k1/control
			links_up || fail "before $kind: $(links)"
			inject "$file" "$kind" "$lane" $channel "$ms"
		done
		links_up || fail "after $kind: $(links)"
		if [ "$class" = breaks ]; then
			at_least "$(link_count "$victim" "$peer" broken)" \
				$((before + 1)) "broken after $kind"
		fi
		until_true 20 recovered ||
			fail "after $kind: $(cat "$KTAP_TMP/after")"
	done
}
