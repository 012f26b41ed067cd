# SPDX-License-Identifier: GPL-2.0
# For suites that do something often: what of it stays behind in the kernels.
# Sourced after board.sh.
# shellcheck shell=sh

# Dentries of what was opened in debugfs are slab objects too.
settle() {
	on "$1" 'sync; echo 3 >/proc/sys/vm/drop_caches; sleep 1
		echo 3 >/proc/sys/vm/drop_caches'
}

meminfo() {
	on "$1" "sed -n 's/^$2: *\([0-9]*\) kB/\1/p' /proc/meminfo"
}

# slab K: unreclaimable slab memory of kernel K, kB; without the addresses of the
# stacks of ended processes, which the kernel keeps until they are thousands.
slab() {
	settle "$1" >/dev/null
	slab_kept=$(on "$1" "sed -n 's/^vmap_area *//p' /proc/slabinfo")
	echo "$slab_kept" | {
		read -r _ slab_n slab_size _
		echo $(($(meminfo "$1" SUnreclaim) - slab_n * slab_size / 1024))
	}
}

# spare K: memory of kernel K that nobody has, kB. Each CPU keeps pages ready, by
# and by more megabytes of them, which MemFree leaves out.
spare() {
	spare_ready=$(on "$1" "sed -n 's/^ *count: *//p' /proc/zoneinfo" |
		awk '{ sum += $1 } END { print sum * 4 }')
	echo $(($(meminfo "$1" MemFree) + spare_ready))
}

# processes K: how many there are, but for the kernel's own threads.
processes() {
	on "$1" 'n=0; for p in /proc/[0-9]*; do
		[ ! -s "$p/maps" ] || n=$((n + 1)); done; echo $n'
}

# remember: what every kernel has now; less_than SLAB FREE: it is as it was,
# but for so many kB.
remember() {
	for leak_k in $(seq 0 $((KERNELS - 1))); do
		eval "leak_slab$leak_k=$(slab "$leak_k")"
		eval "leak_free$leak_k=$(spare "$leak_k")"
		eval "leak_processes$leak_k=$(processes "$leak_k")"
	done
}

less_than() {
	for leak_k in $(seq 0 $((KERNELS - 1))); do
		leak_slab=$(slab "$leak_k")
		leak_free=$(spare "$leak_k")
		leak_processes=$(processes "$leak_k")
		eval "leak_was=\$leak_slab$leak_k leak_had=\$leak_free$leak_k"
		eval "leak_ran=\$leak_processes$leak_k"
		echo "kernel $leak_k: slab $leak_was -> $leak_slab kB," \
			"free $leak_had -> $leak_free kB," \
			"processes $leak_ran -> $leak_processes"
		at_most "$leak_slab" $((leak_was + $1)) \
			"slab of kernel $leak_k, kB"
		at_least "$leak_free" $((leak_had - $2)) \
			"free memory of kernel $leak_k, kB"
		at_most "$leak_processes" $((leak_ran + 1)) \
			"processes of kernel $leak_k"
	done
}
