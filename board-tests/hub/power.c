// SPDX-License-Identifier: GPL-2.0
/* power.c: the hub's registers, by which kernel 0 starts and ends the other core groups. */
#include <endian.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hub.h"

static int file = -1;
static uint8_t *registers;

static _Atomic uint32_t *word(size_t at)
{
	return (_Atomic uint32_t *)(registers + at);
}

static uint32_t get(size_t at)
{
	return le32toh(atomic_load(word(at)));
}

static void set(size_t at, uint32_t value)
{
	atomic_store(word(at), htole32(value));
}

#define ORDER(k, field) (HUB_ORDER(k) + offsetof(struct hub_order, field))
#define STATE(k, field) (HUB_STATE(k) + offsetof(struct hub_state, field))

static int new_file(uint8_t **mapped)
{
	struct hub_head head = {
		.magic = htole32(HUB_MAGIC),
		.major = htole16(HUB_MAJOR),
		.minor = htole16(HUB_MINOR),
		.kernels = htole32(hub.kernels),
		.hub = htole32(hub.kernels),
	};
	int fd = memfd_create("hub registers", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, HUB_SIZE) ||
	    pwrite(fd, &head, sizeof(head), 0) != sizeof(head))
		die("the registers: %m");
	if (!mapped)
		return fd;
	*mapped =
		mmap(NULL, HUB_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*mapped == MAP_FAILED)
		die("the registers: %m");
	return fd;
}

/* The others get registers of their own that nobody obeys. To be closed. */
int power_registers(int id)
{
	return id ? new_file(NULL) : fcntl(file, F_DUPFD_CLOEXEC, 0);
}

static void publish(const struct machine *m)
{
	set(STATE(m->id, starts), m->starts);
	set(STATE(m->id, on), m->pid != 0);
}

static void finish(const struct machine *m, int error)
{
	publish(m);
	set(STATE(m->id, error), error);
	set(STATE(m->id, seq), get(ORDER(m->id, seq)));
	bells_ring(hub.kernels, 0);
}

static void obey(struct machine *m)
{
	/* An order that is being obeyed is not obeyed again. */
	if (get(ORDER(m->id, seq)) == get(STATE(m->id, seq)))
		return;
	switch (get(ORDER(m->id, command))) {
	case HUB_ON:
		finish(m, -machine_start(m));
		break;
	case HUB_OFF:
		/* It is off when power_changed() says so. */
		if (m->pid)
			machine_kill(m);
		else
			finish(m, 0);
		break;
	default:
		say("kernel 0 sent a command that is none");
		finish(m, 22); /* EINVAL of all Linux */
	}
}

void power_look(void)
{
	unsigned int k;

	/* Who switches the others is not switched. */
	for (k = 1; k < hub.kernels; k++)
		obey(&hub.machines[k]);
}

void power_changed(const struct machine *m)
{
	publish(m);
	if (!m->id)
		return;
	if (get(ORDER(m->id, seq)) != get(STATE(m->id, seq)) &&
	    get(ORDER(m->id, command)) == HUB_OFF)
		finish(m, 0);
	else
		bells_ring(hub.kernels, 0);
}

void power_init(void)
{
	file = new_file(&registers);
}
