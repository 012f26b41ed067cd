// SPDX-License-Identifier: GPL-2.0
// rights: filters that ask somebody, rights that a program gets or gives up, and
// the process's own settings hold wherever it runs.
#include "move.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/elf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>

static const char *self;

/* ---- filters ---- */

/* All calls of one kind end in this. */
static int filter(int nr, unsigned int action, unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static siginfo_t trapped;
static long trapped_pc;

static void on_trap(int signo, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	(void)signo;
	trapped = *info;
#ifdef __aarch64__
	trapped_pc = u->uc_mcontext.pc;
	u->uc_mcontext.regs[0] = 4711;
#else
	u->uc_mcontext.gregs[REG_RAX] = 4711;
	trapped_pc = u->uc_mcontext.gregs[REG_RIP];
#endif
}

/* The handler answers the call. */
static int traps(void *first)
{
	struct sigaction act = { .sa_sigaction = on_trap,
				 .sa_flags = SA_SIGINFO };

	sigaction(SIGSYS, &act, NULL);
	if (first)
		go(1);
	if (filter(SYS_getppid, SECCOMP_RET_TRAP | 77, 0))
		return 1;
	go(1);
	if (syscall(SYS_getppid) != 4711 || trapped.si_code != 1)
		return 2;
	if (trapped.si_errno != 77 || trapped.si_syscall != SYS_getppid)
		return 3;
	return (long)trapped.si_call_addr == trapped_pc ? 0 : 4;
}

static int killed_by_filter(void *action)
{
	go(1);
	if (filter(SYS_getppid, (unsigned long)action, 0))
		return 1;
	syscall(SYS_getppid);
	return 0;
}

static enum ktap_status filters_trap_and_kill(void)
{
	KTAP_EXPECT(!ended(child(traps, NULL)));
	KTAP_EXPECT(!ended(child(traps, "first")));
	KTAP_EXPECT(ended(child(killed_by_filter,
				(void *)(long)SECCOMP_RET_KILL_PROCESS)) ==
		    256 + SIGSYS);
	KTAP_EXPECT(ended(child(killed_by_filter,
				(void *)(long)SECCOMP_RET_KILL_THREAD)) ==
		    256 + SIGSYS);
	KTAP_EXPECT(
		!ended(child(killed_by_filter, (void *)(long)SECCOMP_RET_LOG)));
	return KTAP_PASS;
}

/* A descriptor of the filter is passed by the child's table. */
static int *passed;

static int asks_somebody(void *unused)
{
	long i, n = 0;

	(void)unused;
	go(1);
	*passed = filter(SYS_getppid, SECCOMP_RET_USER_NOTIF,
			 SECCOMP_FILTER_FLAG_NEW_LISTENER);
	if (*passed < 0)
		return 1;
	for (i = 0; i < 6; i++) {
		n += syscall(SYS_getppid);
		go(i);
	}
	return n == 6000 ? 0 : 2;
}

static enum ktap_status filters_ask_somebody(void)
{
	struct seccomp_notif_resp answer;
	struct seccomp_notif call;
	int listener, i, pidfd;
	pid_t pid;

	*passed = -1;
	pid = child(asks_somebody, NULL);
	while (__atomic_load_n(passed, __ATOMIC_ACQUIRE) < 0)
		sleep_ms(1);
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	listener = syscall(SYS_pidfd_getfd, pidfd, *passed, 0);
	KTAP_EXPECT(listener >= 0);
	for (i = 0; i < 6; i++) {
		go(i);
		memset(&call, 0, sizeof(call));
		KTAP_EXPECT(!ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call));
		KTAP_EXPECT(call.pid == (unsigned int)pid);
		KTAP_EXPECT(call.data.nr == SYS_getppid);
		answer = (struct seccomp_notif_resp){ .id = call.id,
						      .val = 1000 };
		KTAP_EXPECT(
			!ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer));
	}
	KTAP_EXPECT(!ended(pid));
	close(listener), close(pidfd);
	go(0);
	return KTAP_PASS;
}

static int asks_its_tracer(void *unused)
{
	(void)unused;
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	go(1);
	if (filter(SYS_getppid, SECCOMP_RET_TRACE | 5, 0))
		return 1;
	return syscall(SYS_getppid) == 1234 ? 0 : 2;
}

