// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The unkind machine of sim.h. */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define WORD 8u

static void bug(struct imb_sim *sim, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sim->bugs++;
	sim->ops.bug(sim->ctx, text);
}

/* For the reader of a failing seed. */
static void trace(const struct imb_sim *sim, u32 k, const char *what, u32 word,
		  u64 value)
{
	if (imb_unlikely(sim->trace))
		printf("# %llu: %u %s %#x %016llx\n",
		       (unsigned long long)sim->now, k, what, word * WORD,
		       (unsigned long long)value);
}

static bool chance(struct imb_sim *sim, u32 one_in)
{
	return one_in && sim->ops.choose(sim->ctx, one_in) == one_in - 1;
}

/* Offset of an access; 0 with a report if it leaves the window. */
static u32 place(struct imb_sim *sim, u32 k, const void *p, size_t n)
{
	u64 offset = (u64)((const u8 *)p - sim->base);

	if (offset <= sim->size && n <= sim->size - offset)
		return (u32)offset;
	bug(sim, "kernel %u leaves the window by %#llx+%zu", k,
	    (unsigned long long)offset, n);
	return 0;
}

static u32 line_of(const struct imb_sim *sim, u32 word)
{
	return word * WORD / sim->line_size;
}

static void hot(struct imb_sim *sim, u32 line)
{
	sim->hot[sim->n_hot++ % SIM_HOT] = line;
}

/* Memory changes; what it held before stays known for a while. */
static void set_word(struct imb_sim *sim, struct sim_memory *memory, u32 word,
		     const u8 *bytes)
{
	struct sim_change *change = &memory->log[memory->changes % SIM_CHANGES];
	u8 *to = memory->bytes + word * WORD;

	if (!memcmp(to, bytes, WORD))
		return;
	change->time = ++sim->now;
	change->word = word;
	memcpy(&change->old, to, WORD);
	memcpy(to, bytes, WORD);
	memory->changes++;
}

static bool present(const struct sim_kernel *kernel, u32 line)
{
	return kernel->line[line] == SIM_CLEAN ||
	       kernel->line[line] == SIM_DIRTY;
}

static void fetch(struct imb_sim *sim, u32 k, u32 line)
{
	struct sim_kernel *kernel = &sim->kernel[k];
	u32 per_line = sim->line_size / WORD;
	u32 i;

	for (i = line * per_line; i < (line + 1) * per_line; i++) {
		set_word(sim, kernel->view, i, sim->dram + i * WORD);
		if (kernel->line[line] == SIM_FORGOTTEN)
			kernel->seen[i] = sim->now;
	}
	kernel->line[line] = SIM_CLEAN;
	trace(sim, k, "fetch", line * per_line, 0);
}

static void write_back(struct imb_sim *sim, u32 k, u32 line)
{
	u32 at = line * sim->line_size;

	memcpy(sim->dram + at, sim->kernel[k].view->bytes + at, sim->line_size);
	sim->kernel[k].line[line] = SIM_CLEAN;
	trace(sim, k, "write back", at / WORD, 0);
}

/* A line moves of its own accord. */
static void move_line(struct imb_sim *sim, u32 k, u32 line)
{
	u8 *state = &sim->kernel[k].line[line];

	if (*state == SIM_DIRTY)
		write_back(sim, k, line);
	else if (*state == SIM_CLEAN)
		*state = SIM_ABSENT;
	else
		fetch(sim, k, line);
}

static u32 kernels(const struct imb_sim *sim)
{
	u32 k;

	for (k = 0; k < SIM_KERNELS && sim->kernel[k].view; k++)
		;
	return k;
}

static void move_some_line(struct imb_sim *sim)
{
	u32 n = sim->n_hot < SIM_HOT ? sim->n_hot : SIM_HOT;
	u32 k;

	if (sim->kind != SIM_CACHES || !n)
		return;
	k = sim->ops.choose(sim->ctx, kernels(sim));
	move_line(sim, k, sim->hot[sim->ops.choose(sim->ctx, n)]);
}

/* A store leaves the buffer. */
static void drain(struct imb_sim *sim, u32 k, u32 i)
{
	struct sim_kernel *kernel = &sim->kernel[k];
	struct sim_store store = kernel->stores[i];
	u32 line = line_of(sim, store.word);
	u8 bytes[WORD];

	kernel->n_stores--;
	memmove(&kernel->stores[i], &kernel->stores[i + 1],
		(kernel->n_stores - i) * sizeof(store));
	if (sim->kind == SIM_CACHES && !present(kernel, line))
		fetch(sim, k, line);
	memcpy(bytes, kernel->view->bytes + store.word * WORD, WORD);
	memcpy(bytes + store.at, store.bytes, store.len);
	set_word(sim, kernel->view, store.word, bytes);
	trace(sim, k, "drain", store.word, *(u64 *)bytes);
	if (sim->kind == SIM_CACHES)
		kernel->line[line] = SIM_DIRTY;
}

