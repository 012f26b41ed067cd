/* SPDX-License-Identifier: GPL-2.0 */
/* hub.h: what the parts of the board hub share. */
#ifndef HUB_H
#define HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tombolo_hub.h"

#define KERNELS	   8 /* at most */
#define PARTIES	   (KERNELS + 1) /* the hub is one more */
#define CLIENTS	   8 /* of a socket at a time */
#define CONSOLES   KERNELS
#define PATH_BYTES 108

/* What a machine's process inherits, at these numbers. */
#define FD_DRAM	   10
#define FD_VIEW	   11
#define FD_BELLS   12
#define FD_MONITOR 14
#define FD_STATE   13
#define FD_CONSOLE 20 /* + kernel */

/**
 * struct watch - something that happens on a file descriptor
 * @fd: what is watched, -1 if nothing
 * @ready: called when it can be read or has ended
 */
struct watch {
	int fd;
	void (*ready)(struct watch *watch);
};

/* loop.c: the one thread */
void loop_init(void);
int loop_add(struct watch *watch);
void loop_drop(struct watch *watch);
void loop_run(const bool *end);

/**
 * struct server - a socket for people and programs, several at a time
 * @listener: where they come in
 * @clients: those that are there; @fd is -1 in the others
 * @gone: called before a client is forgotten, or NULL
 */
struct server {
	struct watch listener;
	struct client {
		struct watch watch;
		struct server *server;
	} clients[CLIENTS];
	void (*read)(struct client *client);
};

int server_open(struct server *server, const char *path,
		void (*read)(struct client *client));
void server_leave(struct client *client);
void server_tell(struct server *server, const void *data, size_t size);

/**
 * struct machine - a core group: a process
 * @id: its number, which is also that of its kernel
 * @argv: what is run, NULL-terminated
 * @log: where what it says goes
 * @pid: 0 if it is off
 * @paused: it has been stopped by a signal
 * @starts: how often it was started
 * @status: of wait(), when it ended last
 */
struct machine {
	int id;
	char **argv;
	int argc;
	char log[PATH_BYTES * 2];
	pid_t pid;
	bool paused;
	uint32_t starts;
	int status;
};

/**
 * struct hub - the board
 * @dir: run directory, where the sockets are
 * @machines: by number
 * @kernels: how many there are; the number of the hub itself among those who ring
 * @dram_size: bytes of the file that is the physical address space
 * @views: each machine has a file of its own beside it
 * @end: the board is off
 */
struct hub {
	char dir[PATH_BYTES];
	struct machine machines[KERNELS];
	unsigned int kernels;
	uint64_t dram_size;
	bool views;
	bool end;
};

extern struct hub hub;

/* config.c: reads the command file; exits with a message if it is wrong. */
void config_read(const char *path);

/* machine.c */
int machine_start(struct machine *m);
void machine_kill(struct machine *m);
int machine_pause(struct machine *m, bool pause);
void machine_reap(void);
void machine_end_all(void);
const char *machine_ending(const struct machine *m);

/**
 * struct bell_faults - what befalls the bells of one kernel to another
 * @drop: lost, of a million
 * @twice: delivered a second time, of a million
 * @delay_us: how late each is
 * @seed: of the choice
 */
struct bell_faults {
	uint32_t drop;
	uint32_t twice;
	uint32_t delay_us;
	uint64_t seed;
};

/**
 * struct bell_counts - what became of them
 * @rung: bells that came in; drop and twice are chosen by this number
 */
struct bell_counts {
	uint64_t rung;
	uint64_t dropped;
	uint64_t doubled;
	uint64_t absent;
	uint64_t delivered;
};

/* bells.c */
void bells_init(void);
int bells_join(int id);
void bells_leave(int id);
void bells_ring(int from, int to);
void bells_set(int from, int to, const struct bell_faults *faults);
const struct bell_counts *bells_counts(int from, int to);
bool bells_lost(const struct bell_faults *faults, uint64_t number);
bool bells_doubled(const struct bell_faults *faults, uint64_t number);

/* power.c */
void power_init(void);
int power_registers(int id);
void power_look(void);
void power_changed(const struct machine *m);

/* console.c */
void console_open(int kernel, const char *log);
int console_attach(int kernel);

/* monitor.c */
void monitor_want(int id);
int monitor_attach(int id);
int monitor_pause(int id, bool pause);

/* memory.c */
void memory_init(void);
int memory_file(void);
int memory_view(void);
int memory_state(void);
int memory_write(uint64_t at, const void *data, size_t size);
int memory_read(uint64_t at, void *data, size_t size);
int memory_corrupt(uint64_t at, uint64_t size, unsigned int bits,
		   uint64_t seed);
int memory_freeze(uint64_t at, uint64_t size);
void memory_thaw(void);

/* control.c */
void control_open(void);

/* random.c: the same number for the same seed and index, for ever */
uint64_t random_at(uint64_t seed, uint64_t index);

void die(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* HUB_H */
