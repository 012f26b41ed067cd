// SPDX-License-Identifier: GPL-2.0
// events: what a thread waits for by descriptor, queue or signal finds it anywhere,
// also one that is moved by another thread while it is blocked in its call.
#include "move.h"

#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#define HOPS 6

/* Another thread is bound to a place, as somebody outside would do it. */
static void push(pid_t tid, unsigned int place)
{
	cpu_set_t set;

	if (!move_places)
		return;
	CPU_ZERO(&set);
	CPU_SET(move_cpus[place % move_places], &set);
	if (sched_setaffinity(tid, sizeof(set), &set))
		__atomic_fetch_add(&move_count->failed, 1, __ATOMIC_RELAXED);
	else
		__atomic_fetch_add(&move_count->made, 1, __ATOMIC_RELAXED);
}

/* A thread blocked in a call, which others push and then wake. */
struct blocked {
	long (*call)(struct blocked *b);
	int fd;
	pid_t tid;
	long result;
	pthread_t thread;
};

static void *block(void *arg)
{
	struct blocked *b = arg;

	go(1);
	__atomic_store_n(&b->tid, gettid(), __ATOMIC_RELEASE);
	b->result = b->call(b);
	return NULL;
}

static int is_blocked(pid_t tid)
{
	char path[64], line[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (!fgets(line, sizeof(line), file))
		line[0] = 0;
	fclose(file);
	return line[0] >= '0' && line[0] <= '9';
}

/* Begin the call, and push the thread about in it. */
static int start(struct blocked *b)
{
	unsigned int hop;

	b->tid = 0;
	if (pthread_create(&b->thread, NULL, block, b))
		return -1;
	while (!__atomic_load_n(&b->tid, __ATOMIC_ACQUIRE))
		sleep_ms(1);
	while (!is_blocked(b->tid))
		sleep_ms(1);
	sleep_ms(5);
	for (hop = 0; hop < HOPS; hop++)
		push(b->tid, hop);
	return 0;
}

static long end(struct blocked *b)
{
	pthread_join(b->thread, NULL);
	return b->result;
}

static long read_u64(struct blocked *b)
{
	uint64_t value = 0;

	return read(b->fd, &value, 8) == 8 ? (long)value : -errno;
}

static enum ktap_status counters(void)
{
	struct blocked b = { .call = read_u64 };
	uint64_t five = 5;

	b.fd = eventfd(0, EFD_CLOEXEC);
	KTAP_EXPECT(b.fd >= 0 && !start(&b));
	go(0);
	KTAP_EXPECT(write(b.fd, &five, 8) == 8);
	KTAP_EXPECT(end(&b) == 5);
	close(b.fd);
	b.fd = eventfd(2, EFD_SEMAPHORE);
	go(1);
	KTAP_EXPECT(read_u64(&b) == 1 && read_u64(&b) == 1);
	KTAP_EXPECT(!start(&b));
	KTAP_EXPECT(write(b.fd, &five, 8) == 8);
	KTAP_EXPECT(end(&b) == 1);
	close(b.fd);
	go(0);
	return KTAP_PASS;
}

static enum ktap_status timers_by_descriptor(void)
{
	struct itimerspec t = { .it_value.tv_nsec = 200000000 }, rest;
	struct blocked b = { .call = read_u64 };
	uint64_t before;
	int i;

	b.fd = timerfd_create(CLOCK_MONOTONIC, 0);
	before = now_ns(CLOCK_MONOTONIC);
	KTAP_EXPECT(!timerfd_settime(b.fd, 0, &t, NULL) && !start(&b));
	KTAP_EXPECT(end(&b) == 1);
	KTAP_EXPECT(now_ns(CLOCK_MONOTONIC) - before >= 200000000);
	t.it_value.tv_nsec = 1000000;
	t.it_interval.tv_nsec = 20000000;
	before = now_ns(CLOCK_MONOTONIC);
	KTAP_EXPECT(!timerfd_settime(b.fd, 0, &t, NULL));
	for (i = 0; i < 6;) {
		long n;

		go(i);
		n = read_u64(&b);
		KTAP_EXPECT(n > 0);
		i += n;
		KTAP_EXPECT(now_ns(CLOCK_MONOTONIC) - before >=
			    1000000 + (i - 1) * 20000000ull);
	}
	go(1);
	KTAP_EXPECT(!timerfd_gettime(b.fd, &rest));
	KTAP_EXPECT(rest.it_interval.tv_nsec == 20000000);
	KTAP_EXPECT(rest.it_value.tv_nsec <= 20000000);
	go(0);
	close(b.fd);
	return KTAP_PASS;
}

static long read_signal(struct blocked *b)
{
	struct signalfd_siginfo info;

	if (read(b->fd, &info, sizeof(info)) != sizeof(info))
		return -errno;
	return info.ssi_signo * 1000 + info.ssi_int;
}

static enum ktap_status signals_by_descriptor(void)
{
	struct blocked b = { .call = read_signal };
	union sigval value = { .sival_int = 42 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	KTAP_EXPECT(!sigprocmask(SIG_BLOCK, &set, NULL));
	b.fd = signalfd(-1, &set, 0);
	KTAP_EXPECT(b.fd >= 0 && !start(&b));
	go(1);
	KTAP_EXPECT(!sigqueue(getpid(), SIGUSR2, value));
	KTAP_EXPECT(end(&b) == SIGUSR2 * 1000 + 42);
	go(0);
	close(b.fd);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return KTAP_PASS;
}

static long read_name(struct blocked *b)
{
	char buffer[512] __attribute__((aligned(8)));
	struct inotify_event *event = (void *)buffer;
	long n = read(b->fd, buffer, sizeof(buffer));

	return n < 0			   ? -errno :
	       !strcmp(event->name, "new") ? (long)event->mask :
					     0;
}

static enum ktap_status names_by_descriptor(void)
{
	struct blocked b = { .call = read_name };
	char folder[] = "/tmp/events.XXXXXX", path[64];

	KTAP_EXPECT(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/new", folder);
	b.fd = inotify_init1(0);
	KTAP_EXPECT(inotify_add_watch(b.fd, folder, IN_CREATE | IN_DELETE) > 0);
	KTAP_EXPECT(!start(&b));
	go(1);
	close(open(path, O_CREAT | O_RDWR, 0600));
	KTAP_EXPECT(end(&b) == IN_CREATE);
	unlink(path);
	KTAP_EXPECT(read_name(&b) == IN_DELETE);
	go(0);
	close(b.fd);
	rmdir(folder);
	return KTAP_PASS;
}

static int sleeper(void *arg)
{
	(void)arg;
	go(1);
	for (;;)
		sleep_ms(1000);
	return 0;
}

static long poll_one(struct blocked *b)
{
	struct pollfd fd = { .fd = b->fd, .events = POLLIN };

	return poll(&fd, 1, -1) == 1 ? fd.revents : -errno;
}

static enum ktap_status processes_by_descriptor(void)
{
	struct blocked b = { .call = poll_one };
	pid_t pid = child(sleeper, NULL);
	siginfo_t info = { 0 };

	b.fd = syscall(SYS_pidfd_open, pid, 0);
	KTAP_EXPECT(b.fd >= 0 && !start(&b));
	go(1);
	KTAP_EXPECT(!syscall(SYS_pidfd_send_signal, b.fd, SIGTERM, NULL, 0));
	KTAP_EXPECT(end(&b) == POLLIN);
	KTAP_EXPECT(!waitid(P_PIDFD, b.fd, &info, WEXITED));
	KTAP_EXPECT(info.si_pid == pid && info.si_status == SIGTERM);
	KTAP_EXPECT(info.si_code == CLD_KILLED);
	go(0);
	close(b.fd);
	return KTAP_PASS;
}

/* A descriptor of another process is used from elsewhere. */
static enum ktap_status descriptors_of_others(void)
{
	int ends[2], fd, copy;
	pid_t pid;
	char c = 0;

	KTAP_EXPECT(!pipe(ends));
	pid = child(sleeper, NULL);
	go(1);
	fd = syscall(SYS_pidfd_open, pid, 0);
	copy = syscall(SYS_pidfd_getfd, fd, ends[1], 0);
	KTAP_EXPECT(copy >= 0 && write(copy, "x", 1) == 1);
	KTAP_EXPECT(read(ends[0], &c, 1) == 1 && c == 'x');
	kill(pid, SIGKILL);
	KTAP_EXPECT(ended(pid) == 256 + SIGKILL);
	close(copy), close(fd), close(ends[0]), close(ends[1]);
	go(0);
	return KTAP_PASS;
}

static long wait_epoll(struct blocked *b)
{
	struct epoll_event event;

	return epoll_wait(b->fd, &event, 1, -1) == 1 ? (long)event.data.u64 :
						       -errno;
}

/* One of each kind in one set; each wakes the thread once. */
static enum ktap_status one_set_of_all(void)
{
	struct itimerspec t = { .it_value.tv_nsec = 1000000 }, off = { 0 };
	struct blocked b = { .call = wait_epoll };
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int counter = eventfd(0, 0), timer = timerfd_create(CLOCK_REALTIME, 0);
	int fds[3], ends[2], inner = epoll_create1(0), i;
	uint64_t one = 1;

	KTAP_EXPECT(!pipe(ends));
	b.fd = epoll_create1(0);
	event.data.u64 = 9;
	KTAP_EXPECT(!epoll_ctl(inner, EPOLL_CTL_ADD, ends[0], &event));
	fds[0] = counter, fds[1] = timer, fds[2] = inner;
	for (i = 0; i < 3; i++) {
		event.data.u64 = i;
		KTAP_EXPECT(!epoll_ctl(b.fd, EPOLL_CTL_ADD, fds[i], &event));
	}
	for (i = 0; i < 6; i++) {
		KTAP_EXPECT(!start(&b));
		go(i / 3);
		if (i % 3 == 0)
			KTAP_EXPECT(write(counter, &one, 8) == 8);
		if (i % 3 == 1)
			KTAP_EXPECT(!timerfd_settime(timer, 0, &t, NULL));
		if (i % 3 == 2)
			KTAP_EXPECT(write(ends[1], "x", 1) == 1);
		KTAP_EXPECT(end(&b) == i % 3);
		timerfd_settime(timer, 0, &off, NULL);
	}
	go(0);
	for (i = 0; i < 3; i++)
		close(fds[i]);
	close(b.fd), close(ends[0]), close(ends[1]);
	return KTAP_PASS;
}

/* ---- queues ---- */

static int told;

static void tell(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	__atomic_store_n(&told, info->si_code == SI_MESGQ ? info->si_int : -1,
			 __ATOMIC_RELEASE);
}

static void tell_by_thread(union sigval value)
{
	__atomic_store_n(&told, value.sival_int, __ATOMIC_RELEASE);
}

static int is_told(int value)
{
	int i;

	for (i = 0; i < 20000; i++) {
		if (__atomic_load_n(&told, __ATOMIC_ACQUIRE) == value)
			return 1;
		sleep_ms(1);
	}
	return 0;
}

static long receive(struct blocked *b)
{
	char text[64];

	return mq_receive(b->fd, text, sizeof(text), NULL);
}

static enum ktap_status queues_notify(void)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 64 };
	struct sigaction act = { .sa_sigaction = tell, .sa_flags = SA_SIGINFO };
	struct sigevent by_signal = { .sigev_notify = SIGEV_SIGNAL,
				      .sigev_signo = SIGUSR1,
				      .sigev_value.sival_int = 7 };
	struct sigevent by_thread = { .sigev_notify = SIGEV_THREAD,
				      .sigev_notify_function = tell_by_thread,
				      .sigev_value.sival_int = 8 };
	struct blocked b = { .call = receive };
	char name[32], text[64];

	snprintf(name, sizeof(name), "/events.%d", getpid());
	b.fd = mq_open(name, O_CREAT | O_RDWR, 0600, &attr);
	KTAP_EXPECT(b.fd >= 0);
	sigaction(SIGUSR1, &act, NULL);
	go(1);
	KTAP_EXPECT(!mq_notify(b.fd, &by_signal));
	go(0);
	KTAP_EXPECT(!mq_send(b.fd, "one", 3, 1) && is_told(7));
	go(1);
	KTAP_EXPECT(mq_receive(b.fd, text, 64, NULL) == 3);
	KTAP_EXPECT(!mq_notify(b.fd, &by_thread));
	KTAP_EXPECT(!mq_send(b.fd, "two", 3, 1) && is_told(8));
	KTAP_EXPECT(mq_receive(b.fd, text, 64, NULL) == 3);
	KTAP_EXPECT(!start(&b) && !mq_send(b.fd, "more", 4, 2));
	KTAP_EXPECT(end(&b) == 4);
	go(0);
	mq_close(b.fd);
	mq_unlink(name);
	return KTAP_PASS;
}

static long down(struct blocked *b)
{
	struct sembuf op = { 0, -1, 0 };

	return semop(b->fd, &op, 1) ? -errno : 0;
}

static int take_and_keep(void *arg)
{
	struct sembuf op = { 0, -1, SEM_UNDO };

	go(1);
	return semop(*(int *)arg, &op, 1) ? 1 : 0;
}

static int take_and_sleep(void *arg)
{
	if (take_and_keep(arg))
		return 1;
	return sleeper(NULL);
}

/* What a process that ends elsewhere has taken is given back. */
static enum ktap_status semaphores_are_undone(void)
{
	struct timespec limit = { .tv_nsec = 50000000 };
	struct blocked b = { .call = down };
	struct sembuf op = { 0, -1, 0 };
	pid_t pid;

	b.fd = semget(IPC_PRIVATE, 1, 0600);
	KTAP_EXPECT(b.fd >= 0 && !semctl(b.fd, 0, SETVAL, 1));
	KTAP_EXPECT(!ended(child(take_and_keep, &b.fd)));
	KTAP_EXPECT(semctl(b.fd, 0, GETVAL) == 1);
	pid = child(take_and_sleep, &b.fd);
	while (semctl(b.fd, 0, GETVAL))
		sleep_ms(1);
	go(1);
	KTAP_EXPECT(semtimedop(b.fd, &op, 1, &limit) && errno == EAGAIN);
	KTAP_EXPECT(!start(&b));
	kill(pid, SIGKILL);
	KTAP_EXPECT(ended(pid) == 256 + SIGKILL && !end(&b));
	KTAP_EXPECT(!start(&b) && !semctl(b.fd, 0, IPC_RMID));
	KTAP_EXPECT(end(&b) == -EIDRM);
	go(0);
	return KTAP_PASS;
}

struct note {
	long type;
	char text[60];
};

static long receive_note(struct blocked *b)
{
	struct note note = { 0 };
	long n = msgrcv(b->fd, &note, sizeof(note.text), 3, 0);

	return n < 0 ? -errno : n * 10 + note.type;
}

static enum ktap_status messages_by_type(void)
{
	struct note note = { 2, "second" };
	struct blocked b = { .call = receive_note };
	struct msqid_ds state;

	b.fd = msgget(IPC_PRIVATE, 0600);
	KTAP_EXPECT(b.fd >= 0 && !start(&b));
	go(1);
	KTAP_EXPECT(!msgsnd(b.fd, &note, 6, 0));
	note.type = 3;
	KTAP_EXPECT(!msgsnd(b.fd, &note, 5, 0) && end(&b) == 53);
	KTAP_EXPECT(msgrcv(b.fd, &note, 3, 0, IPC_NOWAIT) < 0);
	KTAP_EXPECT(errno == E2BIG);
	KTAP_EXPECT(msgrcv(b.fd, &note, 3, 0, IPC_NOWAIT | MSG_NOERROR) == 3);
	KTAP_EXPECT(!msgctl(b.fd, IPC_STAT, &state) && state.msg_qnum == 0);
	KTAP_EXPECT(!start(&b) && !msgctl(b.fd, IPC_RMID, NULL));
	KTAP_EXPECT(end(&b) == -EIDRM);
	go(0);
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "counters", counters },
		{ "timers by descriptor", timers_by_descriptor },
		{ "signals by descriptor", signals_by_descriptor },
		{ "names by descriptor", names_by_descriptor },
		{ "processes by descriptor", processes_by_descriptor },
		{ "descriptors of others", descriptors_of_others },
		{ "one set of all", one_set_of_all },
		{ "queues notify", queues_notify },
		{ "semaphores are undone", semaphores_are_undone },
		{ "messages by type", messages_by_type },
		MOVES_ARE_MADE,
	};

	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
