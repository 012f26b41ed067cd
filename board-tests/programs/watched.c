// SPDX-License-Identifier: GPL-2.0
// watched: moved tasks under a debugger, under a filter, and without rights.
#include "move.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#ifdef __aarch64__
#include <asm/ptrace.h>
#endif

static long *shared;

static int counts(void *unused)
{
	(void)unused;
	go(1);
	for (;;)
		__atomic_fetch_add(&shared[0], 1, __ATOMIC_RELAXED);
	return 0;
}

static long count(void)
{
	return __atomic_load_n(&shared[0], __ATOMIC_RELAXED);
}

static int goes_on(void)
{
	long before = count();
	int i;

	for (i = 0; i < 1000; i++) {
		if (count() != before)
			return 1;
		sleep_ms(10);
	}
	return 0;
}

/* Stops, reads, writes and lets go a process that runs elsewhere. */
static enum ktap_status attach_and_detach(void)
{
	pid_t pid = child(counts, NULL);
	long before, seen;
	int status, i;

	for (i = 0; i < 3; i++) {
		KTAP_EXPECT(goes_on());
		KTAP_EXPECT(!ptrace(PTRACE_ATTACH, pid, 0, 0));
		KTAP_EXPECT(waitpid(pid, &status, 0) == pid);
		KTAP_EXPECT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
		before = count();
		sleep_ms(50);
		KTAP_EXPECT(count() == before);
		errno = 0;
		seen = ptrace(PTRACE_PEEKDATA, pid, &shared[0], 0);
		KTAP_EXPECT(!errno && seen == before);
		KTAP_EXPECT(!ptrace(PTRACE_POKEDATA, pid, &shared[0],
				    before + 1000000000));
		KTAP_EXPECT(!ptrace(PTRACE_DETACH, pid, 0, 0));
		KTAP_EXPECT(goes_on());
		KTAP_EXPECT(count() >= before + 1000000000);
	}
	kill(pid, SIGKILL);
	KTAP_EXPECT(ended(pid) == 256 + SIGKILL);
	return KTAP_PASS;
}

#ifdef __aarch64__
static int loops_in_a_register(void *unused)
{
	register long x20 __asm__("x20") = 77000;

	(void)unused;
	go(1);
	for (;;) {
		__asm__ volatile("add %0, %0, #1" : "+r"(x20));
		__atomic_store_n(&shared[1], x20, __ATOMIC_RELAXED);
	}
	return 0;
}

static enum ktap_status registers(void)
{
	pid_t pid = child(loops_in_a_register, NULL);
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };
	long ahead;
	int status, i;

	while (__atomic_load_n(&shared[1], __ATOMIC_RELAXED) < 77010)
		sleep_ms(1);
	KTAP_EXPECT(!ptrace(PTRACE_ATTACH, pid, 0, 0));
	KTAP_EXPECT(waitpid(pid, &status, 0) == pid);
	KTAP_EXPECT(!ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov));
	ahead = regs.regs[20] - shared[1];
	KTAP_EXPECT(ahead == 0 || ahead == 1);
	regs.regs[20] = -5000000000000l;
	KTAP_EXPECT(!ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov));
	for (i = 0; i < 5; i++) {
		KTAP_EXPECT(!ptrace(PTRACE_SINGLESTEP, pid, 0, 0));
		KTAP_EXPECT(waitpid(pid, &status, 0) == pid);
		KTAP_EXPECT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	}
	KTAP_EXPECT(!ptrace(PTRACE_DETACH, pid, 0, 0));
	for (i = 0; i < 1000 && shared[1] > 0; i++)
		sleep_ms(10);
	KTAP_EXPECT(__atomic_load_n(&shared[1], __ATOMIC_RELAXED) < 0);
	kill(pid, SIGKILL);
	KTAP_EXPECT(ended(pid) == 256 + SIGKILL);
	return KTAP_PASS;
}

/* shared[2]: the core where it runs */
__attribute__((noinline)) static void counts_here(void)
{
	shared[2] = sched_getcpu();
	__atomic_fetch_add(&shared[0], 1, __ATOMIC_RELAXED);
}

static int counts_in_a_function(void *unused)
{
	(void)unused;
	go(1);
	for (;;)
		counts_here();
	return 0;
}

/* It runs where it was sent, again. */
static int is_back(void)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if (!move_places || shared[2] == move_cpus[1 % move_places])
			return goes_on();
		sleep_ms(10);
	}
	return 0;
}

/* One breakpoint or watchpoint, or none if @control is 0 */
static int set_debug(pid_t pid, int type, const volatile void *addr,
		     unsigned int control)
{
	struct user_hwdebug_state state = {};
	struct iovec iov = { &state,
			     offsetof(struct user_hwdebug_state, dbg_regs[1]) };

	state.dbg_regs[0].addr = (uintptr_t)addr;
	state.dbg_regs[0].ctrl = control;
	return ptrace(PTRACE_SETREGSET, pid, type, &iov);
}

#define BY_USER	   (2 << 1 | 1) /* at EL0, on */
#define BREAK_HERE (0xf << 5 | BY_USER) /* the instruction's four bytes */
#define WATCH_HERE (0xff << 5 | 2 << 3 | BY_USER) /* stores to eight bytes */

