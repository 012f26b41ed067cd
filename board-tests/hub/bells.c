// SPDX-License-Identifier: GPL-2.0
/*
 * bells.c: the doorbells between core groups: a server of QEMU's ivshmem
 * protocol that stands between the parties.
 *
 * Each party gets its own eventfd for each other party, and that at the vector
 * of its own number alone, so who rang is known here and cannot be forged. All
 * parties look present for ever: a bell to one that is off is counted, no more,
 * and a restart of one is not seen by the others.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "hub.h"

#define LATE_BELLS 4096
#define MILLION	   1000000
/* Chances of one bell are drawn from different places of the sequence */
#define DRAW_DROP  0
#define DRAW_TWICE 1
#define DRAWS	   2

struct pair {
	struct watch rung; /* from rings to */
	uint8_t from, to;
	struct bell_faults faults;
	struct bell_counts counts;
};

struct late {
	uint64_t due_ns;
	uint8_t from, to;
};

static struct pair pairs[PARTIES][PARTIES];
static int heard[KERNELS][PARTIES]; /* to, from: the interrupt vectors */
static struct watch links[KERNELS]; /* to the machines */
static int nowhere; /* for vectors that are not the ringer's */
static struct late late[LATE_BELLS];
static unsigned int nr_late;
static struct watch timer;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void set_timer(void)
{
	struct itimerspec when = { 0 };
	uint64_t first = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < nr_late; i++)
		if (late[i].due_ns < first)
			first = late[i].due_ns;
	if (nr_late) {
		when.it_value.tv_sec = first / 1000000000ULL;
		when.it_value.tv_nsec = first % 1000000000ULL;
	}
	timerfd_settime(timer.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void deliver(int from, int to)
{
	struct pair *pair = &pairs[from][to];

	if (to == (int)hub.kernels) {
		pair->counts.delivered++;
		power_look();
	} else if (links[to].fd < 0) {
		pair->counts.absent++;
	} else {
		pair->counts.delivered++;
		eventfd_write(heard[to][from], 1);
	}
}

static void deliver_late(struct watch *watch)
{
	uint64_t expired, now = now_ns();
	unsigned int i, kept = 0, n = nr_late;

	if (read(watch->fd, &expired, sizeof(expired)) < 0)
		return;
	/* Those of one pair have one delay: their order here is that of due */
	for (i = 0; i < n; i++)
		if (late[i].due_ns > now)
			late[kept++] = late[i];
		else
			deliver(late[i].from, late[i].to);
	nr_late = kept;
	set_timer();
}

static void send_off(struct pair *pair)
{
	if (!pair->faults.delay_us || nr_late == LATE_BELLS) {
		deliver(pair->from, pair->to);
		return;
	}
	late[nr_late++] = (struct late){
		.due_ns = now_ns() + pair->faults.delay_us * 1000ULL,
		.from = pair->from,
		.to = pair->to,
	};
	set_timer();
}

static bool drawn(uint64_t seed, uint64_t number, int draw, uint32_t chance)
{
	return random_at(seed, number * DRAWS + draw) % MILLION < chance;
}

bool bells_lost(const struct bell_faults *faults, uint64_t number)
{
	return drawn(faults->seed, number, DRAW_DROP, faults->drop);
}

bool bells_doubled(const struct bell_faults *faults, uint64_t number)
{
	return drawn(faults->seed, number, DRAW_TWICE, faults->twice);
}

static void pass(struct pair *pair)
{
	uint64_t number = pair->counts.rung++;

	if (bells_lost(&pair->faults, number)) {
		pair->counts.dropped++;
		return;
	}
	send_off(pair);
	if (bells_doubled(&pair->faults, number)) {
		pair->counts.doubled++;
		send_off(pair);
	}
}

static void rung(struct watch *watch)
{
	struct pair *pair = (struct pair *)watch;
	eventfd_t times;

	/* Bells that were rung before we looked have melted into one. */
	if (!eventfd_read(watch->fd, &times))
		pass(pair);
}

void bells_ring(int from, int to)
{
	pass(&pairs[from][to]);
}

void bells_set(int from, int to, const struct bell_faults *faults)
{
	struct pair *pair = &pairs[from][to];

	pair->faults = *faults;
	/* Each pair its own sequence, which begins here */
	pair->faults.seed = random_at(faults->seed, from * PARTIES + to);
	memset(&pair->counts, 0, sizeof(pair->counts));
}

const struct bell_counts *bells_counts(int from, int to)
{
	return &pairs[from][to].counts;
}

static int send_word(int fd, int64_t word, int passed)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec io = { &word, sizeof(word) };
	struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1 };
	struct cmsghdr *header;

	if (passed >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &passed, sizeof(int));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) == sizeof(word) ? 0 : -1;
}

/* Version, own number, how to ring the others, the registers, own vectors. */
static int introduce(int fd, int id)
{
	int to, vector, last = hub.kernels;
	int registers = power_registers(id);
	int ret = send_word(fd, 0, -1) | send_word(fd, id, -1);

	for (to = 0; to <= last; to++)
		for (vector = 0; to != id && vector <= last; vector++)
			ret |= send_word(fd, to,
					 vector == id ? pairs[id][to].rung.fd :
							nowhere);
	ret |= send_word(fd, -1, registers);
	close(registers);
	for (vector = 0; vector <= last; vector++)
		ret |= send_word(fd, id, heard[id][vector]);
	return ret;
}

static void link_ended(struct watch *watch)
{
	char unused[64];

	/* A machine never says anything on it, but it may close it. */
	if (read(watch->fd, unused, sizeof(unused)) <= 0)
		loop_drop(watch);
}

static int new_event(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		die("eventfd: %m");
	return fd;
}

/* Makes the machine's end of the link, with nothing left of its last life. */
int bells_join(int id)
{
	eventfd_t old;
	int ends[2], i;

	bells_leave(id);
	for (i = 0; i < PARTIES; i++) {
		eventfd_read(heard[id][i], &old);
		if (i != id)
			eventfd_read(pairs[id][i].rung.fd, &old);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		die("socketpair: %m");
	links[id].fd = ends[0];
	if (introduce(ends[0], id) || loop_add(&links[id]))
		die("bells of machine %d: %m", id);
	return ends[1];
}

void bells_leave(int id)
{
	loop_drop(&links[id]);
}

void bells_init(void)
{
	unsigned int from, to;

	nowhere = new_event();
	timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	timer.ready = deliver_late;
	if (timer.fd < 0 || loop_add(&timer))
		die("timer: %m");
	for (to = 0; to < KERNELS; to++) {
		links[to] = (struct watch){ -1, link_ended };
		for (from = 0; from < PARTIES; from++)
			heard[to][from] = new_event();
	}
	for (from = 0; from < PARTIES; from++)
		for (to = 0; to < PARTIES; to++) {
			struct pair *pair = &pairs[from][to];

			pair->from = from;
			pair->to = to;
			pair->rung = (struct watch){ new_event(), rung };
			if (loop_add(&pair->rung))
				die("bell %u to %u: %m", from, to);
		}
}
