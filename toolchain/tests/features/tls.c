/* SPDX-License-Identifier: GPL-2.0 */
/* tls.c - thread-local variables and errno */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Thread_local int counter = 41;
static _Thread_local char text[32] = "initial";
static _Thread_local _Alignas(32) long zeroed[4];
static _Thread_local int *self;

static int touch(int n)
{
	self = &counter;
	counter++;
	zeroed[n & 3] += n;
	errno = n;
	if (n)
		touch(n - 1);
	(*self)++;
	return errno;
}

int main(void)
{
	int i;

	for (i = 0; i < 10; i++) {
		touch(i);
		close(-1);
		printf("%d %s %ld %d %s\n", counter, text, zeroed[1],
		       errno == EBADF, strerror(errno));
		snprintf(text, sizeof(text), "round %d", i);
	}
	return (int)((long)zeroed & 31);
}