/* The tracer skips the call and says what it returns. */
static enum ktap_status filters_ask_a_tracer(void)
{
	pid_t pid = child(asks_its_tracer, NULL);
	unsigned long message = 0;
	int status, skip = -1, stops = 0;
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	KTAP_EXPECT(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	KTAP_EXPECT(!ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESECCOMP));
	for (;;) {
		KTAP_EXPECT(!ptrace(PTRACE_CONT, pid, 0, 0));
		KTAP_EXPECT(waitpid(pid, &status, 0) == pid);
		if (WIFEXITED(status))
			break;
		if (status >> 8 != (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
			continue;
		stops++;
		ptrace(PTRACE_GETEVENTMSG, pid, 0, &message);
		KTAP_EXPECT(message == 5);
		KTAP_EXPECT(!ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov));
#ifdef __aarch64__
		KTAP_EXPECT(regs.regs[8] == SYS_getppid);
		regs.regs[0] = 1234;
		KTAP_EXPECT(!ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov));
		iov = (struct iovec){ &skip, sizeof(skip) };
		KTAP_EXPECT(!ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL,
				    &iov));
#else
		regs.rax = 1234, regs.orig_rax = skip;
		KTAP_EXPECT(!ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov));
#endif
	}
	KTAP_EXPECT(WEXITSTATUS(status) == 0 && stops == 1);
	return KTAP_PASS;
}

/* ---- a debugger that seizes ---- */

static volatile long *words;

static int counts(void *unused)
{
	(void)unused;
	go(1);
	for (;;)
		words[0]++;
	return 0;
}

static int interrupted(pid_t pid)
{
	int status;

	return !ptrace(PTRACE_INTERRUPT, pid, 0, 0) &&
	       waitpid(pid, &status, 0) == pid &&
	       status >> 8 == (SIGTRAP | PTRACE_EVENT_STOP << 8);
}

static enum ktap_status seized(void)
{
	struct user_regs_struct regs, again;
	struct iovec iov = { &regs, sizeof(regs) };
	struct iovec iov2 = { &again, sizeof(again) };
	pid_t pid = child(counts, NULL);
	long seen, i;

	while (!words[0])
		sleep_ms(1);
	KTAP_EXPECT(!ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL));
	for (i = 0; i < 4; i++) {
		KTAP_EXPECT(interrupted(pid));
		seen = words[0];
		KTAP_EXPECT(ptrace(PTRACE_PEEKDATA, pid, words, 0) == seen);
		KTAP_EXPECT(!ptrace(PTRACE_POKEDATA, pid, words, 1000000000));
		KTAP_EXPECT(words[0] == 1000000000);
		KTAP_EXPECT(!ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov));
		KTAP_EXPECT(!ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov));
		KTAP_EXPECT(!ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov2));
		KTAP_EXPECT(!memcmp(&regs, &again, sizeof(regs)));
		KTAP_EXPECT(!ptrace(PTRACE_CONT, pid, 0, 0));
		while (words[0] == 1000000000)
			sleep_ms(1);
	}
	kill(pid, SIGKILL);
	KTAP_EXPECT(ended(pid) == 256 + SIGKILL);
	return KTAP_PASS;
}

static int nothing(void *unused)
{
	(void)unused;
	return 0;
}

static int has_children(void *unused)
{
	(void)unused;
	raise(SIGSTOP);
	go(1);
	if (ended(child(nothing, NULL)))
		return 1;
	execl("/bin/sh", "sh", "-c", "exit 6", NULL);
	return 2;
}

/* Each birth, program and end stops it. */
static enum ktap_status births_stop(void)
{
	pid_t pid = child(has_children, NULL), who;
	int status, events[8] = { 0 }, last = -1;

	KTAP_EXPECT(waitpid(pid, &status, WUNTRACED) == pid);
	KTAP_EXPECT(!ptrace(PTRACE_SEIZE, pid, 0,
			    PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE |
				    PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT));
	kill(pid, SIGCONT);
	while ((who = waitpid(-1, &status, __WALL)) > 0) {
		int event = status >> 16;

		if (WIFEXITED(status) && who == pid)
			last = WEXITSTATUS(status);
		if (!WIFSTOPPED(status))
			continue;
		if (event > 0 && event < 8)
			events[event]++;
		ptrace(PTRACE_CONT, who, 0, 0);
	}
	KTAP_EXPECT(last == 6);
	KTAP_EXPECT(events[PTRACE_EVENT_FORK] + events[PTRACE_EVENT_CLONE] ==
		    1);
	KTAP_EXPECT(events[PTRACE_EVENT_EXEC] == 1);
	KTAP_EXPECT(events[PTRACE_EVENT_EXIT] == 2);
	return KTAP_PASS;
}

/* ---- rights ---- */

