# SPDX-License-Identifier: GPL-2.0
# For suites: a stream of messages to kernel 1 that something happens to.
# Sourced after imb.sh.
# shellcheck shell=sh

# stream [MS [FILE]]: in the background. When the link falls, its end is after
# the timeout: till then it asks what has arrived.
stream() {
	imb_do "${2:-k1/data}" "stress ms=${1:-5000} size=mix \
		timeout=$((${1:-5000} / 1000 + 4))" >"$KTAP_TMP/stream" 2>&1 &
	stream=$!
	sleep 1
}

# What arrived was right, whatever became of the rest.
unharmed() {
	cat "$KTAP_TMP/stream"
	for key in bad reordered duplicated; do
		expect "$(value $key "$KTAP_TMP/stream")" 0 "$key messages"
	done
}

# Messages that kernel 1 has sent on FILE, as it says itself
sent_by_peer() {
	on 1 "echo report >$IMB_TEST/k0/$1; cat $IMB_TEST/k0/$1" >"$KTAP_TMP/peer"
	value sent "$KTAP_TMP/peer"
}

# What we have of a peer that is gone, on FILE: the first ones, without a hole,
# once, and all that was acknowledged to it: it had sent SENT, of which a window
# of 64 was not.
kept() {
	imb_do "k1/$1" report >"$KTAP_TMP/kept"
	cat "$KTAP_TMP/kept"
	for key in bad lost reordered duplicated; do
		expect "$(value $key "$KTAP_TMP/kept")" 0 "$key messages"
	done
	at_least "$(value received "$KTAP_TMP/kept")" $(($2 - 64)) \
		"messages, of which so many were acknowledged,"
}

# Nothing of the dead life has come to the new one.
nothing_old() {
	on 1 "echo report >$IMB_TEST/k0/$1; cat $IMB_TEST/k0/$1" >"$KTAP_TMP/peer"
	for key in received stray; do
		expect "$(value $key "$KTAP_TMP/peer")" 0 "$key in the new life"
	done
}

# The stream ends with a status, not with a hang, and no message was bad.
told() {
	wait "$stream"
	expect "$(value status "$KTAP_TMP/stream")" down "status of the stream"
	unharmed
}
