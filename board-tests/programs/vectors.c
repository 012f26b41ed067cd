// SPDX-License-Identifier: GPL-2.0
// vectors: what not every CPU has: scalable vectors and signed pointers.
#include "move.h"

#include <asm/ptrace.h>
#include <elf.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>

/* Only after a look at what the CPU has; the program runs on any. */
__asm__(".arch armv8.5-a+sve");

#define VL_MAX 256
#define PAGE   4096

/* As the kernel orders them; the second half of each is for shorter vectors. */
struct vectors {
	uint8_t z[32 * VL_MAX], p[16 * VL_MAX / 8], ffr[VL_MAX / 8];
};

/*
 * A page that who holds vectors and who pushes them share: stop at the end of
 * what is held, and take these instead of what is held.
 */
struct watch {
	volatile uint64_t stop, ticks;
	const struct vectors *volatile instead;
	volatile pid_t tid;
};

static bool has_vectors(void)
{
	return getauxval(AT_HWCAP) & HWCAP_SVE;
}

static unsigned int vl(void)
{
	uint64_t bytes;

	__asm__ volatile("rdvl %0, #1" : "=r"(bytes));
	return bytes;
}

static void fill(struct vectors *v, uint64_t random)
{
	unsigned int i, ones, n = vl();

	memset(v, 0, sizeof(*v));
	for (i = 0; i < 32 * n; i++)
		v->z[i] = next_random(&random);
	for (i = 0; i < 2 * n; i++)
		v->p[i] = next_random(&random);
	/* Its ones are all at the beginning. */
	ones = next_random(&random) % n;
	for (i = 0; i < ones; i++)
		v->ffr[i / 8] |= 1 << i % 8;
}

/* Written out, since a compiler may use them itself between any two lines */
#define EACH_P "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
#define EACH_Z EACH_P ",16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define LOAD                                  \
	"ldr p0, [%[in_ffr]]\n"               \
	"wrffr p0.b\n"                        \
	".irp n," EACH_Z "\n"                 \
	"ldr z\\n, [%[in_z], #\\n, mul vl]\n" \
	".endr\n"                             \
	".irp n," EACH_P "\n"                 \
	"ldr p\\n, [%[in_p], #\\n, mul vl]\n" \
	".endr\n"
#define STORE                                  \
	".irp n," EACH_Z "\n"                  \
	"str z\\n, [%[out_z], #\\n, mul vl]\n" \
	".endr\n"                              \
	".irp n," EACH_P "\n"                  \
	"str p\\n, [%[out_p], #\\n, mul vl]\n" \
	".endr\n"                              \
	"rdffr p0.b\n"                         \
	"str p0, [%[out_ffr]]\n"
#define PLACES(in, out)                                                    \
	[in_z] "r"((in)->z), [in_p] "r"((in)->p), [in_ffr] "r"((in)->ffr), \
		[out_z] "r"((out)->z), [out_p] "r"((out)->p),              \
		[out_ffr] "r"((out)->ffr)
#define USED                                                                   \
	"memory", "cc", "x9", "x10", "v0", "v1", "v2", "v3", "v4", "v5", "v6", \
		"v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",    \
		"v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", \
		"v25", "v26", "v27", "v28", "v29", "v30", "v31"

/* Count, until told to stop n times, and take what is to be held instead */
#define LOOP(n)                           \
	"1: ldr x9, [%[w], #8]\n"         \
	"add x9, x9, #1\n"                \
	"str x9, [%[w], #8]\n"            \
	"ldr x10, [%[w], #16]\n"          \
	"cbz x10, 2f\n"                   \
	"add x9, x10, #8192\n"            \
	"add x9, x9, #512\n"              \
	"ldr p0, [x9]\n"                  \
	"wrffr p0.b\n"                    \
	"sub x9, x9, #512\n"              \
	".irp n," EACH_Z "\n"             \
	"ldr z\\n, [x10, #\\n, mul vl]\n" \
	".endr\n"                         \
	".irp n," EACH_P "\n"             \
	"ldr p\\n, [x9, #\\n, mul vl]\n"  \
	".endr\n"                         \
	"str xzr, [%[w], #16]\n"          \
	"2: ldr x10, [%[w]]\n"            \
	"cmp x10, #" #n "\n"              \
	"b.lo 1b\n"

