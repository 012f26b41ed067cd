/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* boot_wire.h: what kernel 0 and a kernel it started tell each other about living and dying. */
#ifndef BOOT_WIRE_H
#define BOOT_WIRE_H

/*
 * One block of 256 KiB in shared memory per kernel >= 1. Kernel 0 clears it
 * before each start, while all CPUs of that kernel are off.
 *
 *   +0        struct boot_order     one cache line, written by kernel 0 only
 *   +64       struct boot_report    one cache line, written by the member only
 *   +128      struct boot_release   one cache line, written by kernel 0 or U-Boot
 *   +192      zero
 *   +0x20000  struct boot_log       the member's kernel log, by its ramoops
 *
 * A crash of the member leaves the report and the log as they were; nothing
 * that kernel 0 decides depends on the report alone: a kernel has ended when
 * PSCI AFFINITY_INFO says that all its CPUs are off, and not before.
 *
 * All fields are little endian. Reserved fields are zero.
 */

#include <linux/types.h>
#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/stddef.h>
#else
#include <assert.h>
#include <stddef.h>
#endif

#define BOOT_MAGIC 0x6c626d74u /* "tmbl" */
#define BOOT_MAJOR 1 /* not understood: refuse to talk */
#define BOOT_MINOR 0 /* not understood: ignore what is new */

#define BOOT_BLOCK_SIZE	    0x40000
#define BOOT_ORDER_OFFSET   0
#define BOOT_REPORT_OFFSET  64
#define BOOT_RELEASE_OFFSET 128
#define BOOT_LOG_OFFSET	    0x20000
#define BOOT_LOG_SIZE	    0x20000
#define BOOT_LOG_MAGIC	    0x43474244u /* "DBGC", as ramoops has it */

#define BOOT_RELEASE_MAGIC 0x6f676d74u /* "tmgo" */
#define BOOT_RELEASE_MAJOR 1 /* not understood by the stub: it does not go */

/* boot_order.command */
#define BOOT_COMMAND_NONE 0
#define BOOT_COMMAND_STOP 1 /* an orderly power off */
#define BOOT_COMMAND_QUIT 2 /* the same, but do not ask user space */

/* boot_report.state */
#define BOOT_STATE_NONE	    0 /* before the member driver runs */
#define BOOT_STATE_UP	    1
#define BOOT_STATE_STOPPING 2 /* on its way, boot_report.exit says to where */
#define BOOT_STATE_CRASHED  3

/* boot_report.exit: why it is ending */
#define BOOT_EXIT_NONE	   0
#define BOOT_EXIT_REBOOT   1
#define BOOT_EXIT_HALT	   2
#define BOOT_EXIT_POWEROFF 3
#define BOOT_EXIT_ASKED	   4 /* boot_order.command */
#define BOOT_EXIT_PANIC	   5

/**
 * struct boot_order - what kernel 0 tells the member
 * @magic:	 %BOOT_MAGIC
 * @major:	 %BOOT_MAJOR
 * @minor:	 %BOOT_MINOR
 * @kernel:	 number of the kernel this block is for
 * @command:	 BOOT_COMMAND_*
 * @incarnation: number of this life of the kernel, never used twice
 * @command_seq: zero at the start of a life, grows with each command, written
 *		 after @command
 * @reserved:	 zero
 */
struct boot_order {
	__le32 magic;
	__le16 major;
	__le16 minor;
	__le32 kernel;
	__le32 command;
	__le64 incarnation;
	__le32 command_seq;
	__le32 reserved[9];
};

/**
 * struct boot_report - what the member tells kernel 0
 * @incarnation: copy of boot_order.incarnation; the rest counts if it is equal
 * @beats:	 grows while every CPU of the member takes interrupts
 * @uptime_ms:	 since boot, by the member's clock
 * @memory_kib:	 memory the member found
 * @state:	 BOOT_STATE_*
 * @exit:	 BOOT_EXIT_*, written before @state
 * @cpus:	 CPUs online
 * @command_seq: the last boot_order.command_seq seen
 * @major:	 %BOOT_MAJOR of the member
 * @minor:	 %BOOT_MINOR of the member
 * @reserved:	 zero
 */
