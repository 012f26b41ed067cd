# SPDX-License-Identifier: GPL-2.0
# For guest.sh: the way people have today to continue a process on another kernel
# (criu: dump, copy, restore), and ours, of the same process from kernel 0 to 1.
#
# criu needs the program's files and itself there: kernel 1 has kernel 0's root by
# NFS. That, and a first time of each, so that all of it is in both kernels' caches,
# is done before. The copy goes through one TCP connection of imb-net, from a tmpfs
# into a tmpfs.
# shellcheck shell=sh

RIVAL_ROOT=/mnt
RIVAL_IMAGES=/run/rival
RIVAL_PORT=9900
SUBJECT=$BENCH/resident
REPORT=/var/tmp/resident

# since NAME NS: prints NAME=the nanoseconds since then
since() {
	echo "$1=$(($(date +%s%N) - $2))"
}

# in_kernel_1 COMMAND: fails if it does
in_kernel_1() {
	there 1 "($1) && echo it_is_done" >"$KTAP_TMP/there"
	grep -q '^it_is_done$' "$KTAP_TMP/there" ||
		fail "kernel 1: '$1': $(tail -n 3 "$KTAP_TMP/there")"
}

# subject_start MIB: at home, by a PID that is free in kernel 1 too
subject_start() {
	echo $((30000 + $$ % 2000)) >/proc/sys/kernel/ns_last_pid
	# Without our channels to the other kernels: those are nobody's to take along
	setsid "$SUBJECT" "$1" "$REPORT" </dev/null >/dev/null 2>&1 \
		3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
	subject=$!
	sleep 0.5
	subject_tells kill -USR1 $subject
}

# subject_tells COMMAND...: it writes what it has seen, and forgets that.
subject_tells() {
	rm -f "$REPORT"
	"$@" || fail "the subject is not there"
	until_true 20 [ -s "$REPORT" ] || fail "the subject says nothing"
}

# Some rounds over its memory later it knows what the move was for it.
subject_report() {
	sleep 1
	subject_tells "$@"
	cat "$REPORT"
}

rival_prepare() {
	nfs-export /
	in_kernel_1 "mount -t nfs4 kernel0:/ $RIVAL_ROOT &&
		mount -t proc proc $RIVAL_ROOT/proc &&
		mount -t devtmpfs dev $RIVAL_ROOT/dev &&
		mount -t tmpfs run $RIVAL_ROOT/run &&
		mkfifo /run/never_ends"
	rival_criu 1
	rival_tombolo 1
}

criu_dump() {
	criu dump -t "$subject" -D "$RIVAL_IMAGES" -o dump.log \
		--network-lock skip >"$KTAP_TMP/criu" 2>&1 ||
		fail "criu dump: $(tail -n 3 "$RIVAL_IMAGES/dump.log")"
}

# Somebody listens already; that costs nothing of the copy's time.
criu_listen() {
	in_kernel_1 "rm -rf $RIVAL_ROOT$RIVAL_IMAGES /run/copied &&
		mkdir $RIVAL_ROOT$RIVAL_IMAGES &&
		{ { nc -l -p $RIVAL_PORT <>/run/never_ends |
			tar -x -C $RIVAL_ROOT$RIVAL_IMAGES
		echo \$? >/run/copied; } >/dev/null 2>&1 & } &&
		until netstat -ltn | grep -q :$RIVAL_PORT; do sleep 0.1; done"
}

criu_copy() {
	bash -c "tar -c -C $RIVAL_IMAGES . >/dev/tcp/kernel1/$RIVAL_PORT"
	in_kernel_1 'until [ -s /run/copied ]; do usleep 1000; done
		grep -qx 0 /run/copied'
}

criu_restore() {
	in_kernel_1 "chroot $RIVAL_ROOT criu restore -d -D $RIVAL_IMAGES \
		-o restore.log --network-lock skip >/run/criu 2>&1 ||
		{ tail -n 3 $RIVAL_ROOT$RIVAL_IMAGES/restore.log; false; }"
}

# rival_criu MIB
rival_criu() {
	rm -rf "$RIVAL_IMAGES"
	mkdir -p "$RIVAL_IMAGES"
	criu_listen
	subject_start "$1"
	begin=$(date +%s%N)
	criu_dump
	since dump_ns "$begin"
	begin=$(date +%s%N)
	criu_copy
	since copy_ns "$begin"
	begin=$(date +%s%N)
	criu_restore
	since restore_ns "$begin"
	subject_report in_kernel_1 "kill -USR1 $subject"
	echo "bytes=$(du -sb "$RIVAL_IMAGES" | cut -f1)"
	in_kernel_1 "kill -9 $subject"
	echo status=ok
}

# rival_tombolo MIB
rival_tombolo() {
	subject_start "$1"
	counters >"$KTAP_TMP/before"
	begin=$(date +%s%N)
	tombolo migrate "$subject" 1
	since there_ns "$begin"
	subject_report kill -USR1 $subject
	counters >"$KTAP_TMP/after"
	differences "$KTAP_TMP/before" "$KTAP_TMP/after"
	kill -9 "$subject"
	echo status=ok
}