/* Hold them without a system call until told to stop. */
__attribute__((noinline)) static void hold(const struct vectors *in,
					   struct vectors *out, struct watch *w)
{
	__asm__ volatile(LOAD LOOP(1) STORE
			 :
			 : PLACES(in, out), [w] "r"(w)
			 : USED);
}

/* With a call, getppid(), in between */
__attribute__((noinline)) static void
hold_over_call(const struct vectors *in, struct vectors *out, struct watch *w)
{
	__asm__ volatile(LOAD LOOP(1) "mov x8, #173\n"
				      "svc #0\n" LOOP(2) STORE
			 :
			 : PLACES(in, out), [w] "r"(w)
			 : USED, "x0", "x8");
}

/* Hold them over an access to each of some pages. */
__attribute__((noinline)) static void hold_over_pages(const struct vectors *in,
						      struct vectors *out,
						      char *page, char *end)
{
	__asm__ volatile(LOAD "1: ldr x9, [%[page]]\n"
			      "add x9, x9, #1\n"
			      "str x9, [%[page]]\n"
			      "add %[page], %[page], #4096\n"
			      "cmp %[page], %[end]\n"
			      "b.ne 1b\n" STORE
			 : [page] "+r"(page)
			 : PLACES(in, out), [end] "r"(end)
			 : USED);
}

__attribute__((noinline)) static void hold_over_trap(const struct vectors *in,
						     struct vectors *out)
{
	__asm__ volatile(LOAD "brk #7\n" STORE : : PLACES(in, out) : USED);
}

static void use_all(void)
{
	__asm__ volatile("ptrue p0.b\n"
			 ".irp n," EACH_Z "\n"
			 "dup z\\n\\().b, #85\n"
			 ".endr\n"
			 "setffr\n"
			 ".irp n," EACH_P "\n"
			 "pfalse p\\n\\().b\n"
			 ".endr\n"
			 :
			 :
			 : USED);
}

static struct watch *new_watch(void)
{
	return shared_pages(PAGE);
}

/* ---- pushed from outside ---- */

/* Where /proc says that a thread runs */
static int place_of(pid_t tid)
{
	char name[64], line[1024] = "", *at;
	int i, cpu = -1;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/stat", tid);
	file = fopen(name, "r");
	if (!file)
		return -1;
	if (fgets(line, sizeof(line), file) && (at = strrchr(line, ')'))) {
		for (i = 2; i < 39 && at; i++)
			at = strchr(at + 1, ' ');
		cpu = at ? atoi(at) : -1;
	}
	fclose(file);
	return cpu;
}

static void wait_for_ticks(struct watch *w, unsigned int n)
{
	uint64_t until = w->ticks + n;

	while (w->ticks < until)
		sleep_ms(1);
}

/* Send it to a place; it is there, and has gone on. */
static void push(struct watch *w, unsigned int place)
{
	cpu_set_t set;
	int cpu;

	wait_for_ticks(w, 1);
	if (!move_places)
		return;
	cpu = move_cpus[place % move_places];
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(w->tid, sizeof(set), &set)) {
		__atomic_fetch_add(&move_count->failed, 1, __ATOMIC_RELAXED);
		return;
	}
	__atomic_fetch_add(&move_count->made, 1, __ATOMIC_RELAXED);
	while (place_of(w->tid) != cpu)
		sleep_ms(1);
	wait_for_ticks(w, 1000);
}

/* What it holds changes wherever it is. */
static void exchange(struct watch *w, const struct vectors *instead)
{
	w->instead = instead;
	while (w->instead)
		sleep_ms(1);
}

