// SPDX-License-Identifier: GPL-2.0
// boot.c - the first code of a process: gives the program its common memory,
// its arguments in it, and starts it; or goes on with one that came from
// another ISA.
#include "runtime.h"

void tombolo_start(long *sp);

_Thread_local char *__tombolo_dsp;
_Thread_local void *__tombolo_tp;
/* The record of the frame that the function which is called next restores */
_Thread_local void *__tombolo_resuming;
char **tb_envp;
int tb_is_body;

/* The native thread area of the first thread; entry.S knows how it is used. */
static char main_area[TB_AREA] __attribute__((aligned(64)));
static char *main_stack;

void *tb_main_stack(void)
{
	if (!main_stack)
		main_stack = (char *)tb_native_map(TB_STACK_SIZE) +
			     TB_STACK_SIZE - 64;
	return main_stack;
}

/* The thread has become the only one: its area stays when its stack does not. */
void tb_become_first(const char *area)
{
	tb_copy(main_area, area, sizeof(main_area));
	tb_set_tp(main_area + sizeof(main_area) / 2);
}

const char *tb_env(char **envp, const char *name)
{
	u64 len = tb_len(name);

	for (; *envp; envp++)
		if (tb_starts(*envp, name) && (*envp)[len] == '=')
			return *envp + len + 1;
	return NULL;
}

static char *push_text(char *at, const char *s)
{
	u64 len = tb_len(s) + 1;

	at -= len;
	tb_copy(at, s, len);
	return at;
}

/* Entries of the auxiliary vector that mean the same on every ISA */
static int is_common(u64 type)
{
	enum {
		UID = 11,
		EUID,
		GID,
		EGID,
		CLKTCK = 17,
		PAGESZ = 6,
		SECURE = 23,
		RANDOM = 25,
		EXECFN = 31
	};

	return type == UID || type == EUID || type == GID || type == EGID ||
	       type == CLKTCK || type == PAGESZ || type == SECURE ||
	       type == RANDOM || type == EXECFN;
}

static void push_aux(char **at, u64 *aux, u64 *to)
{
	for (; aux[0]; aux += 2) {
		if (!is_common(aux[0]))
			continue;
		to[0] = aux[0];
		to[1] = aux[1];
		if (aux[0] == 25) {
			*at -= 16;
			tb_copy(*at, (void *)aux[1], 16);
			to[1] = (u64)*at;
		} else if (aux[0] == 31) {
			*at = push_text(*at, (char *)aux[1]);
			to[1] = (u64)*at;
		}
		to += 2;
	}
}

/*
 * The kernel's block of arguments again, in common memory: the words at the top,
 * the strings below, then the data stack. Room is left for what tombolo_start()
 * adds to the auxiliary vector.
 */
static u64 *copy_arguments(char *top, u64 *sp)
{
	u64 words = sp[0] + 2, n = 0, i;
	char **envp = (char **)sp + words;
	u64 *out;
	char *at;

	while (envp[n++])
		;
	out = (u64 *)top - ((words + n + 64 + 8 + 1) & -2UL);
	at = (char *)out;
	out[0] = sp[0];
	for (i = 1; i < words + n; i++)
		if (sp[i])
			out[i] = (u64)(at = push_text(at, (char *)sp[i]));
	at = (char *)((u64)at & -16UL);
	push_aux(&at, (u64 *)(envp + n), out + words + n);
	__tombolo_dsp = (char *)((u64)at & -16UL) - 64;
	return out;
}

u64 tb_build(void)
{
	extern const char __tombolo_build[];

	return *(const u64 *)__tombolo_build;
}

static void fresh(u64 *sp, char **envp)
{
	struct tb_world *s = tb_state;
	char *stack, *records;
	u64 *args;

	s->magic = TB_MAGIC;
	s->size = sizeof(*s);
	s->build = tb_build();
	s->slots = 1;
	tb_self = &s->thread[0];
	tb_self->used = TB_USED;
	tb_self->where = TB_ISA;
	tb_self->kernel = (u32)sys0(SYS_gettid);
	tb_self->number = tb_self->kernel;
	stack = (char *)tb_mmap(0, TB_STACK_SIZE, TB_PROT_RW,
				TB_MAP_PRIVATE | TB_MAP_ANON | TB_MAP_NORESERVE,
				-1, 0, TB_STACK);
	records =
		(char *)tb_mmap(0, TB_RECORDS_SIZE, TB_PROT_RW,
				TB_MAP_PRIVATE | TB_MAP_ANON | TB_MAP_NORESERVE,
				-1, 0, TB_RECORDS);
	if ((long)stack < 0 || (long)records < 0)
		tb_die("no memory for the stacks", "");
	tb_self->records = records;
	tb_self->records_size = TB_RECORDS_SIZE;
	tb_name_begin(envp);
	args = copy_arguments(stack + TB_STACK_SIZE, sp);
	tb_policy_init(envp);
	tb_enter(tb_main_stack(), (void *)tombolo_start, args);
}

/* The native thread area is the one that the process began with. */
int tb_is_first(void)
{
	u64 at = (u64)&tb_self;

	return at >= (u64)main_area && at < (u64)main_area + sizeof(main_area);
}

/* Out of a file: another process, with other numbers, and a policy of its own */
static void resume_saved(char **envp)
{
	struct tb_world *s = tb_state;

	s->save_to[0] = 0;
	s->filed = 0;
	s->renumbered = 1;
	tb_self->kernel = (u32)sys0(SYS_gettid);
	sys1(SYS_set_tid_address, tb_self->cleared);
	s->policy = TB_NEVER;
	s->hops = 0;
	s->isas = 0;
	s->verbose = 0;
	s->images[0] = 0;
	tb_policy_init(envp);
	if (s->shared) {
		s->saving = 1;
		tb_launch_all();
		tb_threads_again();
		tb_let_go();
	}
	tb_open_again();
}

static void resume(const char *text, char **envp)
{
	int fd = (int)tb_number(&text);
	u64 all = ~0UL;
	u32 i;

	sys4(SYS_rt_sigprocmask, 2, &all, 0, 8);
	tb_load(fd);
	sys1(SYS_close, fd);
	tb_self = &tb_state->thread[tb_state->current];
	for (i = 0; !tb_state->shared && i < tb_state->slots; i++)
		tb_zero(tb_state->thread[i].native, sizeof(tb_self->native));
	tb_signals_again();
	tb_name_again();
	if (tb_state->filed)
		resume_saved(envp);
	else
		tb_restore_descriptors();
	tb_rewind();
}

/* The dispositions that the process was started with */
static void inherit_signals(void)
{
	u64 native[4];
	long sig;

	for (sig = 1; sig < TB_SIGNALS; sig++)
		if (!sys4(SYS_rt_sigaction, sig, 0, native, 8) &&
		    native[0] == 1)
			tb_state->sig[sig].handler = 1;
}

void tb_boot(u64 *sp)
{
	char **envp = (char **)sp + sp[0] + 2;
	const char *from;

	tb_set_tp(main_area + sizeof(main_area) / 2);
	tb_envp = envp;
	if (tb_body && tb_env(envp, "TOMBOLO_BODY"))
		tb_body();
	tb_memory_init();
	from = tb_env(envp, "TOMBOLO_RESUME");
	if (from)
		resume(from, envp);
	inherit_signals();
	fresh(sp, envp);
}
