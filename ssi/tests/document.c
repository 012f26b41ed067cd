// SPDX-License-Identifier: GPL-2.0
/* document: prints what SYSCALLS.md and the README take from the tables of the core. */
#include <stdio.h>
#include <string.h>

#include "syscalls.h"
#include "thread.h"

static const char *const hows[] = {
	[SSI_FORWARD] = "forwarded", [SSI_LOCAL] = "local",
	[SSI_REFUSED] = "refused",   [SSI_GETCPU] = "special",
	[SSI_EXIT] = "special",	     [SSI_EXEC] = "special",
	[SSI_FORK] = "special",	     [SSI_RSEQ] = "special",
	[SSI_BARRIER] = "special",   [SSI_SIGRETURN] = "special",
};

static void memory(const struct ssi_memory *m)
{
	switch (m->extent) {
	case SSI_OBJECT:
		printf("at x%u", m->arg);
		break;
	case SSI_BYTES:
		printf("%s x%u bytes at x%u", m->out ? "writes" : "reads",
		       m->len, m->arg);
		break;
	case SSI_VECTOR:
		printf("%s by x%u vectors at x%u", m->out ? "writes" : "reads",
		       m->len, m->arg);
		break;
	case SSI_MESSAGE:
		printf("%s by the message at x%u", m->out ? "writes" : "reads",
		       m->arg);
		break;
	}
}

static void syscalls(void)
{
	const struct ssi_syscall *call;
	unsigned int nr;

	puts("| nr | call | what becomes of it | errno | memory sent along | why |");
	puts("|---|---|---|---|---|---|");
	for (nr = 0; nr < SSI_SYSCALLS; nr++) {
		call = ssi_syscall(nr);
		if (!call->name)
			continue;
		printf("| %u | %s | %s | %s | ", nr, call->name,
		       hows[call->how],
		       call->how == SSI_REFUSED ? strerrorname_np(call->error) :
						  "");
		memory(&call->memory[0]);
		if (call->memory[1].extent)
			printf("; ");
		memory(&call->memory[1]);
		printf(" | %s |\n", call->why ?: "");
	}
}

static void states(void)
{
	puts("| side | state | meaning |");
	puts("|---|---|---|");
#define STATE(side, name, text) \
	printf("| %s | %s | %s |\n", #side, #name, text);
#include "thread_states.def"
}

static void rows(void)
{
	puts("| side | in | event | then |");
	puts("|---|---|---|---|");
#define ROW(side, state, event, next) \
	printf("| %s | %s | %s | %s |\n", #side, #state, #event, #next);
#include "thread_states.def"
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "syscalls")) {
		syscalls();
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "states")) {
		states();
		puts("");
		rows();
		return 0;
	}
	return 2;
}
