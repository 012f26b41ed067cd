// SPDX-License-Identifier: GPL-2.0
/* Programs on stacks of their own, saved and restored as nodes. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "explore.h"
#include "kernel.h"

/* The same place in every run, as saved stacks hold pointers into it. */
#define ARENA	   ((u8 *)0x200000000000)
#define STACK_SIZE 16384
#define DATA_SIZE  20480
#define CHUNK	   128
#define CHUNKS	   ((STACK_SIZE + DATA_SIZE) / CHUNK)
#define MAX_OPS	   64

/**
 * struct kernel - what of a kernel is saved
 * @ctx: where its program has stopped
 * @port: handed to the core
 * @facts: see there
 * @op: what it stopped for
 * @data: of the program
 */
struct kernel {
	jmp_buf ctx;
	struct imb_port port;
	struct facts facts;
	struct op op;
	u8 data[] __attribute__((aligned(64)));
};

/* An edge of the automaton, and how it is looked up. */
struct key {
	u32 k;
	u32 node;
	struct input in;
};

struct edge {
	u32 to;
	u32 ops;
};

static struct intern chunks, memories, nodes[KERNELS], keys, op_lists, texts;
static struct edge *edges;
static u32 booted[KERNELS];
static jmp_buf home;
static ucontext_t entry;
static u32 running;
static u8 *running_sp;
static const struct input *running_in;
static struct op done[MAX_OPS];
static u32 done_n;

static struct kernel *kernel(u32 k)
{
	return (struct kernel *)(ARENA + k * (DATA_SIZE + STACK_SIZE));
}

static u8 *stack_end(u32 k)
{
	return (u8 *)kernel(k) + DATA_SIZE + STACK_SIZE;
}

static size_t data_size(void)
{
	return (sizeof(struct kernel) + cfg->size() + CHUNK - 1) / CHUNK *
	       CHUNK;
}

void kernel_does(const struct op *op)
{
	if (done_n == MAX_OPS)
		die("too many operations in one step");
	done[done_n++] = *op;
	if (opt.every)
		kernel_waits(running, &(struct op){ .type = OP_NONE });
}

/* Leave the program's stack; come back when the explorer wants to go on. */
const struct input *kernel_waits(u32 k, const struct op *op)
{
	kernel(k)->op = *op;
	running_sp = __builtin_alloca(16);
	if (!_setjmp(kernel(k)->ctx))
		_longjmp(home, 1);
	return running_in;
}

struct facts *kernel_facts(u32 k)
{
	return &kernel(k)->facts;
}

u32 kernel_says(const char *message)
{
	return intern(&texts, message, strlen(message) + 1);
}

const char *kernel_message(u32 id)
{
	return intern_get(&texts, id);
}

static void begin(void)
{
	struct kernel *kern = kernel(running);
	struct op op = { .type = OP_NONE };
	const struct input *in;

	kern->port.id = running;
	in = kernel_waits(running, &op);
	cfg->program[running](&kern->port, kern->data, in->v[0]);
	abort();
}

static void save_chunks(const u8 *from, const u8 *end, u32 *ids, u32 *n)
{
	for (; from < end; from += CHUNK)
		ids[(*n)++] = intern(&chunks, from, CHUNK);
}

/* The program's memory; its stack only as far as it is in use. */
static u32 save(u32 k)
{
	u8 *sp = ARENA + (running_sp - ARENA) / CHUNK * CHUNK;
	u8 *base = (u8 *)kernel(k);
	u32 ids[CHUNKS];
	u32 n = 0;

	if (cfg->settle)
		cfg->settle(k, kernel(k)->data);
	save_chunks(base, base + data_size(), ids, &n);
	save_chunks(sp, stack_end(k), ids, &n);
	return intern(&memories, ids, n * sizeof(*ids));
}

static void restore(u32 k, u32 memory)
{
	const u32 *ids = intern_get(&memories, memory);
	size_t n = intern_len(&memories, memory) / sizeof(*ids);
	size_t data_n = data_size() / CHUNK;
	u8 *to = (u8 *)kernel(k);
	size_t i;

	for (i = 0; i < data_n; i++)
		memcpy(to + i * CHUNK, intern_get(&chunks, ids[i]), CHUNK);
	to = stack_end(k) - (n - data_n) * CHUNK;
	memset(stack_end(k) - STACK_SIZE, 0, STACK_SIZE - (n - data_n) * CHUNK);
	for (; i < n; i++, to += CHUNK)
		memcpy(to, intern_get(&chunks, ids[i]), CHUNK);
}

static u32 new_node(u32 k)
{
	struct node node = { .op = kernel(k)->op, .facts = kernel(k)->facts };

	node.image = save(k);
	return intern(&nodes[k], &node, sizeof(node));
}

static void make_context(u32 k)
{
	getcontext(&entry);
	entry.uc_stack.ss_sp = stack_end(k) - STACK_SIZE;
	entry.uc_stack.ss_size = STACK_SIZE;
	entry.uc_link = NULL;
	makecontext(&entry, begin, 0);
	running = k;
	if (!_setjmp(home))
		setcontext(&entry);
	booted[k] = new_node(k);
}

void kernels_reset(void)
{
	size_t size = KERNELS * (DATA_SIZE + STACK_SIZE);
	u32 k;

	if (data_size() > DATA_SIZE ||
	    mmap(ARENA, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		 0) != ARENA) {
		fputs("explore: no place for the programs\n", stderr);
		exit(2);
	}
	edges = big_alloc((1ull << 28) * sizeof(*edges));
	for (k = 0; k < KERNELS; k++)
		make_context(k);
}

u32 kernel_boot(u32 k)
{
	return booted[k];
}

const struct node *kernel_node(u32 k, u32 id)
{
	return intern_get(&nodes[k], id);
}

static struct edge run(const struct key *key)
{
	struct edge e;

	restore(key->k, kernel_node(key->k, key->node)->image);
	running = key->k;
	running_in = &key->in;
	done_n = 0;
	if (!_setjmp(home))
		_longjmp(kernel(key->k)->ctx, 1);
	e.to = new_node(key->k);
	e.ops = intern(&op_lists, done, done_n * sizeof(*done));
	return e;
}

u32 kernel_step(u32 k, u32 id, const struct input *in, const struct op **ops,
		u32 *n, u32 *list)
{
	struct key key = { .k = k, .node = id };
	u32 known = keys.n;
	u32 i;

	key.in.n = in->n;
	memcpy(key.in.v, in->v, in->n * sizeof(*in->v));
	i = intern(&keys, &key, sizeof(key));
	if (i == known)
		edges[i] = run(&key);
	if (list)
		*list = edges[i].ops;
	*ops = intern_get(&op_lists, edges[i].ops);
	*n = (u32)(intern_len(&op_lists, edges[i].ops) / sizeof(**ops));
	return edges[i].to;
}

u32 kernel_nodes(void)
{
	return nodes[0].n + nodes[1].n;
}