/* May store @i go before the older ones? */
static bool may_drain(const struct sim_kernel *kernel, u32 i)
{
	u32 j;

	for (j = 0; j < i; j++)
		if (kernel->stores[j].word == kernel->stores[i].word ||
		    kernel->stores[j].epoch < kernel->stores[i].epoch)
			return false;
	return true;
}

static void drain_some(struct imb_sim *sim, u32 k)
{
	struct sim_kernel *kernel = &sim->kernel[k];
	u32 i;

	if (!kernel->n_stores)
		return;
	i = sim->ops.choose(sim->ctx, kernel->n_stores);
	drain(sim, k, may_drain(kernel, i) ? i : 0);
}

/* While this kernel waits, others go on and lines move. */
static void linger(struct imb_sim *sim, u32 k)
{
	if (sim->ops.yield)
		sim->ops.yield(sim->ctx, k);
	if (chance(sim, sim->rates.move))
		move_some_line(sim);
}

void sim_drain(struct imb_sim *sim, u32 k)
{
	while (sim->kernel[k].n_stores) {
		drain_some(sim, k);
		linger(sim, k);
	}
}

static bool pending(const struct imb_sim *sim, u32 k, u32 line)
{
	const struct sim_kernel *kernel = &sim->kernel[k];
	u32 i;

	for (i = 0; i < kernel->n_stores; i++)
		if (line_of(sim, kernel->stores[i].word) == line)
			return true;
	return false;
}

/* Everything that must be in the cache before a line is written back. */
static void drain_line(struct imb_sim *sim, u32 k, u32 line)
{
	while (pending(sim, k, line)) {
		drain_some(sim, k);
		linger(sim, k);
	}
}

/* What a load of a foreign word may have found in the past. */
static u64 early_value(struct imb_sim *sim, u32 k, u32 word, u64 *time)
{
	struct sim_kernel *kernel = &sim->kernel[k];
	struct sim_memory *memory = kernel->view;
	u64 since = kernel->floor > kernel->seen[word] ? kernel->floor :
							 kernel->seen[word];
	u64 value;
	u64 i;

	memcpy(&value, memory->bytes + word * WORD, WORD);
	*time = sim->now;
	for (i = memory->changes; i && memory->changes - i < SIM_CHANGES; i--) {
		const struct sim_change *c =
			&memory->log[(i - 1) % SIM_CHANGES];

		if (c->time <= since)
			break;
		if (c->word != word)
			continue;
		value = c->old;
		*time = c->time - 1;
		if (sim->ops.choose(sim->ctx, 2))
			break;
	}
	return value;
}

/* What this kernel's own stores, still in the buffer, make of a word. */
static u64 forward(const struct sim_kernel *kernel, u32 word, u64 value)
{
	u32 i;

	for (i = 0; i < kernel->n_stores; i++)
		if (kernel->stores[i].word == word)
			memcpy((u8 *)&value + kernel->stores[i].at,
			       kernel->stores[i].bytes, kernel->stores[i].len);
	return value;
}

static u64 load_word(struct imb_sim *sim, u32 k, u32 word)
{
	struct sim_kernel *kernel = &sim->kernel[k];
	u32 line = line_of(sim, word);
	u64 value, time;

	if (sim->kind == SIM_CACHES && !present(kernel, line))
		fetch(sim, k, line);
	time = sim->now;
	memcpy(&value, kernel->view->bytes + word * WORD, WORD);
	if (sim->writer[line] != k && chance(sim, sim->rates.early))
		value = early_value(sim, k, word, &time);
	if (time > kernel->seen[word])
		kernel->seen[word] = time;
	if (time > kernel->newest)
		kernel->newest = time;
	trace(sim, k, time == sim->now ? "load" : "early load", word, value);
	return forward(kernel, word, value);
}

static void claim(struct imb_sim *sim, u32 k, u32 line)
{
	if (sim->writer[line] == SIM_NOBODY)
		sim->writer[line] = (u8)k;
	if (sim->writer[line] != k)
		bug(sim, "kernel %u writes line %#x of kernel %u", k,
		    line * sim->line_size, sim->writer[line]);
}