struct boot_report {
	__le64 incarnation;
	__le64 beats;
	__le64 uptime_ms;
	__le64 memory_kib;
	__le32 state;
	__le32 exit;
	__le32 cpus;
	__le32 command_seq;
	__le16 major;
	__le16 minor;
	__le32 reserved[3];
};

/**
 * struct boot_release - where a machine of its own begins
 * @magic:    %BOOT_RELEASE_MAGIC
 * @major:    %BOOT_RELEASE_MAJOR
 * @minor:    0
 * @kernel:   number of the kernel this is for
 * @zero:     zero
 * @entry:    what its boot stub enters: the Image, or a firmware
 * @dtb:      the device tree, for it
 * @next:     what the firmware is to enter, or 0
 * @reserved: zero
 *
 * Looked at once, when the machine is turned on; the caches are empty then.
 */
struct boot_release {
	__le32 magic;
	__le16 major;
	__le16 minor;
	__le32 kernel;
	__le32 zero;
	__le64 entry;
	__le64 dtb;
	__le64 next;
	__le32 reserved[6];
};

/**
 * struct boot_log - Linux's persistent_ram_buffer, the console zone of ramoops
 * @magic: %BOOT_LOG_MAGIC
 * @start: where the next byte goes, and once full the oldest byte
 * @size:  bytes that are valid
 * @text:  a ring
 */
struct boot_log {
	__le32 magic;
	__le32 start;
	__le32 size;
	__u8 text[BOOT_LOG_SIZE - 12];
};

#define BOOT_AT(type, member, at)                             \
	_Static_assert(offsetof(struct type, member) == (at), \
		       #type "." #member " is not at " #at)

BOOT_AT(boot_order, magic, 0);
BOOT_AT(boot_order, major, 4);
BOOT_AT(boot_order, minor, 6);
BOOT_AT(boot_order, kernel, 8);
BOOT_AT(boot_order, command, 12);
BOOT_AT(boot_order, incarnation, 16);
BOOT_AT(boot_order, command_seq, 24);
BOOT_AT(boot_order, reserved, 28);
_Static_assert(sizeof(struct boot_order) == 64, "boot_order is one line");

BOOT_AT(boot_report, incarnation, 0);
BOOT_AT(boot_report, beats, 8);
BOOT_AT(boot_report, uptime_ms, 16);
BOOT_AT(boot_report, memory_kib, 24);
BOOT_AT(boot_report, state, 32);
BOOT_AT(boot_report, exit, 36);
BOOT_AT(boot_report, cpus, 40);
BOOT_AT(boot_report, command_seq, 44);
BOOT_AT(boot_report, major, 48);
BOOT_AT(boot_report, minor, 50);
BOOT_AT(boot_report, reserved, 52);
_Static_assert(sizeof(struct boot_report) == 64, "boot_report is one line");

BOOT_AT(boot_release, magic, 0);
BOOT_AT(boot_release, major, 4);
BOOT_AT(boot_release, minor, 6);
BOOT_AT(boot_release, kernel, 8);
BOOT_AT(boot_release, zero, 12);
BOOT_AT(boot_release, entry, 16);
BOOT_AT(boot_release, dtb, 24);
BOOT_AT(boot_release, next, 32);
BOOT_AT(boot_release, reserved, 40);
_Static_assert(sizeof(struct boot_release) == 64, "boot_release is one line");

BOOT_AT(boot_log, magic, 0);
BOOT_AT(boot_log, start, 4);
BOOT_AT(boot_log, size, 8);
BOOT_AT(boot_log, text, 12);
_Static_assert(sizeof(struct boot_log) == BOOT_LOG_SIZE,
	       "boot_log fills its zone");
_Static_assert(BOOT_LOG_OFFSET + BOOT_LOG_SIZE == BOOT_BLOCK_SIZE,
	       "the log is the end of the block");

#undef BOOT_AT

#endif /* BOOT_WIRE_H */
