// SPDX-License-Identifier: GPL-2.0
// ipc: what processes talk through, with one end on another kernel.
#include "move.h"

#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <termios.h>

#define BYTES (256 << 10)

static char big[BYTES], again[BYTES];

static void fill(void)
{
	uint64_t state = seed();
	int i;

	for (i = 0; i < BYTES; i++)
		big[i] = next_random(&state);
}

static int read_all(int fd, char *to, size_t n)
{
	ssize_t got;

	while (n) {
		got = read(fd, to, n);
		if (got <= 0)
			return -1;
		to += got;
		n -= got;
	}
	return 0;
}

static int write_all(int fd, const char *from, size_t n)
{
	ssize_t put;

	while (n) {
		put = write(fd, from, n);
		if (put <= 0)
			return -1;
		from += put;
		n -= put;
	}
	return 0;
}

/* The child, elsewhere, sends back what it gets: fds are {in, out}. */
static int mirror(void *arg)
{
	int *fds = arg;

	go(1);
	if (read_all(fds[0], again, BYTES) || write_all(fds[1], again, BYTES))
		return 40;
	return 0;
}

static int sender(void *fd)
{
	go(2);
	return write_all(*(int *)fd, big, BYTES) ? 41 : 0;
}

/* Both directions at once need a third process: buffers are small. */
static enum ktap_status mirrored(int out, int in, int *far)
{
	pid_t mirroring = child(mirror, far), sending = child(sender, &out);

	memset(again, 0, BYTES);
	KTAP_EXPECT(!read_all(in, again, BYTES));
	KTAP_EXPECT(!memcmp(big, again, BYTES));
	KTAP_EXPECT(!ended(mirroring) && !ended(sending));
	return KTAP_PASS;
}

static enum ktap_status pipes(void)
{
	int there[2], back[2], far[2];
	enum ktap_status status;

	KTAP_EXPECT(!pipe(there) && !pipe(back));
	far[0] = there[0];
	far[1] = back[1];
	status = mirrored(there[1], back[0], far);
	close(there[0]), close(there[1]), close(back[0]), close(back[1]);
	return status;
}

static enum ktap_status socket_pairs(void)
{
	enum ktap_status status;
	int s[2], far[2];

	KTAP_EXPECT(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	far[0] = far[1] = s[1];
	status = mirrored(s[0], s[0], far);
	close(s[0]), close(s[1]);
	return status;
}

static int serves(void *listener)
{
	int fds[2];

	go(1);
	fds[0] = fds[1] = accept(*(int *)listener, NULL, NULL);
	return fds[0] < 0 ? 42 : mirror(fds);
}

static enum ktap_status tcp(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t length = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0), s;
	pid_t serving, sending;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	KTAP_EXPECT(!bind(listener, (void *)&addr, sizeof(addr)));
	KTAP_EXPECT(!getsockname(listener, (void *)&addr, &length));
	KTAP_EXPECT(!listen(listener, 4));
	serving = child(serves, &listener);
	go(2);
	s = socket(AF_INET, SOCK_STREAM, 0);
	KTAP_EXPECT(!connect(s, (void *)&addr, sizeof(addr)));
	go(0);
	sending = child(sender, &s);
	memset(again, 0, BYTES);
	KTAP_EXPECT(!read_all(s, again, BYTES));
	KTAP_EXPECT(!memcmp(big, again, BYTES));
	KTAP_EXPECT(!ended(serving) && !ended(sending));
	close(s);
	close(listener);
	return KTAP_PASS;
}