static void store_part(struct imb_sim *sim, u32 k, u32 at, const u8 *from,
		       u32 len)
{
	struct sim_kernel *kernel = &sim->kernel[k];
	struct sim_store *store;

	claim(sim, k, at / sim->line_size);
	if (kernel->n_stores == SIM_STORES)
		drain_some(sim, k);
	store = &kernel->stores[kernel->n_stores++];
	store->word = at / WORD;
	store->at = (u8)(at % WORD);
	store->len = (u8)len;
	store->epoch = kernel->epoch;
	memcpy(store->bytes, from, len);
	trace(sim, k, "store", store->word, store->epoch);
	if (sim->kind == SIM_ORDER)
		drain(sim, k, kernel->n_stores - 1);
}

static void finish_late(struct imb_sim *sim, u32 k, u32 i)
{
	struct sim_kernel *kernel = &sim->kernel[k];
	struct sim_late late = kernel->late[i];
	u64 value = load_word(sim, k, late.word);

	memcpy(late.to, (const u8 *)&value + late.at, late.len);
	kernel->late[i] = kernel->late[--kernel->n_late];
}

static void finish_all_late(struct imb_sim *sim, u32 k)
{
	while (sim->kernel[k].n_late)
		finish_late(sim, k,
			    sim->ops.choose(sim->ctx, sim->kernel[k].n_late));
}

/* Every access begins here: the world goes on. */
static void enter(struct imb_port *port)
{
	struct imb_sim *sim = port->sim;
	struct sim_kernel *kernel = &sim->kernel[port->kernel];

	sim->accesses++;
	linger(sim, port->kernel);
	if (chance(sim, sim->rates.drain))
		drain_some(sim, port->kernel);
	if (chance(sim, sim->rates.drain))
		drain_some(sim, sim->ops.choose(sim->ctx, kernels(sim)));
	if (kernel->n_late && chance(sim, sim->rates.drain))
		finish_late(sim, port->kernel,
			    sim->ops.choose(sim->ctx, kernel->n_late));
}

/* Bytes of the word at @at that an access of @n more bytes takes. */
static u32 part_len(u32 at, size_t n)
{
	u32 len = WORD - at % WORD;

	return n < len ? (u32)n : len;
}

static void check_race(struct imb_sim *sim, u32 k, u32 word, int other,
		       const char *what)
{
	if (other >= 0)
		bug(sim, "kernel %u %s %#x, not ordered after kernel %d", k,
		    what, word * WORD, other);
}

static void load_bytes(struct imb_port *port, void *dst, const void *src,
		       size_t n, bool sync)
{
	u32 at = place(port->sim, port->kernel, src, n);
	u8 *to = dst;
	u64 value;
	u32 len;

	for (; n; n -= len, at += len, to += len) {
		len = part_len(at, n);
		value = load_word(port->sim, port->kernel, at / WORD);
		if (port->sim->order)
			check_race(port->sim, port->kernel, at / WORD,
				   order_load(port->sim->order, port->kernel,
					      at / WORD, sync),
				   "reads");
		memcpy(to, (const u8 *)&value + at % WORD, len);
		hot(port->sim, at / port->sim->line_size);
	}
}

static void store_bytes(struct imb_port *port, void *dst, const void *src,
			size_t n, bool sync)
{
	u32 at = place(port->sim, port->kernel, dst, n);
	const u8 *from = src;
	u32 len;

	for (; n; n -= len, at += len, from += len) {
		len = part_len(at, n);
		store_part(port->sim, port->kernel, at, from, len);
		if (port->sim->order)
			check_race(port->sim, port->kernel, at / WORD,
				   order_store(port->sim->order, port->kernel,
					       at / WORD, sync),
				   "writes");
		hot(port->sim, at / port->sim->line_size);
	}
}

static void check_aligned(struct imb_port *port, const void *p, size_t n)
{
	if ((uintptr_t)p % n)
		bug(port->sim, "kernel %u: access of %zu bytes not aligned",
		    port->kernel, n);
}

u32 imb_port_load32(struct imb_port *port, const __le32 *p)
{
	__le32 v;

	enter(port);
	check_aligned(port, p, sizeof(v));
	load_bytes(port, &v, p, sizeof(v), true);
	return le32_to_cpu(v);
}

u64 imb_port_load64(struct imb_port *port, const __le64 *p)
{
	__le64 v;

	enter(port);
	check_aligned(port, p, sizeof(v));
	load_bytes(port, &v, p, sizeof(v), true);
	return le64_to_cpu(v);
}

void imb_port_store32(struct imb_port *port, __le32 *p, u32 v)
{
	__le32 le = cpu_to_le32(v);

	enter(port);
	check_aligned(port, p, sizeof(le));
	store_bytes(port, p, &le, sizeof(le), true);
}

