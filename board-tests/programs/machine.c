// SPDX-License-Identifier: GPL-2.0
// machine: registers, clocks and the answers about the place of a thread.
#include "move.h"

#include <fenv.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>

#define HOPS 40

/* getcpu() and affinity say where the thread was sent. */
static enum ktap_status the_place_is_told(void)
{
	unsigned int cpu, node;
	cpu_set_t set;
	int i;

	for (i = 0; i < 2 * move_places; i++) {
		int want = move_cpus[i % move_places];

		go(i);
		KTAP_EXPECT(sched_getcpu() == want);
		KTAP_EXPECT(!syscall(SYS_getcpu, &cpu, &node, NULL));
		KTAP_EXPECT(cpu == (unsigned int)want);
		KTAP_EXPECT(!sched_getaffinity(0, sizeof(set), &set));
		KTAP_EXPECT(CPU_COUNT(&set) == 1 && CPU_ISSET(want, &set));
	}
	go(0);
	return KTAP_PASS;
}

static enum ktap_status clocks_never_go_back(void)
{
	static const clockid_t clocks[] = {
		CLOCK_MONOTONIC,	 CLOCK_REALTIME,
		CLOCK_BOOTTIME,		 CLOCK_MONOTONIC_RAW,
		CLOCK_THREAD_CPUTIME_ID, CLOCK_PROCESS_CPUTIME_ID
	};
	uint64_t last[6] = { 0 }, now;
	int hop, i, k;

	for (hop = 0; hop < HOPS; hop++) {
		go(hop);
		for (i = 0; i < 20; i++) {
			for (k = 0; k < 6; k++) {
				now = now_ns(clocks[k]);
				if (now < last[k])
					ktap_say("clock %d went back by %ld", k,
						 (long)(last[k] - now));
				KTAP_EXPECT(now >= last[k]);
				last[k] = now;
			}
		}
	}
	go(0);
	return KTAP_PASS;
}

/* What a sleep takes agrees on the clocks: none jumps at a move. */
static enum ktap_status clocks_agree(void)
{
	int64_t real, mono;
	int i;

	for (i = 0; i < 6; i++) {
		real = now_ns(CLOCK_REALTIME);
		mono = now_ns(CLOCK_MONOTONIC);
		go(i);
		sleep_ms(30);
		real = now_ns(CLOCK_REALTIME) - real;
		mono = now_ns(CLOCK_MONOTONIC) - mono;
		KTAP_EXPECT(mono >= 30000000);
		KTAP_EXPECT(llabs(real - mono) < 1000000000);
	}
	go(0);
	return KTAP_PASS;
}

/* CPU time that is used anywhere is counted, by every account. */
static enum ktap_status cpu_time_is_charged(void)
{
	uint64_t start, whole, until;
	struct rusage before, after;
	long used;

	/* On a busy host much is used between two of these: the shortest last. */
	getrusage(RUSAGE_SELF, &before);
	whole = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	start = now_ns(CLOCK_THREAD_CPUTIME_ID);
	go(1);
	until = now_ns(CLOCK_MONOTONIC) + 60000000000ull;
	while (now_ns(CLOCK_THREAD_CPUTIME_ID) - start < 200000000ull)
		KTAP_EXPECT(now_ns(CLOCK_MONOTONIC) < until);
	go(0);
	getrusage(RUSAGE_SELF, &after);
	KTAP_EXPECT(now_ns(CLOCK_THREAD_CPUTIME_ID) - start >= 200000000ull);
	KTAP_EXPECT(now_ns(CLOCK_PROCESS_CPUTIME_ID) - whole >= 200000000ull);
	used = (after.ru_utime.tv_sec - before.ru_utime.tv_sec +
		after.ru_stime.tv_sec - before.ru_stime.tv_sec) *
		       1000000l +
	       after.ru_utime.tv_usec - before.ru_utime.tv_usec +
	       after.ru_stime.tv_usec - before.ru_stime.tv_usec;
	KTAP_EXPECT(used >= 199000);
	return KTAP_PASS;
}

#ifdef __aarch64__
/* All 32 vector registers are filled, a move is made, all are read back. */
static int vectors_stay(int place, uint64_t *in, uint64_t *out)
{
	cpu_set_t set;
	register long x0 __asm__("x0") = 0;
	register long x1 __asm__("x1") = sizeof(set);
	register void *x2 __asm__("x2") = &set;
	register long x8 __asm__("x8") = SYS_sched_setaffinity;

	CPU_ZERO(&set);
	CPU_SET(move_places ? move_cpus[place % move_places] : 0, &set);
	__asm__ volatile(".irp n,0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30\n"
			 "ldr q\\n, [%1, #\\n * 16]\n"
			 ".endr\n"
			 ".irp n,1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31\n"
			 "ldr q\\n, [%1, #\\n * 16]\n"
			 ".endr\n"
			 "svc #0\n"
			 ".irp n,0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30\n"
			 "str q\\n, [%2, #\\n * 16]\n"
			 ".endr\n"
			 ".irp n,1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31\n"
			 "str q\\n, [%2, #\\n * 16]\n"
			 ".endr\n"
			 : "+r"(x0)
			 : "r"(in), "r"(out), "r"(x1), "r"(x2), "r"(x8)
			 : "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6",
			   "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14",
			   "v15", "v16", "v17", "v18", "v19", "v20", "v21",
			   "v22", "v23", "v24", "v25", "v26", "v27", "v28",
			   "v29", "v30", "v31");
	return x0 || memcmp(in, out, 512);
}

