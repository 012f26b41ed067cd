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

# The stream ends with a status, not with a hang, and no message was bad.
told() {
	wait "$stream"
	expect "$(value status "$KTAP_TMP/stream")" down "status of the stream"
	unharmed
}