void imb_port_store64(struct imb_port *port, __le64 *p, u64 v)
{
	__le64 le = cpu_to_le64(v);

	enter(port);
	check_aligned(port, p, sizeof(le));
	store_bytes(port, p, &le, sizeof(le), true);
}

/* A copy is many accesses, up or down; others run in between. */
static void copy(struct imb_port *port, u8 *shared, u8 *private, size_t n,
		 bool in)
{
	bool down = chance(port->sim, 2);
	size_t len, at;

	for (; n; n -= len) {
		len = part_len((u32)(uintptr_t)shared, n);
		if (down && (len = ((uintptr_t)shared + n) % WORD) == 0)
			len = WORD;
		if (len > n)
			len = n;
		at = down ? n - len : 0;
		enter(port);
		if (in)
			load_bytes(port, private + at, shared + at, len, false);
		else
			store_bytes(port, shared + at, private + at, len,
				    false);
		if (!down) {
			shared += len;
			private += len;
		}
	}
}

void imb_port_copy_in(struct imb_port *port, void *dst, const void *src,
		      size_t n)
{
	copy(port, (u8 *)(uintptr_t)src, dst, n, true);
}

void imb_port_copy_out(struct imb_port *port, void *dst, const void *src,
		       size_t n)
{
	copy(port, dst, (u8 *)(uintptr_t)src, n, false);
}

void sim_copy_in_late(struct imb_port *port, void *dst, const void *src,
		      size_t n)
{
	struct sim_kernel *kernel = &port->sim->kernel[port->kernel];
	u32 at = place(port->sim, port->kernel, src, n);
	u8 *to = dst;
	u32 len;

	if (port->sim->order) {
		load_bytes(port, dst, src, n, false);
		return;
	}
	for (; n; n -= len, at += len, to += len) {
		len = part_len(at, n);
		enter(port);
		if (kernel->n_late == SIM_LATE)
			finish_late(port->sim, port->kernel, 0);
		kernel->late[kernel->n_late++] =
			(struct sim_late){ .to = to,
					   .word = at / WORD,
					   .at = (u8)(at % WORD),
					   .len = (u8)len };
	}
}

void sim_settle(struct imb_port *port)
{
	finish_all_late(port->sim, port->kernel);
}

void imb_port_clean(struct imb_port *port, const void *p, size_t n)
{
	struct imb_sim *sim = port->sim;
	struct sim_kernel *kernel = &sim->kernel[port->kernel];
	u32 at = place(sim, port->kernel, p, n);
	u32 line;

	if (sim->kind != SIM_CACHES || !n)
		return;
	for (line = at / sim->line_size; line <= (at + n - 1) / sim->line_size;
	     line++) {
		enter(port);
		drain_line(sim, port->kernel, line);
		if (kernel->line[line] == SIM_DIRTY)
			write_back(sim, port->kernel, line);
	}
	kernel->floor = sim->now;
}

void imb_port_inval(struct imb_port *port, const void *p, size_t n)
{
	struct imb_sim *sim = port->sim;
	struct sim_kernel *kernel = &sim->kernel[port->kernel];
	u32 at = place(sim, port->kernel, p, n);
	u32 line;

	if (sim->kind != SIM_CACHES || !n)
		return;
	for (line = at / sim->line_size; line <= (at + n - 1) / sim->line_size;
	     line++) {
		enter(port);
		if (sim->writer[line] == port->kernel)
			bug(sim,
			    "kernel %u invalidates line %#x, which it writes",
			    port->kernel, line * sim->line_size);
		else
			kernel->line[line] = SIM_FORGOTTEN;
		trace(sim, port->kernel, "inval", line * sim->line_size / WORD,
		      0);
		hot(sim, line);
	}
}

void imb_port_wmb(struct imb_port *port)
{
	enter(port);
	port->sim->kernel[port->kernel].epoch++;
	if (port->sim->order)
		order_wmb(port->sim->order, port->kernel);
}

void imb_port_rmb(struct imb_port *port)
{
	struct sim_kernel *kernel = &port->sim->kernel[port->kernel];

	enter(port);
	finish_all_late(port->sim, port->kernel);
	if (kernel->newest > kernel->floor)
		kernel->floor = kernel->newest;
	trace(port->sim, port->kernel, "rmb", 0, kernel->floor);
	if (port->sim->order)
		order_rmb(port->sim->order, port->kernel);
}

void imb_port_mb(struct imb_port *port)
{
	struct sim_kernel *kernel = &port->sim->kernel[port->kernel];

	enter(port);
	finish_all_late(port->sim, port->kernel);
	sim_drain(port->sim, port->kernel);
	kernel->floor = port->sim->now;
	if (port->sim->order) {
		order_wmb(port->sim->order, port->kernel);
		order_rmb(port->sim->order, port->kernel);
	}
}

