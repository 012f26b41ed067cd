// SPDX-License-Identifier: GPL-2.0
/*
 * name.c - the name of a thread, as ps shows it and pkill looks for it. An exec gives
 * the process that of its file, which is an image or an emulator here.
 */
#include "runtime.h"

enum { SET_NAME = 15, GET_NAME = 16 };

void tb_note_name(void)
{
	sys2(SYS_prctl, GET_NAME, tb_self->name);
}

void tb_name_again(void)
{
	sys2(SYS_prctl, SET_NAME, tb_self->name);
}

/* Takes a variable out of the environment; all that is behind it moves up. */
static void forget(char **at)
{
	u64 *word = (u64 *)at, *aux = word;

	while (*aux++)
		;
	while (aux[0])
		aux += 2;
	for (; word <= aux; word++)
		word[0] = word[1];
}

/* tombolo-run tells how it was called: for this process, not for its children. */
void tb_name_begin(char **envp)
{
	const char *name = tb_env(envp, "TOMBOLO_NAME");
	char **at = envp;

	if (!name)
		return;
	sys2(SYS_prctl, SET_NAME, name);
	while (!tb_starts(*at, "TOMBOLO_NAME="))
		at++;
	forget(at);
}