/* Go on until the debug hardware reports; at which address? */
static int reports(pid_t pid, siginfo_t *info)
{
	int status;

	return !ptrace(PTRACE_CONT, pid, 0, 0) &&
	       waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) &&
	       WSTOPSIG(status) == SIGTRAP &&
	       !ptrace(PTRACE_GETSIGINFO, pid, 0, info) &&
	       info->si_code == TRAP_HWBKPT;
}

/* Three times, each time of a thread that runs elsewhere when it is attached to. */
static enum ktap_status debug_registers(int type, const volatile void *addr,
					unsigned int control)
{
	pid_t pid = child(counts_in_a_function, NULL);
	siginfo_t info;
	int status, i;

	for (i = 0; i < 3; i++) {
		KTAP_EXPECT(is_back());
		KTAP_EXPECT(!ptrace(PTRACE_ATTACH, pid, 0, 0));
		KTAP_EXPECT(waitpid(pid, &status, 0) == pid);
		KTAP_EXPECT(!set_debug(pid, type, addr, control));
		KTAP_EXPECT(reports(pid, &info));
		KTAP_EXPECT(info.si_addr == addr);
		KTAP_EXPECT(!set_debug(pid, type, addr, 0));
		KTAP_EXPECT(!ptrace(PTRACE_DETACH, pid, 0, 0));
	}
	KTAP_EXPECT(is_back());
	kill(pid, SIGKILL);
	KTAP_EXPECT(ended(pid) == 256 + SIGKILL);
	return KTAP_PASS;
}

static enum ktap_status hardware_breakpoints(void)
{
	return debug_registers(NT_ARM_HW_BREAK, (void *)counts_here,
			       BREAK_HERE);
}

static enum ktap_status hardware_watchpoints(void)
{
	return debug_registers(NT_ARM_HW_WATCH, &shared[0], WATCH_HERE);
}
#else
static enum ktap_status registers(void)
{
	return KTAP_PASS;
}

static enum ktap_status hardware_breakpoints(void)
{
	return KTAP_PASS;
}

static enum ktap_status hardware_watchpoints(void)
{
	return KTAP_PASS;
}
#endif

static int asks_often(void *unused)
{
	int i;

	(void)unused;
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	go(1);
	raise(SIGSTOP);
	for (i = 0; i < 20; i++)
		syscall(SYS_getppid);
	return 5;
}

/* Every system call of the traced process stops twice. */
static enum ktap_status system_call_stops(void)
{
	pid_t pid = child(asks_often, NULL);
	int status, stops = 0;

	KTAP_EXPECT(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	KTAP_EXPECT(!ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD));
	for (;;) {
		KTAP_EXPECT(!ptrace(PTRACE_SYSCALL, pid, 0, 0));
		KTAP_EXPECT(waitpid(pid, &status, 0) == pid);
		if (WIFEXITED(status))
			break;
		stops += WSTOPSIG(status) == (SIGTRAP | 0x80);
	}
	KTAP_EXPECT(WEXITSTATUS(status) == 5);
	KTAP_EXPECT(stops >= 40);
	return KTAP_PASS;
}

#ifdef __aarch64__
#define THIS_ARCH AUDIT_ARCH_AARCH64
#else
#define THIS_ARCH AUDIT_ARCH_X86_64
#endif

static int no_getppid(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 6, code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int filtered(void *when)
{
	if (when)
		go(1);
	if (no_getppid())
		return 40;
	go(1);
	errno = 0;
	if (syscall(SYS_getppid) != -1 || errno != EXDEV)
		return 41;
	go(0);
	errno = 0;
	return syscall(SYS_getppid) == -1 && errno == EXDEV ? 0 : 42;
}

static enum ktap_status a_filter_holds(void)
{
	KTAP_EXPECT(!ended(child(filtered, (void *)0)));
	KTAP_EXPECT(!ended(child(filtered, (void *)1)));
	return KTAP_PASS;
}

static int strict(void *unused)
{
	(void)unused;
	go(1);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	syscall(SYS_getppid);
	return 0;
}

static enum ktap_status strict_mode_kills(void)
{
	KTAP_EXPECT(ended(child(strict, NULL)) == 256 + SIGKILL);
	return KTAP_PASS;
}

/* Rights that were given up stay so. */
static int without_rights(void *when)
{
	if (when)
		go(1);
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 40;
	go(1);
	if (getuid() != 65534 || geteuid() != 65534 || getgid() != 65534)
		return 41;
	if (open("/etc/shadow", O_RDONLY) != -1 || errno != EACCES)
		return 42;
	if (kill(1, SIGCONT) != -1 || errno != EPERM)
		return 43;
	go(0);
	if (open("/etc/shadow", O_RDONLY) != -1 || errno != EACCES)
		return 44;
	return setuid(0) == -1 ? 0 : 45;
}

static enum ktap_status rights_stay_given_up(void)
{
	if (getuid())
		return KTAP_SKIP;
	KTAP_EXPECT(!ended(child(without_rights, (void *)0)));
	KTAP_EXPECT(!ended(child(without_rights, (void *)1)));
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "attach and detach", attach_and_detach },
		{ "registers and single steps", registers },
		{ "hardware breakpoints", hardware_breakpoints },
		{ "hardware watchpoints", hardware_watchpoints },
		{ "stops at system calls", system_call_stops },
		{ "a filter holds", a_filter_holds },
		{ "strict mode kills", strict_mode_kills },
		{ "rights stay given up", rights_stay_given_up },
		MOVES_ARE_MADE,
	};

	shared = shared_pages(4096);
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
