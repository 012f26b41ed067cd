# SPDX-License-Identifier: GPL-2.0
# What the steps of bench/run do in kernel 0. A step prints key=value lines.
# Sourced by the script that bench/run makes.
# shellcheck shell=sh disable=SC1091

TOMBOLO_LIB=/opt/tombolo/suites/lib
BENCH=/opt/tombolo/bench
. "$TOMBOLO_LIB/ktap.sh"
. "$TOMBOLO_LIB/board.sh"
. "$TOMBOLO_LIB/imb.sh"
. "$BENCH/moves.sh"
. "$BENCH/rival.sh"

# step N COMMAND...: what it prints is the result of step N.
step() {
	echo "@step $1"
	shift
	(set -e; "$@") 2>&1 </dev/null || echo "failed=$?"
}

# The other kernels run what comes as a message, and answer with one: no
# console, which is slow, and nothing of the network that is measured.
AGENT='exec 3<>/dev/imb/k0.7; cd /sys/kernel/debug/imb-test
while line=$(dd bs=64k count=1 <&3 2>/dev/null) && [ -n "$line" ]; do
	{ eval "$line"; echo end; } >/tmp/answer 2>&1 </dev/null
	dd bs=64k count=1 if=/tmp/answer >&3 2>/dev/null
done'

agents() {
	imb_ready
	for k in $(members); do
		on "$k" "($AGENT) >/dev/null 2>&1 &"
		eval "exec $((k + 3))<>/dev/imb/k$k.7"
		until_true 10 ask "$k" : || fail "no agent in kernel $k"
		answer "$k" >/dev/null
	done
}

ask() {
	eval "echo \"\$2\" >&$(($1 + 3))" 2>/dev/null
}

answer() {
	eval "dd bs=64k count=1 <&$(($1 + 3)) 2>/dev/null" | grep -vx end || :
}

there() {
	ask "$1" "$2"
	answer "$1"
}

# tested FILE COMMAND: of imb-test
tested() {
	imb_do "$1" "$2"
}

# under_load FILE COMMAND FILE COMMAND: the first while the second runs.
under_load() {
	echo "$4" >"$IMB_TEST/$3" &
	sleep 0.3
	imb_do "$1" "$2"
	wait
	sed 's/^/load./' "$IMB_TEST/$3"
}

# busy N: how long a CPU takes for something that never waits
busy() {
	read -r began _ </proc/uptime
	i=0
	while [ $i -lt "$1" ]; do
		i=$((i + 1))
	done
	read -r ended _ </proc/uptime
	echo "began=$began"
	echo "ended=$ended"
	echo status=ok
}

# peers_of K PAIR...: those that K begins a pair with, of pairs like 0-1 0-2.
peers_of() {
	peers_k=$1
	shift
	printf '%s\n' "$@" | sed -n "s/^$peers_k-//p" | tr '\n' ' '
}

# pairs_text K TARGET COMMAND PEERS: what kernel K does, on one line.
pairs_text() {
	echo "for p in $4; do echo '$3' >k\$p/$2 & done; wait;" \
		"for p in $4; do sed s/^/$1-\$p./ k\$p/$2; done"
}

# together TARGET COMMAND PAIR...: the pairs at the same time.
together() {
	target=$1 command=$2
	shift 2
	busy=
	for k in $(members); do
		peers=$(peers_of "$k" "$@")
		[ -n "$peers" ] || continue
		busy="$busy $k"
		ask "$k" "$(pairs_text "$k" "$target" "$command" "$peers")"
	done
	peers=$(peers_of 0 "$@")
	[ -z "$peers" ] || (cd "$IMB_TEST" &&
		sh -c "$(pairs_text 0 "$target" "$command" "$peers")")
	for k in $busy; do
		answer "$k"
	done
}

# counted FILE COMMAND: as tested, between the markers for bench/counts.c.
counted() {
	"$BENCH/mark" write "$IMB_TEST/$1" "$2"
	cat "$IMB_TEST/$1"
}

counted_together() {
	"$BENCH/mark" start
	together "$@"
	"$BENCH/mark" stop
}

counted_idle() {
	"$BENCH/mark" idle "$1"
	echo "ns=$(($1 * 1000000000))"
	echo status=ok
}

# The one virtio network device has the same name in both kernels.
virtio_net() {
	for dir in /sys/class/net/*; do
		case $(readlink "$dir/device/driver") in
		*/virtio_net) echo "${dir##*/}" ;;
		esac
	done
}

# join_virtio_net: 10.78.0.1 and .2, between kernels 0 and 1
join_virtio_net() {
	dev=$(virtio_net)
	[ -n "$dev" ] || fail "no virtio network device in kernel 0"
	ip addr add 10.78.0.1/24 dev "$dev"
	ip link set "$dev" up
	there 1 "ip addr add 10.78.0.2/24 dev $dev; ip link set $dev up"
	until_true 20 ping -c 1 -W 1 10.78.0.2 >/dev/null
	echo status=ok
}

# set_mtu NET BYTES: of both ends
set_mtu() {
	case $1 in
	imb) here=imb1 away=imb0 ;;
	*) here=$(virtio_net) away=$here ;;
	esac
	ip link set "$here" mtu "$2"
	there 1 "ip link set $away mtu $2"
}

# net_ping ADDRESS SIZE COUNT: all times, in ms
net_ping() {
	echo "ms=$(ping -A -c "$3" -s "$2" "$1" |
		sed -n 's/.*time=\([0-9.]*\) ms.*/\1/p' | tr '\n' ' ')"
	echo status=ok
}

# stream_at NET MTU ADDRESS SECONDS
stream_at() {
	set_mtu "$1" "$2"
	echo "json=$(iperf3 -J -c "$3" -t "$4" | tr -d '\n\t ')"
	echo status=ok
}