struct holder {
	struct watch *w;
	uint64_t random;
	unsigned int vl;
	int bad;
};

static bool differ(const struct vectors *a, const struct vectors *b)
{
	if (memcmp(a->z, b->z, sizeof(a->z)))
		ktap_say("z differ");
	if (memcmp(a->p, b->p, sizeof(a->p)))
		ktap_say("p differ");
	if (memcmp(a->ffr, b->ffr, sizeof(a->ffr)))
		ktap_say("ffr differ");
	return memcmp(a, b, sizeof(*a));
}

static void *holds(void *arg)
{
	static __thread struct vectors in, out;
	struct holder *h = arg;

	h->bad = h->vl && prctl(PR_SVE_SET_VL, h->vl) != (int)h->vl;
	fill(&in, h->random);
	memset(&out, 0, sizeof(out));
	h->w->tid = gettid();
	hold(&in, &out, h->w);
	h->bad |= differ(&in, &out);
	return NULL;
}

static enum ktap_status in_a_loop(void)
{
	struct holder h = { .w = new_watch(), .random = seed() };
	static struct vectors others[2];
	pthread_t thread;
	int i;

	if (!has_vectors())
		return KTAP_SKIP;
	fill(&others[0], seed() + 1);
	fill(&others[1], seed());
	pthread_create(&thread, NULL, holds, &h);
	/* It ends elsewhere, with what it took elsewhere and then had at home. */
	for (i = 1; i <= 7; i++) {
		push(h.w, i);
		if (i < 6)
			exchange(h.w, &others[i == 5]);
	}
	h.w->stop = 1;
	pthread_join(thread, NULL);
	munmap(h.w, PAGE);
	return h.bad ? KTAP_FAIL : KTAP_PASS;
}

static void nothing(int sig)
{
	(void)sig;
}

static void *calls(void *arg)
{
	static struct vectors in, out, low;
	struct holder *h = arg;
	unsigned int i;

	fill(&in, h->random);
	memset(&out, 0, sizeof(out));
	for (i = 0; i < 32; i++)
		memcpy(&low.z[i * vl()], &in.z[i * vl()], 16);
	h->w->tid = gettid();
	hold_over_call(&in, &out, h->w);
	h->bad = differ(&low, &out);
	return NULL;
}

/* It leaves the first 128 bits of each, and zeros; also if all were sent before. */
static enum ktap_status until_a_call(void)
{
	struct holder h = { .w = new_watch(), .random = seed() };
	pthread_t thread;
	int i, bad = 0;

	if (!has_vectors())
		return KTAP_SKIP;
	signal(SIGUSR1, nothing);
	for (i = 1; i < 4; i++) {
		memset(h.w, 0, sizeof(*h.w));
		pthread_create(&thread, NULL, calls, &h);
		push(h.w, i);
		pthread_kill(thread, SIGUSR1);
		wait_for_ticks(h.w, 1000);
		h.w->stop = 1;
		push(h.w, 0);
		push(h.w, i & 2);
		h.w->stop = 2;
		pthread_join(thread, NULL);
		bad |= h.bad;
	}
	munmap(h.w, PAGE);
	return bad ? KTAP_FAIL : KTAP_PASS;
}

/* Each with vectors of another length, all pushed about */
static enum ktap_status in_threads(void)
{
	static const unsigned int lengths[] = { 16, 64, 256 };
	struct holder h[3];
	pthread_t threads[3];
	int i, k, bad = 0;

	if (!has_vectors())
		return KTAP_SKIP;
	for (i = 0; i < 3; i++) {
		h[i] = (struct holder){ new_watch(), seed() + i, lengths[i],
					0 };
		pthread_create(&threads[i], NULL, holds, &h[i]);
	}
	for (k = 1; k <= 2; k++)
		for (i = 0; i < 3; i++)
			push(h[i].w, k + i);
	for (i = 0; i < 3; i++) {
		h[i].w->stop = 1;
		pthread_join(threads[i], NULL);
		munmap(h[i].w, PAGE);
		bad |= h[i].bad;
	}
	return bad ? KTAP_FAIL : KTAP_PASS;
}

