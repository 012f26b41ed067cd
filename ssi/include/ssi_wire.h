/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Every byte that the ssi modules of two kernels send each other, as messages of
 * the mailbox. README.md tells the conversation; this file is the authority on
 * layout.
 *
 * A message is a head, and behind it what its type and flags say: a context
 * (registers), floating point registers, a start, and, where the CPUs have them,
 * keys and scalable vectors. Fixed-width little-endian fields only; reserved
 * bytes are zero.
 */
#ifndef SSI_WIRE_H
#define SSI_WIRE_H

#include <linux/types.h>

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/stddef.h>
#else
#include <assert.h>
#include <stddef.h>
#endif

#define SSI_WIRE_VERSION 3
#define SSI_WIRE_COMM	 16
#define SSI_WIRE_CORES	 64 /* most cores of a board */
#define SSI_WIRE_VL	 256 /* bytes of the longest scalable vector */

enum ssi_wire_type {
	/* both ways */
	SSI_HELLO = 1, /* what the sender can take; again when that changes */
	/* from a thread's home to where it runs */
	SSI_START = 2, /* run this */
	SSI_REPLY = 3, /* go on with these registers */
	SSI_KICK = 4, /* the home wants the registers: ask SSI_HERE */
	SSI_END = 5, /* the body is to end, whatever it does */
	/* from where it runs to its home */
	SSI_SYSCALL = 6, /* execute this system call */
	SSI_HERE = 7, /* the registers, as wanted; nothing else */
	SSI_SIGNAL = 8, /* an exception: the thread gets a signal */
	SSI_TIME = 9, /* processor time so far */
	SSI_GONE = 10, /* the body has ended; nothing comes of it any more */
	SSI_FAILED = 11, /* there is no body: the start did not work */
	SSI_TYPES
};

/* What follows the head, in this order. */
#define SSI_HAS_REGS  0x1 /* struct ssi_wire_regs */
#define SSI_HAS_FP    0x2 /* struct ssi_wire_fp, unless as last sent or received */
#define SSI_HAS_START 0x4 /* struct ssi_wire_start */
#define SSI_HAS_CPU   0x8 /* struct ssi_wire_cpu, unless as last sent */
#define SSI_HAS_SVE   0x10 /* struct ssi_wire_sve: vectors are in use; with FP */
/* SSI_START, SSI_REPLY: no system call may be dealt with locally */
#define SSI_TRACED 0x100
/* SSI_GONE: it ended on its own, not since its home said so */
#define SSI_DIED 0x200
/* SSI_HELLO: the agent waits for work */
#define SSI_READY 0x400
/* SSI_HELLO: the sender is about to end, threads on it are to go home */
#define SSI_ENDS 0x800
/* SSI_END: SSI_GONE is to have its last registers, if it has any of its own */
#define SSI_LAST 0x1000

/*
 * What CPUs have, in SSI_HELLO: which lengths of scalable vectors, and above
 * those how pointers are signed, which has to be the same for a thread to move.
 */
#define SSI_CPU_VL(bytes) (1ull << ((bytes) / 16 - 1))
#define SSI_CPU_SIGNING	  16 /* from this bit on */

/**
 * struct ssi_wire_head - the start of each message
 * @type: enum ssi_wire_type
 * @version: %SSI_WIRE_VERSION; others are dropped
 * @cpu: core the body is on, by that kernel's own count; SSI_HELLO: how many
 *	cores the sender has
 * @flags: SSI_HAS_* and others
 * @task: number of this stay of the thread on the other kernel, made by its
 *	home, never used twice in a life of the home; 0 in SSI_HELLO
 * @life: which life of the home's ssi.ko @task belongs to; in SSI_HELLO of the
 *	sender's
 * @request: number of the request, from 1; of the request answered in
 *	SSI_REPLY
 * @kick: number of the last kick that the home has sent
 * @time: processor time of the body so far, ns
 * @value: SSI_SIGNAL: SSI_EXCEPTION(); SSI_FAILED: errno;
 *	SSI_HERE: 1 if it cannot go on but at home, where a page is in use;
 *	SSI_HELLO: SSI_CPU_*
 * @address: SSI_SIGNAL: si_addr
 */
struct ssi_wire_head {
	__u8 type;
	__u8 version;
	__le16 cpu;
	__le32 flags;
	__le32 task;
	__le32 life;
	__le32 request;
	__le32 kick;
	__le64 time;
	__le64 value;
	__le64 address;
};

/* arm64: signal number, si_code, and what the exception's ESR_EL1 says, 0 if unknown */
#define SSI_EXCEPTION(signo, code, esr) \
	((__u8)(signo) | (__u64)(__u8)(code) << 8 | (__u64)(esr) << 32)

/**
 * struct ssi_wire_regs - arm64: what the kernel's entry code saves, and TLS
 * @x: x0 to x30
 * @sp: stack pointer
 * @pc: program counter
 * @pstate: PSTATE; checked before it is used
 * @orig_x0: x0 before the system call
 * @syscallno: number of the system call
 * @tls: tpidr_el0
 */
struct ssi_wire_regs {
	__le64 x[31];
	__le64 sp;
	__le64 pc;
	__le64 pstate;
	__le64 orig_x0;
	__le64 syscallno;
	__le64 tls;
};

/**
 * struct ssi_wire_fp - arm64: floating point and SIMD
 * @v: v0 to v31, as they lie in memory
 * @fpsr: status
 * @fpcr: control
 * @reserved: zero
 */
