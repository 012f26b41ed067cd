/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The abstract machine: what one kernel's stores and the other's loads can do
 * to each other. README.md says which real machines it covers.
 */
#ifndef MODEL_MACHINE_H
#define MODEL_MACHINE_H

#include "model.h"

#define MAX_ENTRIES 56
#define MAX_SEEN    40
#define NOT_CLEANED 255

/**
 * struct entry - one store
 * @word: first word
 * @n: words, written together
 * @group: store barriers of the kernel before it
 * @cleaned: store barriers before its line was cleaned, or NOT_CLEANED
 * @due: a full barrier has been waiting for it: whoever has a fence from now on
 *	finds it. Until then it may be thought of as landing at any time.
 * @id: which store it was, within a chain of loads
 * @v: values
 */
struct entry {
	u16 word;
	u8 n;
	u8 group;
	u8 cleaned;
	u8 due;
	u8 id;
	u8 pad;
	u32 v[2];
};

/**
 * struct way - one section: its owner writes, the other kernel reads
 * @image: what the reader can no longer be older than (number in images)
 * @landed_n: entries of @landed
 * @pending_n: entries of @pending
 * @seen_n: entries of @seen
 * @fence: loads of freshly invalidated lines are not older than this
 * @latest: the newest that has been loaded
 * @group: store barriers so far
 * @landed: stores in memory, in the order in which they came there; the reader
 *	may still read around them. Times count these: after that many.
 * @pending: stores in the writer's cache or store buffer, in program order
 * @seen: words loaded since the reader's last fence, and how new they were
 */
struct way {
	u32 image;
	u8 landed_n;
	u8 pending_n;
	u8 seen_n;
	u8 fence;
	u8 latest;
	u8 group;
	u8 pad[2];
	struct entry landed[MAX_ENTRIES];
	struct entry pending[MAX_ENTRIES];
	struct {
		u16 word;
		u16 time;
	} seen[MAX_SEEN];
};

/* What memory holds when the search begins. */
void machine_reset(struct way *way);
void machine_poke(struct way *way, u16 word, u32 v);

/* What the owner of a section does to it: STORE, WMB, CLEAN, MB. */
void machine_write_op(struct way *way, const struct op *op);
/* What its reader does to it: RMB, INVAL. */
void machine_read_op(struct way *way, const struct op *op);
/* The reader has had a full barrier or an interrupt. */
void machine_fence(struct way *way);
/* What the owner finds there. */
void machine_own(const struct way *way, const struct op *op, struct input *in);

/**
 * machine_load() - every value that a load may find
 * @way: the section loaded from
 * @op: OP_LOAD or OP_LAZY
 * @found: called with each value, what has become of the section, and how it
 *	came about
 * @ctx: handed on
 */
void machine_load(const struct way *way, const struct op *op,
		  void (*found)(void *ctx, const struct way *way,
				const struct input *in, const char *how),
		  void *ctx);

/* Number the stores from 0, or forget their numbers. */
void machine_number(struct way *way, bool on);

/**
 * machine_better() - may all that can be found in one section be found in another
 * @a: a section whose stores have been numbered, after some loads
 * @b: the same section, after some other loads
 *
 * Return: whether the reader can get to know from @a whatever it can get to know
 * from @b, now and later.
 */
bool machine_better(const struct way *a, const struct way *b);

/**
 * machine_crash() - everything that a crash may leave of pending stores
 *
 * Either the cache is lost, and only what happened to have reached memory by
 * then is there; or it survives, and the next incarnation finds it. The crash
 * may have come before the last of the stores were made.
 *
 * @way: its section
 * @left: called with each outcome
 * @ctx: handed on
 */
void machine_crash(const struct way *way,
		   void (*left)(void *ctx, struct way *way, const char *how),
		   void *ctx);

/* A form in which equal sections are equal bytes, of at most struct way's size. */
size_t way_pack(struct way *way, u8 *to);
void way_unpack(struct way *way, const u8 *from);

#endif /* MODEL_MACHINE_H */