/* ---- signals ---- */

static volatile sig_atomic_t hits, wrong_frames;
static const struct vectors *volatile expected;

static const struct _aarch64_ctx *record(const ucontext_t *context,
					 uint32_t magic)
{
	const char *at = (const char *)context->uc_mcontext.__reserved;
	const struct _aarch64_ctx *head = (const void *)at;

	while (head->magic && head->magic != magic) {
		at += head->size;
		head = (const void *)at;
	}
	return head->magic ? head : NULL;
}

/* What the program had in its vectors is in the frame. */
static void look_at_frame(const ucontext_t *context)
{
	const struct sve_context *sve =
		(const void *)record(context, SVE_MAGIC);
	unsigned int vq = vl() / 16;
	const char *at = (const char *)sve;

	if (!sve || sve->vl != vl() ||
	    sve->head.size < SVE_SIG_CONTEXT_SIZE(vq) ||
	    memcmp(at + SVE_SIG_ZREG_OFFSET(vq, 0), expected->z, 512 * vq) ||
	    memcmp(at + SVE_SIG_PREG_OFFSET(vq, 0), expected->p, 32 * vq) ||
	    memcmp(at + SVE_SIG_FFR_OFFSET(vq), expected->ffr, 2 * vq))
		wrong_frames++;
}

/* It uses them for itself, and comes back somewhere else. */
static void interrupts(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info;
	look_at_frame(context);
	use_all();
	go(++hits);
	use_all();
}

static void steps_over(int sig, siginfo_t *info, void *context)
{
	interrupts(sig, info, context);
	((ucontext_t *)context)->uc_mcontext.pc += 4;
}

static void makes_writable(int sig, siginfo_t *info, void *context)
{
	interrupts(sig, info, context);
	mprotect((void *)((uintptr_t)info->si_addr & -PAGE), PAGE,
		 PROT_READ | PROT_WRITE);
}

static void handle(int sig, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = { .sa_sigaction = handler,
				    .sa_flags = SA_SIGINFO };

	sigaction(sig, &action, NULL);
	hits = 0;
	wrong_frames = 0;
}

static struct vectors in, out, others;

static void *sends(void *arg)
{
	struct watch *w = arg;
	int i;

	fill(&others, seed() + 11);
	for (i = 1; i <= 7; i++) {
		push(w, i);
		if (i == 3)
			exchange(w, expected = &others);
		if (i == 5)
			exchange(w, expected = &in);
		syscall(SYS_tgkill, getpid(), w->tid, SIGUSR1);
		while (hits < i)
			sleep_ms(1);
	}
	wait_for_ticks(w, 1000);
	w->stop = 1;
	return NULL;
}

static enum ktap_status over_signals(void)
{
	struct watch *w = new_watch();
	pthread_t thread;

	if (!has_vectors())
		return KTAP_SKIP;
	handle(SIGUSR1, interrupts);
	fill(&in, seed() + 10);
	expected = &in;
	w->tid = gettid();
	pthread_create(&thread, NULL, sends, w);
	hold(&in, &out, w);
	pthread_join(thread, NULL);
	go(0);
	munmap(w, PAGE);
	KTAP_EXPECT(hits == 7 && !wrong_frames);
	KTAP_EXPECT(!differ(&in, &out));
	return KTAP_PASS;
}

/* Signals for what the program itself does */
static enum ktap_status over_exceptions(void)
{
	char *page = private_pages(4 * PAGE);
	int i;