struct ssi_wire_fp {
	__u8 v[32][16];
	__le32 fpsr;
	__le32 fpcr;
	__le32 reserved[2];
};

/**
 * struct ssi_wire_start - which memory, how the thread is called and how urgent it is
 * @space: number of the memory at the home
 * @incarnation: its incarnation
 * @cores: which cores of the target it may use, bit 0 the target's first; 0 all
 * @comm: name of the thread
 * @nice: its nice value, 0 to 19: no kernel lets another one's threads be more urgent
 * @reserved: zero
 */
struct ssi_wire_start {
	__le32 space;
	__le32 incarnation;
	__le64 cores;
	__u8 comm[SSI_WIRE_COMM];
	__le32 nice;
	__le32 reserved;
};

/**
 * struct ssi_wire_cpu - arm64: what of a thread's registers only its home changes
 * @keys: of signed pointers: two for code, two for data, one for all else
 * @enabled: which of the first four are on, as PR_PAC_SET_ENABLED_KEYS has them
 * @vl: bytes of its scalable vectors, 0 if there are none
 */
struct ssi_wire_cpu {
	__u8 keys[5][16];
	__le32 enabled;
	__le32 vl;
};

/**
 * struct ssi_wire_sve - arm64: scalable vectors
 * @vl: bytes of one, as last in struct ssi_wire_cpu
 * @reserved: zero
 *
 * SSI_WIRE_VECTORS() bytes follow: z0 to z31, p0 to p15, ffr, as they lie in
 * memory. They are in use from their first use until the next system call.
 */
struct ssi_wire_sve {
	__le16 vl;
	__u8 reserved[6];
};

#define SSI_WIRE_VECTORS(vl) (32 * (vl) + 17 * ((vl) / 8))

/* The longest message without vectors, and with them */
#define SSI_WIRE_SHORT                                                 \
	(sizeof(struct ssi_wire_head) + sizeof(struct ssi_wire_regs) + \
	 sizeof(struct ssi_wire_fp) + sizeof(struct ssi_wire_start) +  \
	 sizeof(struct ssi_wire_cpu))
#define SSI_WIRE_MAX                                    \
	(SSI_WIRE_SHORT + sizeof(struct ssi_wire_sve) + \
	 SSI_WIRE_VECTORS(SSI_WIRE_VL))

#define SSI_WIRE_AT(s, field, at) \
	static_assert(offsetof(struct s, field) == (at), #s "." #field)

SSI_WIRE_AT(ssi_wire_head, type, 0);
SSI_WIRE_AT(ssi_wire_head, version, 1);
SSI_WIRE_AT(ssi_wire_head, cpu, 2);
SSI_WIRE_AT(ssi_wire_head, flags, 4);
SSI_WIRE_AT(ssi_wire_head, task, 8);
SSI_WIRE_AT(ssi_wire_head, life, 12);
SSI_WIRE_AT(ssi_wire_head, request, 16);
SSI_WIRE_AT(ssi_wire_head, kick, 20);
SSI_WIRE_AT(ssi_wire_head, time, 24);
SSI_WIRE_AT(ssi_wire_head, value, 32);
SSI_WIRE_AT(ssi_wire_head, address, 40);
static_assert(sizeof(struct ssi_wire_head) == 48, "ssi_wire_head");
SSI_WIRE_AT(ssi_wire_regs, x, 0);
SSI_WIRE_AT(ssi_wire_regs, sp, 248);
SSI_WIRE_AT(ssi_wire_regs, pc, 256);
SSI_WIRE_AT(ssi_wire_regs, pstate, 264);
SSI_WIRE_AT(ssi_wire_regs, orig_x0, 272);
SSI_WIRE_AT(ssi_wire_regs, syscallno, 280);
SSI_WIRE_AT(ssi_wire_regs, tls, 288);
static_assert(sizeof(struct ssi_wire_regs) == 296, "ssi_wire_regs");
SSI_WIRE_AT(ssi_wire_fp, v, 0);
SSI_WIRE_AT(ssi_wire_fp, fpsr, 512);
SSI_WIRE_AT(ssi_wire_fp, fpcr, 516);
SSI_WIRE_AT(ssi_wire_fp, reserved, 520);
static_assert(sizeof(struct ssi_wire_fp) == 528, "ssi_wire_fp");
SSI_WIRE_AT(ssi_wire_start, space, 0);
SSI_WIRE_AT(ssi_wire_start, incarnation, 4);
SSI_WIRE_AT(ssi_wire_start, cores, 8);
SSI_WIRE_AT(ssi_wire_start, comm, 16);
SSI_WIRE_AT(ssi_wire_start, nice, 32);
SSI_WIRE_AT(ssi_wire_start, reserved, 36);
static_assert(sizeof(struct ssi_wire_start) == 40, "ssi_wire_start");
SSI_WIRE_AT(ssi_wire_cpu, keys, 0);
SSI_WIRE_AT(ssi_wire_cpu, enabled, 80);
SSI_WIRE_AT(ssi_wire_cpu, vl, 84);
static_assert(sizeof(struct ssi_wire_cpu) == 88, "ssi_wire_cpu");
SSI_WIRE_AT(ssi_wire_sve, vl, 0);
SSI_WIRE_AT(ssi_wire_sve, reserved, 2);
static_assert(sizeof(struct ssi_wire_sve) == 8, "ssi_wire_sve");

#endif /* SSI_WIRE_H */