static int drops(void *first)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
						 0 };
	struct __user_cap_data_struct data[2] = { 0 };
	char path[] = "/tmp/rights.XXXXXX";
	int fd = mkstemp(path);

	if (first)
		go(1);
	fchown(fd, 4711, 4711);
	fchmod(fd, 0600);
	if (prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0) ||
	    syscall(SYS_capset, &head, data))
		return 1;
	go(1);
	if (open(path, O_RDONLY) >= 0 || errno != EACCES)
		return 2;
	if (!sethostname("x", 1) || errno != EPERM)
		return 3;
	if (prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0))
		return 4;
	if (syscall(SYS_capget, &head, data) || data[0].effective)
		return 5;
	return unlink(path) ? 0 : 6;
}

static enum ktap_status capabilities_are_dropped(void)
{
	int a = ended(child(drops, NULL)), b = ended(child(drops, "first"));

	/* The folder is root's, who it still is */
	KTAP_EXPECT(a == 6 && b == 6);
	return KTAP_PASS;
}

/* Of a copy of this program that belongs to another user */
static int runs_as(const char *path, int no_new)
{
	int in[2], status, ids[2] = { -1, -1 };
	pid_t pid;

	if (pipe(in))
		return -1;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(in[1], 9);
		if (setgid(4712) || setuid(4712))
			_exit(1);
		if (no_new)
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		go(1);
		execl(path, path, "ids", NULL);
		_exit(2);
	}
	close(in[1]);
	if (read(in[0], ids, sizeof(ids)) != sizeof(ids))
		ids[0] = -2;
	close(in[0]);
	waitpid(pid, &status, 0);
	return ids[0] == 4712 && !status ? ids[1] : -1;
}

static enum ktap_status programs_of_others(void)
{
	char path[] = "/var/tmp/rights.XXXXXX", command[128];

	close(mkstemp(path));
	snprintf(command, sizeof(command), "cp %s %s", self, path);
	KTAP_EXPECT(!system(command));
	KTAP_EXPECT(!chown(path, 4711, 4711) && !chmod(path, 04755));
	KTAP_EXPECT(runs_as(path, 0) == 4711);
	KTAP_EXPECT(runs_as(path, 1) == 4712);
	unlink(path);
	return KTAP_PASS;
}

/* ---- a process's own settings ---- */

static int waits(void *arg)
{
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	go(1);
	*(int *)arg = getpid();
	for (;;)
		sleep_ms(1000);
	return 0;
}

static int parent_dies(void *arg)
{
	child(waits, arg);
	while (!*(volatile int *)arg)
		sleep_ms(1);
	go(1);
	return 0;
}

/* The child of one that ends gets its signal, and another parent. */
static enum ktap_status parents_die(void)
{
	int status, *grandchild = (int *)passed;

	*grandchild = 0;
	KTAP_EXPECT(!prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	KTAP_EXPECT(!ended(child(parent_dies, grandchild)));
	KTAP_EXPECT(waitpid(*grandchild, &status, 0) == *grandchild);
	KTAP_EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	return KTAP_PASS;
}

static int settings(void *unused)
{
	char name[32], line[32] = "";
	int fd;

	(void)unused;
	go(1);
	prctl(PR_SET_NAME, "a new name");
	prctl(PR_SET_TIMERSLACK, 12345);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_KEEPCAPS, 1);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	go(0);
	prctl(PR_GET_NAME, name);
	if (strcmp(name, "a new name"))
		return 1;
	go(1);
	fd = open("/proc/thread-self/comm", O_RDONLY);
	if (read(fd, line, sizeof(line)) != 11 || strcmp(line, "a new name\n"))
		return 2;
	if (prctl(PR_GET_TIMERSLACK) != 12345 || prctl(PR_GET_DUMPABLE) ||
	    prctl(PR_GET_KEEPCAPS) != 1 ||
	    prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) != 1)
		return 3;
	prctl(PR_SET_KEEPCAPS, 1);
	if (setresuid(4711, 4711, 4711))
		return 4;
	return prctl(PR_GET_DUMPABLE) ? 5 : 0;
}

static enum ktap_status settings_stay(void)
{
	KTAP_EXPECT(!ended(child(settings, NULL)));
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_test tests[] = {
		{ "filters trap and kill", filters_trap_and_kill },
		{ "filters ask somebody", filters_ask_somebody },
		{ "filters ask a tracer", filters_ask_a_tracer },
		{ "seized", seized },
		{ "births stop", births_stop },
		{ "capabilities are dropped", capabilities_are_dropped },
		{ "programs of others", programs_of_others },
		{ "parents die", parents_die },
		{ "settings stay", settings_stay },
		MOVES_ARE_MADE,
	};
	int ids[2] = { getuid(), geteuid() };

	if (argc > 1)
		return write(9, ids, sizeof(ids)) != sizeof(ids);
	self = argv[0];
	words = shared_pages(4096);
	passed = shared_pages(4096);
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
