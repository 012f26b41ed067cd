/* SPDX-License-Identifier: GPL-2.0 */
/* api.c - tombolo.h: where one is, migrating now, forbidding it */
#include <stdio.h>
#include <string.h>
#include <tombolo.h>

static int known(const char *isa)
{
	return !strcmp(isa, "x86_64") || !strcmp(isa, "aarch64") ||
	       !strcmp(isa, "riscv64");
}

TOMBOLO_NEVER static int quiet(int n)
{
	return n < 2 ? n : quiet(n - 1) + quiet(n - 2);
}

static int descend(int n)
{
	char tag[8] = "level";

	if (!n)
		return tombolo_migrate() <= 0;
	tag[5] = (char)('0' + n);
	return descend(n - 1) + (tag[5] == '0' + n);
}

int main(void)
{
	const char *before;
	int i, same = 1;

	printf("known %d\n", known(tombolo_isa()));
	printf("levels %d\n", descend(6));
	tombolo_forbid();
	before = tombolo_isa();
	for (i = 0; i < 100; i++)
		same &= before == tombolo_isa() && quiet(3) == 2;
	tombolo_allow();
	printf("same %d quiet %d\n", same, quiet(10));
	return 0;
}
