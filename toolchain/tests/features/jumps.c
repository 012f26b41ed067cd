/* SPDX-License-Identifier: GPL-2.0 */
/* jumps.c - setjmp and longjmp over migrated frames, nested, in loops, in signals */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf outer;
static sigjmp_buf from_handler;

static int dive(int n, jmp_buf to)
{
	if (n == 0)
		longjmp(to, 5);
	return dive(n - 1, to) + 1;
}

static int attempt(int n)
{
	jmp_buf here;
	volatile int tries = 0;
	const char *kept = "kept";
	char local[16];
	int r;

	strcpy(local, "local");
	r = setjmp(here);
	tries++;
	if (r == 0)
		dive(n, here);
	if (tries < 4)
		dive(n + tries, here);
	return r * 100 + tries + (int)strlen(kept) + (int)strlen(local);
}

static int nested(int depth)
{
	jmp_buf mine;
	int r = setjmp(mine);

	if (r == 0) {
		if (depth)
			nested(depth - 1);
		if (depth == 3)
			longjmp(outer, 33);
		dive(3, mine);
	}
	return r + depth;
}

struct env {
	struct env *up;
	jmp_buf buf;
	int status;
};

/* As interpreters do it: a chain of protected calls, buffers in the frames. */
static int protect(struct env *up, int depth)
{
	struct env e = { .up = up };

	if (setjmp(e.buf) == 0) {
		if (depth)
			e.status = protect(&e, depth - 1);
		if (depth % 3 == 0 && up) {
			up->status = depth;
			longjmp(up->buf, 1);
		}
	}
	return e.status * 2 + depth;
}

struct shell {
	jmp_buf buf;
	int commands;
	int last[40];
};

__attribute__((noreturn)) static void work(struct shell *shell, int depth)
{
	shell->last[depth] += depth;
	if (depth == 0)
		longjmp(shell->buf, 7);
	work(shell, depth - 1);
}

/* What follows its setjmp never comes back but by a jump. */
static int command(struct shell *shell, int n)
{
	volatile int state = n;
	int *const last = &shell->last[n];

	if (setjmp(shell->buf)) {
		shell->commands++;
		return state * 100 + *last + shell->last[1];
	}
	state += 2;
	*last = n;
	work(shell, 30);
}

static void handler(int sig)
{
	(void)sig;
	siglongjmp(from_handler, 9);
}

static int signalled(int n)
{
	int r = sigsetjmp(from_handler, 1);

	if (r == 0)
		raise(SIGUSR1);
	return r + (n ? signalled(n - 1) : 0);
}

int main(void)
{
	struct shell shell = { .commands = 0 };
	int i, r;

	signal(SIGUSR1, handler);
	for (i = 0; i < 6; i++)
		printf("attempt %d\n", attempt(i));
	r = setjmp(outer);
	if (r == 0)
		nested(5);
	printf("outer %d\n", r);
	printf("protect %d\n", protect(NULL, 10));
	for (i = 0; i < 3; i++) {
		r = command(&shell, i);
		printf("command %d of %d\n", r, shell.commands);
	}
	printf("signalled %d\n", signalled(5));
	return 0;
}
