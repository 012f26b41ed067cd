// SPDX-License-Identifier: GPL-2.0
// common.c - a program that migrates at every point and calls what is compiled for
// each ISA: by name, through a pointer, and back.
#include <stdio.h>
#include <string.h>
#include <tombolo.h>

#include "leaf.h"

static long (*volatile add)(long, int, signed char) = leaf_add;

static int back(int n)
{
	return n < 2 ? n : back(n - 1) + back(n - 2);
}

static long deep(int n)
{
	long here = leaf_add(n, -3, (signed char)-n);

	return n < 2 ? here : deep(n - 1) + deep(n - 2) + add(here, n, 1);
}

int main(void)
{
	int same = 1, i;
	char text[10];

	for (i = 0; i < 9; i++) {
		tombolo_forbid();
		strcpy(text, tombolo_isa());
		same &= !strcmp(leaf_isa(), text);
		tombolo_allow();
		tombolo_migrate();
	}
	printf("%d %ld %.3f\n", same, deep(12),
	       leaf_many(7, 2, 3, 4, 5, 6, 7, 8, 1.5, 0.25f, back));
	return 0;
}