	if (!has_vectors())
		return KTAP_SKIP;
	expected = &in;
	for (i = 0; i < 6; i++) {
		fill(&in, seed() + 20 + i);
		go(i);
		handle(SIGTRAP, steps_over);
		hold_over_trap(&in, &out);
		KTAP_EXPECT(hits == 1 && !wrong_frames);
		KTAP_EXPECT(!differ(&in, &out));
		mprotect(page, 4 * PAGE, PROT_READ);
		go(i);
		handle(SIGSEGV, makes_writable);
		hold_over_pages(&in, &out, page, page + 4 * PAGE);
		KTAP_EXPECT(hits == 4 && !wrong_frames);
		KTAP_EXPECT(!differ(&in, &out));
	}
	go(0);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
	munmap(page, 4 * PAGE);
	return KTAP_PASS;
}

/* Pages that are elsewhere, or nowhere yet */
static enum ktap_status over_page_faults(void)
{
	size_t size = 64 * PAGE;
	char *pages;
	int i;

	if (!has_vectors())
		return KTAP_SKIP;
	for (i = 0; i < 4; i++) {
		pages = private_pages(size);
		go(i);
		memset(pages, 1, size / 2);
		go(i + 1);
		fill(&in, seed() + 30 + i);
		hold_over_pages(&in, &out, pages, pages + size);
		KTAP_EXPECT(!differ(&in, &out));
		munmap(pages, size);
	}
	go(0);
	return KTAP_PASS;
}

/* ---- a debugger ---- */

static int holds_and_compares(void *arg)
{
	struct watch *w = arg;

	fill(&in, seed() + 40);
	w->tid = gettid();
	hold(&in, &out, w);
	in.z[0] ^= 0xff;
	return differ(&in, &out);
}

/* It sees vectors that are elsewhere, and changes them. */
static bool looks_and_changes(pid_t pid)
{
	static char data[16384] __attribute__((aligned(16)));
	struct user_sve_header *header = (void *)data;
	struct iovec vec = { data, sizeof(data) };

	if (ptrace(PTRACE_GETREGSET, pid, NT_ARM_SVE, &vec) ||
	    (header->flags & SVE_PT_REGS_MASK) != SVE_PT_REGS_SVE ||
	    header->vl != vl() ||
	    memcmp(data + SVE_PT_SVE_OFFSET, in.z, 32 * vl()))
		return false;
	data[SVE_PT_SVE_OFFSET] ^= 0xff;
	vec.iov_len = header->size;
	return !ptrace(PTRACE_SETREGSET, pid, NT_ARM_SVE, &vec);
}

static enum ktap_status with_a_debugger(void)
{
	struct watch *w = new_watch();
	int status;
	pid_t pid;