void imb_port_bell(struct imb_port *port)
{
	enter(port);
	sim_drain(port->sim, port->kernel);
	if (port->sim->order)
		order_bell(port->sim->order, port->kernel);
	if (port->sim->ops.bell)
		port->sim->ops.bell(port->sim->ctx, port->kernel, port->peer);
}

u64 imb_port_now_ms(struct imb_port *port)
{
	return port->sim->ms;
}

static void *allocate(size_t n)
{
	void *p = calloc(1, n);

	if (!p) {
		fprintf(stderr, "sim: no memory for %zu bytes\n", n);
		exit(2);
	}
	return p;
}

/* Addresses without memory, so that only the port gets at the window. */
static u8 *reserve_addresses(size_t n)
{
	void *p = mmap(NULL, n, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("sim: mmap");
		exit(2);
	}
	return p;
}

struct imb_sim *sim_create(enum sim_kind kind, u32 line_size, u32 size,
			   u32 n_kernels, const struct sim_ops *ops, void *ctx)
{
	struct imb_sim *sim = allocate(sizeof(*sim));
	u32 k;

	sim->kind = kind;
	sim->line_size = line_size;
	sim->size = size;
	sim->ops = *ops;
	sim->ctx = ctx;
	sim->base = reserve_addresses(size);
	if (kind == SIM_ORDER)
		sim->order = order_create(size / WORD, n_kernels);
	sim->dram = allocate(size);
	sim->writer = allocate(size / line_size);
	memset(sim->writer, SIM_NOBODY, size / line_size);
	for (k = 0; k < n_kernels; k++) {
		struct sim_kernel *kernel = &sim->kernel[k];

		kernel->view = &sim->memory[kind == SIM_CACHES ? k : 0];
		kernel->line = allocate(size / line_size);
		kernel->seen = allocate(size / WORD * sizeof(*kernel->seen));
		if (!kernel->view->bytes)
			kernel->view->bytes =
				kind == SIM_CACHES ? allocate(size) : sim->dram;
	}
	return sim;
}

void sim_destroy(struct imb_sim *sim)
{
	u32 k;

	for (k = 0; k < kernels(sim); k++) {
		free(sim->kernel[k].line);
		free(sim->kernel[k].seen);
		if (sim->kind == SIM_CACHES)
			free(sim->memory[k].bytes);
	}
	if (sim->order)
		order_destroy(sim->order);
	munmap(sim->base, sim->size);
	free(sim->writer);
	free(sim->dram);
	free(sim);
}

void sim_own(struct imb_sim *sim, u64 offset, u64 n, u32 k)
{
	memset(sim->writer + offset / sim->line_size, (int)k,
	       n / sim->line_size);
}

void sim_guarded(struct imb_sim *sim, u64 offset, u64 n)
{
	if (sim->order)
		order_exempt(sim->order, (u32)(offset / WORD), (u32)(n / WORD));
}

void sim_interrupt(struct imb_sim *sim, u32 k)
{
	if (sim->order)
		order_interrupt(sim->order, k);
	sim->kernel[k].floor = sim->now;
}

/* What becomes of a dead kernel's dirty line: lost, landed, or yet to land. */
static void abandon_line(struct imb_sim *sim, u32 k, u32 line)
{
	switch (sim->ops.choose(sim->ctx, 3)) {
	case 0:
		write_back(sim, k, line);
		break;
	case 1:
		sim->kernel[k].line[line] = SIM_ABSENT;
		break;
	default:
		hot(sim, line);
		break;
	}
}

void sim_crash(struct imb_sim *sim, u32 k)
{
	struct sim_kernel *kernel = &sim->kernel[k];
	u32 line;

	if (sim->order)
		order_crash(sim->order, k);
	while (kernel->n_stores && sim->ops.choose(sim->ctx, 2))
		drain_some(sim, k);
	kernel->n_stores = 0;
	kernel->n_late = 0;
	kernel->floor = sim->now;
	if (sim->kind != SIM_CACHES)
		return;
	for (line = 0; line < sim->size / sim->line_size; line++)
		if (kernel->line[line] == SIM_DIRTY)
			abandon_line(sim, k, line);
}

void sim_poke(struct imb_sim *sim, u64 offset, const void *src, size_t n)
{
	memcpy(sim->dram + offset, src, n);
}

void sim_peek(const struct imb_sim *sim, u64 offset, void *dst, size_t n)
{
	memcpy(dst, sim->dram + offset, n);
}