/* A file descriptor itself goes through a socket, sent from elsewhere. */
static int sends_descriptor(void *arg)
{
	union {
		char buffer[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	char data = 'd';
	struct iovec iov = { &data, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buffer,
			      .msg_controllen = sizeof(control.buffer) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fd;

	go(1);
	fd = open("/proc/version", O_RDONLY);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(*(int *)arg, &msg, 0) == 1 ? 0 : 43;
}

static enum ktap_status descriptors_travel(void)
{
	char control[CMSG_SPACE(sizeof(int))], data, name[16] = "";
	struct iovec iov = { &data, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	int s[2], fd;

	KTAP_EXPECT(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	KTAP_EXPECT(!ended(child(sends_descriptor, &s[1])));
	go(1);
	KTAP_EXPECT(recvmsg(s[0], &msg, 0) == 1 && data == 'd');
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	KTAP_EXPECT(read(fd, name, sizeof(name)) > 0);
	go(0);
	close(fd), close(s[0]), close(s[1]);
	return KTAP_PASS;
}

static enum ktap_status epoll_wakes(void)
{
	struct itimerspec time = { .it_value = { 0, 50000000 } };
	int ep = epoll_create1(0), ev = eventfd(0, 0), n;
	int tm = timerfd_create(CLOCK_MONOTONIC, 0);
	struct epoll_event e = { .events = EPOLLIN }, got[2];
	uint64_t v = 3;

	e.data.fd = ev;
	KTAP_EXPECT(!epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e));
	e.data.fd = tm;
	KTAP_EXPECT(!epoll_ctl(ep, EPOLL_CTL_ADD, tm, &e));
	go(1);
	KTAP_EXPECT(!epoll_wait(ep, got, 2, 0));
	KTAP_EXPECT(!timerfd_settime(tm, 0, &time, NULL));
	KTAP_EXPECT(epoll_wait(ep, got, 2, 10000) == 1);
	KTAP_EXPECT(got[0].data.fd == tm);
	KTAP_EXPECT(read(tm, &v, 8) == 8 && v == 1);
	KTAP_EXPECT(write(ev, &v, 8) == 8);
	n = epoll_wait(ep, got, 2, 10000);
	KTAP_EXPECT(n == 1 && got[0].data.fd == ev);
	go(0);
	KTAP_EXPECT(read(ev, &v, 8) == 8 && v == 1);
	close(ep), close(ev), close(tm);
	return KTAP_PASS;
}

static int writes_soon(void *fd)
{
	sleep_ms(100);
	return write(*(int *)fd, "x", 1) != 1;
}

static enum ktap_status poll_and_select(void)
{
	struct timeval limit = { 10, 0 };
	struct pollfd p;
	int fds[2];
	fd_set set;
	pid_t pid;

	KTAP_EXPECT(!pipe(fds));
	p.fd = fds[0];
	p.events = POLLIN;
	go(1);
	KTAP_EXPECT(poll(&p, 1, 50) == 0);
	pid = child(writes_soon, &fds[1]);
	KTAP_EXPECT(poll(&p, 1, 10000) == 1 && p.revents == POLLIN);
	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	KTAP_EXPECT(select(fds[0] + 1, &set, NULL, NULL, &limit) == 1);
	KTAP_EXPECT(!ended(pid));
	go(0);
	close(fds[0]), close(fds[1]);
	return KTAP_PASS;
}

static int adds_to(void *arg)
{
	volatile int *word = arg;

	go(1);
	if (word[0] != 11)
		return 44;
	word[0] = 12;
	word[1024] = 13;
	return 0;
}

static enum ktap_status memfd(void)
{
	int fd = memfd_create("tombolo", 0), *a, *b;

	go(1);
	KTAP_EXPECT(fd >= 0 && !ftruncate(fd, 8192));
	a = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	b = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	KTAP_EXPECT(a != MAP_FAILED && b != MAP_FAILED);
	*a = 11;
	KTAP_EXPECT(*b == 11);
	KTAP_EXPECT(!ended(child(adds_to, a)));
	KTAP_EXPECT(b[0] == 12 && b[1024] == 13);
	go(0);
	KTAP_EXPECT(b[0] == 12 && b[1024] == 13);
	munmap(a, 8192), munmap(b, 8192), close(fd);
	return KTAP_PASS;
}

static enum ktap_status sysv_memory_and_semaphores(void)
{
	int shm = shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600), *word;
	int sem = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	struct sembuf up = { 0, 1, 0 }, down = { 0, -1, 0 };

	KTAP_EXPECT(shm >= 0 && sem >= 0);
	go(1);
	word = shmat(shm, NULL, 0);
	KTAP_EXPECT(word != (void *)-1);
	word[0] = 11;
	KTAP_EXPECT(!ended(child(adds_to, word)));
	go(0);
	KTAP_EXPECT(word[0] == 12 && word[1024] == 13);
	KTAP_EXPECT(!semop(sem, &up, 1));
	go(1);
	KTAP_EXPECT(!semop(sem, &down, 1));
	down.sem_flg = IPC_NOWAIT;
	KTAP_EXPECT(semop(sem, &down, 1) == -1 && errno == EAGAIN);
	KTAP_EXPECT(!shmdt(word));
	go(0);
	KTAP_EXPECT(!shmctl(shm, IPC_RMID, NULL));
	KTAP_EXPECT(!semctl(sem, 0, IPC_RMID));
	return KTAP_PASS;
}

struct message {
	long type;
	char text[32];
};

static int answers(void *queue)
{
	struct message m;

	go(1);
	if (msgrcv(*(int *)queue, &m, sizeof(m.text), 1, 0) < 0)
		return 45;
	m.type = 2;
	return msgsnd(*(int *)queue, &m, sizeof(m.text), 0) ? 46 : 0;
}

static enum ktap_status message_queues(void)
{
	int queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	struct message m = { 1, "there and back" };
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 32 };
	char text[32];
	mqd_t mq;
	pid_t pid;

	KTAP_EXPECT(queue >= 0);
	pid = child(answers, &queue);
	KTAP_EXPECT(!msgsnd(queue, &m, sizeof(m.text), 0));
	memset(m.text, 0, sizeof(m.text));
	go(2);
	KTAP_EXPECT(msgrcv(queue, &m, sizeof(m.text), 2, 0) == 32);
	KTAP_EXPECT(!strcmp(m.text, "there and back"));
	KTAP_EXPECT(!ended(pid));
	msgctl(queue, IPC_RMID, NULL);
	mq = mq_open("/tombolo", O_CREAT | O_RDWR, 0600, &attr);
	KTAP_EXPECT(mq >= 0 && !mq_send(mq, "posix", 6, 0));
	go(0);
	KTAP_EXPECT(mq_receive(mq, text, 32, NULL) == 6);
	KTAP_EXPECT(!strcmp(text, "posix"));
	mq_close(mq);
	mq_unlink("/tombolo");
	return KTAP_PASS;
}

/* A shell-like child on a terminal of its own; ^C reaches it anywhere. */
static int on_terminal(void *arg)
{
	int slave, stays = 1;

	setsid();
	signal(SIGINT, SIG_DFL); /* a job in the background ignores it */
	slave = open(arg, O_RDWR);
	go(1);
	if (slave < 0 || tcgetpgrp(slave) != getpid())
		return 47;
	if (write(slave, "ready\n", 6) != 6)
		return 48;
	while (stays)
		pause();
	return 0;
}

static enum ktap_status terminals(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	char line[64] = "";
	struct termios mode;
	struct winsize size = { .ws_row = 33, .ws_col = 99 }, seen;
	pid_t pid;

	KTAP_EXPECT(!grantpt(master) && !unlockpt(master));
	pid = child(on_terminal, ptsname(master));
	go(1);
	KTAP_EXPECT(read(master, line, sizeof(line)) > 0);
	KTAP_EXPECT(!strncmp(line, "ready", 5));
	KTAP_EXPECT(!tcgetattr(master, &mode) && (mode.c_lflag & ISIG));
	KTAP_EXPECT(!ioctl(master, TIOCSWINSZ, &size));
	go(0);
	KTAP_EXPECT(!ioctl(master, TIOCGWINSZ, &seen) && seen.ws_col == 99);
	KTAP_EXPECT(write(master, "\003", 1) == 1);
	KTAP_EXPECT(ended(pid) == 256 + SIGINT);
	close(master);
	return KTAP_PASS;
}

/* A writer whose reader has gone learns it by SIGPIPE. */
static int writes_for_ever(void *fd)
{
	go(1);
	while (write(*(int *)fd, big, 4096) > 0)
		;
	return 49;
}

static enum ktap_status broken_pipes(void)
{
	int fds[2];
	pid_t pid;

	KTAP_EXPECT(!pipe(fds));
	fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(fds[0]);
		_exit(writes_for_ever(&fds[1]));
	}
	KTAP_EXPECT(!read_all(fds[0], again, 8192));
	close(fds[0]);
	KTAP_EXPECT(ended(pid) == 256 + SIGPIPE);
	close(fds[1]);
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "pipes", pipes },
		{ "socket pairs", socket_pairs },
		{ "TCP", tcp },
		{ "descriptors travel", descriptors_travel },
		{ "epoll wakes", epoll_wakes },
		{ "poll and select", poll_and_select },
		{ "memfd", memfd },
		{ "SysV memory and semaphores", sysv_memory_and_semaphores },
		{ "message queues", message_queues },
		{ "terminals", terminals },
		{ "broken pipes", broken_pipes },
		MOVES_ARE_MADE,
	};

	fill();
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