static enum ktap_status vector_registers(void)
{
	uint64_t in[64], out[64], state = seed();
	int hop, i;

	for (hop = 0; hop < HOPS; hop++) {
		for (i = 0; i < 64; i++)
			in[i] = next_random(&state);
		memset(out, 0, sizeof(out));
		KTAP_EXPECT(!vectors_stay(hop, in, out));
	}
	go(0);
	return KTAP_PASS;
}
#else
static enum ktap_status vector_registers(void)
{
	return KTAP_PASS;
}
#endif

/* Rounding mode and exception flags belong to the thread. */
static enum ktap_status float_environment(void)
{
	volatile double one = 1, three = 3, zero = 0, up, down;
	int hop;

	for (hop = 0; hop < 6; hop++) {
		fesetround(FE_UPWARD);
		go(hop);
		up = one / three;
		KTAP_EXPECT(fegetround() == FE_UPWARD);
		fesetround(FE_DOWNWARD);
		go(hop + 1);
		down = one / three;
		KTAP_EXPECT(up > down);
		fesetround(FE_TONEAREST);
		feclearexcept(FE_ALL_EXCEPT);
		up = one / zero;
		go(hop);
		KTAP_EXPECT(fetestexcept(FE_DIVBYZERO));
		feclearexcept(FE_ALL_EXCEPT);
	}
	go(0);
	return KTAP_PASS;
}

static double pi_until(int hops)
{
	double sum = 0;
	int i;

	for (i = 0; i < 400000; i++) {
		sum += (i % 2 ? -4.0 : 4.0) / (2 * i + 1);
		if (hops && i % 40000 == 0)
			go(i / 40000);
	}
	go(0);
	return sum;
}

static enum ktap_status sums_are_the_same(void)
{
	double still = pi_until(0), moving = pi_until(1);

	KTAP_EXPECT(!memcmp(&still, &moving, sizeof(still)));
	ktap_say("%.17g", moving);
	return KTAP_PASS;
}

static enum ktap_status the_system_is_one(void)
{
	struct utsname here, there;
	long pages = sysconf(_SC_PHYS_PAGES);
	struct rlimit limit, again;
	char name[64];

	uname(&here);
	getrlimit(RLIMIT_NOFILE, &limit);
	go(1);
	uname(&there);
	getrlimit(RLIMIT_NOFILE, &again);
	KTAP_EXPECT(!memcmp(&here, &there, sizeof(here)));
	KTAP_EXPECT(!memcmp(&limit, &again, sizeof(limit)));
	KTAP_EXPECT(sysconf(_SC_PHYS_PAGES) == pages);
	KTAP_EXPECT(!gethostname(name, sizeof(name)));
	KTAP_EXPECT(!strcmp(name, here.nodename));
	KTAP_EXPECT(getauxval(AT_PAGESZ) == (unsigned long)getpagesize());
	go(0);
	return KTAP_PASS;
}

/* One file of the process's own entry in /proc names it, from any place. */
static enum ktap_status proc_is_home(void)
{
	char line[256], name[32];
	int place, pid;
	FILE *file;

	for (place = 0; place < 2; place++) {
		go(place);
		file = fopen("/proc/self/stat", "r");
		KTAP_EXPECT(file && fgets(line, sizeof(line), file));
		fclose(file);
		KTAP_EXPECT(sscanf(line, "%d (%31[^)]", &pid, name) == 2);
		KTAP_EXPECT(pid == getpid());
		file = fopen("/proc/self/maps", "r");
		KTAP_EXPECT(file && fgets(line, sizeof(line), file));
		KTAP_EXPECT(strstr(line, name));
		fclose(file);
	}
	go(0);
	return KTAP_PASS;
}

static enum ktap_status random_numbers(void)
{
	uint64_t a = 0, b = 0;

	go(1);
	KTAP_EXPECT(getrandom(&a, 8, 0) == 8 && getrandom(&b, 8, 0) == 8);
	go(0);
	KTAP_EXPECT(a != b);
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "the place is told", the_place_is_told },
		{ "clocks never go back", clocks_never_go_back },
		{ "clocks agree", clocks_agree },
		{ "CPU time is charged", cpu_time_is_charged },
		{ "vector registers", vector_registers },
		{ "floating point environment", float_environment },
		{ "sums are the same", sums_are_the_same },
		{ "the system is one", the_system_is_one },
		{ "proc is the home's", proc_is_home },
		{ "random numbers", random_numbers },
		MOVES_ARE_MADE,
	};

	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