	if (!has_vectors())
		return KTAP_SKIP;
	pid = child(holds_and_compares, w);
	while (!w->tid)
		sleep_ms(1);
	fill(&in, seed() + 40);
	push(w, 1);
	KTAP_EXPECT(!ptrace(PTRACE_SEIZE, pid, 0, 0));
	KTAP_EXPECT(!ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	KTAP_EXPECT(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	KTAP_EXPECT(looks_and_changes(pid));
	KTAP_EXPECT(!ptrace(PTRACE_DETACH, pid, 0, 0));
	wait_for_ticks(w, 1000);
	push(w, 2);
	w->stop = 1;
	KTAP_EXPECT(!ended(pid));
	munmap(w, PAGE);
	return KTAP_PASS;
}

/* ---- lengths ---- */

/* The program anew, which tells the length that it has elsewhere. */
static int executes(void *how)
{
	if (how)
		go(1);
	execl("/proc/self/exe", "vectors", "length", NULL);
	return 99;
}

static int tells_length(void)
{
	unsigned int here, there = vl();

	go(1);
	here = vl();
	go(0);
	return here == there && vl() == there ? there / 16 : 98;
}

static void *tells_length_to(void *length)
{
	go(1);
	*(unsigned int *)length = vl();
	return NULL;
}

static unsigned int length_in_a_thread(void)
{
	unsigned int length = 0;
	pthread_t thread;

	pthread_create(&thread, NULL, tells_length_to, &length);
	pthread_join(thread, NULL);
	return length;
}

static enum ktap_status lengths(void)
{
	unsigned int i, want, usual;

	if (!has_vectors())
		return KTAP_SKIP;
	usual = vl();
	for (i = 0; i < 10; i++) {
		want = 16 << i % 5;
		go(i);
		KTAP_EXPECT(prctl(PR_SVE_SET_VL, want) == (int)want);
		KTAP_EXPECT(vl() == want);
		fill(&in, seed() + 50 + i);
		use_all();
		go(i + 1);
		KTAP_EXPECT(vl() == want && prctl(PR_SVE_GET_VL) == (int)want);
		KTAP_EXPECT(length_in_a_thread() == want);
	}
	go(1);
	KTAP_EXPECT(prctl(PR_SVE_SET_VL, usual) == (int)usual);
	go(0);
	KTAP_EXPECT(vl() == usual);
	return KTAP_PASS;
}

/* What is asked for the next program is not forgotten on the way. */
static enum ktap_status lengths_after_execve(void)
{
	unsigned int usual, i;

	if (!has_vectors())
		return KTAP_SKIP;
	usual = vl();
	expected = &in;
	for (i = 0; i < 2; i++) {
		bool away = i & 1;

		go(i);
		prctl(PR_SVE_SET_VL, 32 | PR_SVE_SET_VL_ONEXEC);
		KTAP_EXPECT(vl() == usual);
		handle(SIGTRAP, steps_over);
		hold_over_trap(&in, &out);
		go(i + 1);
		KTAP_EXPECT(ended(child(executes, away ? &usual : NULL)) == 2);
		prctl(PR_SVE_SET_VL, 128 | PR_SVE_VL_INHERIT);
		hold_over_trap(&in, &out);
		go(i);
		KTAP_EXPECT(ended(child(executes, away ? &usual : NULL)) == 8);
		KTAP_EXPECT(prctl(PR_SVE_GET_VL) == (128 | PR_SVE_VL_INHERIT));
		prctl(PR_SVE_SET_VL, usual);
		KTAP_EXPECT(ended(child(executes, away ? &usual : NULL)) ==
			    (int)usual / 16);
	}
	go(0);
	signal(SIGTRAP, SIG_DFL);
	return KTAP_PASS;
}

/* ---- signed pointers ---- */

#define KEYS   5
#define SIGNED 16

struct signatures {
	uint64_t of[KEYS][SIGNED];
};

static bool has_keys(void)
{
	return (getauxval(AT_HWCAP) & (HWCAP_PACA | HWCAP_PACG)) ==
	       (HWCAP_PACA | HWCAP_PACG);
}

static uint64_t sign(int key, uint64_t address, uint64_t with)
{
	uint64_t made = address;

	switch (key) {
	case 0:
		__asm__ volatile("pacia %0, %1" : "+r"(made) : "r"(with));
		break;
	case 1:
		__asm__ volatile("pacib %0, %1" : "+r"(made) : "r"(with));
		break;
	case 2:
		__asm__ volatile("pacda %0, %1" : "+r"(made) : "r"(with));
		break;
	case 3:
		__asm__ volatile("pacdb %0, %1" : "+r"(made) : "r"(with));
		break;
	default:
		__asm__ volatile("pacga %0, %1, %2"
				 : "=r"(made)
				 : "r"(address), "r"(with));
	}
	return made;
}

static uint64_t check(int key, uint64_t made, uint64_t with)
{
	switch (key) {
	case 0:
		__asm__ volatile("autia %0, %1" : "+r"(made) : "r"(with));
		break;
	case 1:
		__asm__ volatile("autib %0, %1" : "+r"(made) : "r"(with));
		break;
	case 2:
		__asm__ volatile("autda %0, %1" : "+r"(made) : "r"(with));
		break;
	default:
		__asm__ volatile("autdb %0, %1" : "+r"(made) : "r"(with));
	}
	return made;
}

static uint64_t address(int i)
{
	return (uintptr_t)&in + 8 * i;
}

static void sign_all(struct signatures *s)
{
	int key, i;

	memset(s, 0, sizeof(*s));
	for (key = 0; key < KEYS; key++)
		for (i = 0; i < SIGNED; i++)
			s->of[key][i] = sign(key, address(i), i);
}

static bool all_good(const struct signatures *s)
{
	int key, i;

	for (key = 0; key < KEYS - 1; key++)
		for (i = 0; i < SIGNED; i++)
			if (check(key, s->of[key][i], i) != address(i))
				return false;
	return true;
}

static bool same(const struct signatures *a, const struct signatures *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Does the key sign as before? That all of so many agree by chance cannot be. */
static bool same_key(const struct signatures *a, const struct signatures *b,
		     int key)
{
	return !memcmp(a->of[key], b->of[key], sizeof(a->of[key]));
}

static enum ktap_status signatures_hold(void)
{
	struct signatures first, now;
	int i;

	if (!has_keys())
		return KTAP_SKIP;
	sign_all(&first);
	for (i = 0; i < 6; i++) {
		go(i);
		sign_all(&now);
		KTAP_EXPECT(same(&first, &now) && all_good(&first));
	}
	go(0);
	KTAP_EXPECT(first.of[0][0] != address(0) ||
		    first.of[0][1] != address(1) ||
		    first.of[0][2] != address(2));
	return KTAP_PASS;
}

/* Return addresses are signed: by -mbranch-protection */
__attribute__((noinline)) static int deep(int n, int place)
{
	volatile int more = n;

	if (!n) {
		go(place);
		return 0;
	}
	return deep(more - 1, place) + 1;
}

static enum ktap_status returns(void)
{
	int i;

	for (i = 0; i < 8; i++)
		KTAP_EXPECT(deep(100, i) == 100);
	go(0);
	return KTAP_PASS;
}

/* New keys, made at home, are those that count elsewhere; each by itself. */
static enum ktap_status new_keys(void)
{
	struct signatures before, after;
	int key, k;

	if (!has_keys())
		return KTAP_SKIP;
	/* Not of code A, by which this function returns */
	for (key = 1; key < KEYS; key++) {
		go(key);
		sign_all(&before);
		KTAP_EXPECT(!prctl(PR_PAC_RESET_KEYS, 1 << key, 0, 0, 0));
		sign_all(&after);
		for (k = 0; k < KEYS; k++)
			KTAP_EXPECT(same_key(&before, &after, k) == (k != key));
		go(key + 1);
		sign_all(&before);
		KTAP_EXPECT(same(&before, &after) && all_good(&after));
	}
	go(0);
	return KTAP_PASS;
}

/* Keys that are off change nothing. */
static enum ktap_status keys_off(void)
{
	struct signatures on, off;
	int key, k;

	if (!has_keys())
		return KTAP_SKIP;
	sign_all(&on);
	for (key = 1; key < KEYS - 1; key++) {
		go(key);
		KTAP_EXPECT(!prctl(PR_PAC_SET_ENABLED_KEYS, 1 << key, 0, 0, 0));
		for (k = 0; k < 2; k++) {
			sign_all(&off);
			KTAP_EXPECT(off.of[key][3] == address(3));
			KTAP_EXPECT(!same_key(&on, &off, key));
			off = on;
			go(key + k);
		}
		KTAP_EXPECT(!prctl(PR_PAC_SET_ENABLED_KEYS, 1 << key, 1 << key,
				   0, 0));
		sign_all(&off);
		KTAP_EXPECT(same(&on, &off));
	}
	go(0);
	return KTAP_PASS;
}

static int signs_the_same(void *first)
{
	struct signatures now;
	int i;

	for (i = 0; i < 3; i++) {
		sign_all(&now);
		if (!same(first, &now))
			return 1;
		go(i);
	}
	return 0;
}

static void *thread_signs_the_same(void *first)
{
	return (void *)(intptr_t)signs_the_same(first);
}

/* Children and threads have the keys of who made them, wherever. */
static enum ktap_status keys_of_children(void)
{
	struct signatures first;
	pthread_t thread;
	void *bad;
	int i;

	if (!has_keys())
		return KTAP_SKIP;
	for (i = 0; i < 2; i++) {
		go(i);
		KTAP_EXPECT(!prctl(PR_PAC_RESET_KEYS, PR_PAC_APDAKEY, 0, 0, 0));
		sign_all(&first);
		KTAP_EXPECT(!ended(child(signs_the_same, &first)));
		pthread_create(&thread, NULL, thread_signs_the_same, &first);
		pthread_join(thread, &bad);
		KTAP_EXPECT(!bad);
	}
	go(0);
	return KTAP_PASS;
}

static int key_pipe[2];

static int executes_to_sign(void *how)
{
	char fd[16], at[32];

	if (how)
		go(1);
	snprintf(fd, sizeof(fd), "%d", key_pipe[1]);
	snprintf(at, sizeof(at), "%lu", address(0));
	execl("/proc/self/exe", "vectors", "sign", fd, at, NULL);
	return 99;
}

/* By the key of data A, which every program has anew, at home and elsewhere */
static int signs_anew(int fd, uint64_t at)
{
	uint64_t made[2][SIGNED];
	int i, place;

	for (place = 0; place < 2; place++) {
		go(place);
		for (i = 0; i < SIGNED; i++)
			made[place][i] = sign(2, at + 8 * i, i);
	}
	if (memcmp(made[0], made[1], sizeof(made[0])))
		return 1;
	return write(fd, made[0], sizeof(made[0])) != sizeof(made[0]);
}

static enum ktap_status keys_after_execve(void)
{
	uint64_t theirs[SIGNED];
	struct signatures mine;
	int i;

	if (!has_keys())
		return KTAP_SKIP;
	KTAP_EXPECT(!pipe(key_pipe));
	sign_all(&mine);
	for (i = 0; i < 2; i++) {
		go(i);
		KTAP_EXPECT(!ended(child(executes_to_sign, i & 1 ? &i : NULL)));
		KTAP_EXPECT(read(key_pipe[0], theirs, sizeof(theirs)) ==
			    sizeof(theirs));
		KTAP_EXPECT(memcmp(theirs, mine.of[2], sizeof(theirs)));
	}
	go(0);
	close(key_pipe[0]);
	close(key_pipe[1]);
	return KTAP_PASS;
}

/* One bit wrong: whether by the check or the use, it ends the same way. */
static int uses_a_bad_one(void *place)
{
	uint64_t made;

	go(*(int *)place);
	made = sign(2, address(0), 1) ^ 1ull << 50;
	return *(volatile char *)check(2, made, 1);
}

static enum ktap_status bad_signatures(void)
{
	int place, how;

	if (!has_keys())
		return KTAP_SKIP;
	for (place = 0; place < 3; place++) {
		how = ended(child(uses_a_bad_one, &place));
		ktap_say("ended by signal %d", how - 256);
		KTAP_EXPECT(how > 256);
	}
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_test tests[] = {
		{ "vectors in a loop", in_a_loop },
		{ "vectors until a call", until_a_call },
		{ "vectors in threads", in_threads },
		{ "vectors over signals", over_signals },
		{ "vectors over exceptions", over_exceptions },
		{ "vectors over page faults", over_page_faults },
		{ "vectors with a debugger", with_a_debugger },
		{ "lengths of vectors", lengths },
		{ "lengths after execve", lengths_after_execve },
		{ "signatures hold", signatures_hold },
		{ "returns", returns },
		{ "new keys", new_keys },
		{ "keys that are off", keys_off },
		{ "keys of children", keys_of_children },
		{ "keys after execve", keys_after_execve },
		{ "bad signatures", bad_signatures },
		MOVES_ARE_MADE,
	};

	if (argc == 2 && !strcmp(argv[1], "length"))
		return tells_length();
	if (argc == 4 && !strcmp(argv[1], "sign"))
		return signs_anew(atoi(argv[2]), strtoull(argv[3], NULL, 0));
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
