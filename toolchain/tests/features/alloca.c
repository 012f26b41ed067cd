/* SPDX-License-Identifier: GPL-2.0 */
/* alloca.c - variable length arrays and alloca, kept over calls */
#include <alloca.h>
#include <stdio.h>
#include <string.h>

static int fill(char *to, int n, int depth)
{
	char local[n + 1];
	int s = 0, i;

	memset(local, 'a' + n % 26, n);
	local[n] = 0;
	memcpy(to, local, n + 1);
	if (depth)
		s = fill(local, n - 1, depth - 1);
	for (i = 0; i < n; i++)
		s += local[i];
	return s + (int)strlen(to);
}

static int loops(int rounds)
{
	int s = 0, i;

	for (i = 1; i < rounds; i++) {
		char vla[i * 3];
		int(*two)[i] = alloca(sizeof(int) * i * 2);

		two[1][i - 1] = i;
		s += fill(vla, i, i / 4) + two[1][i - 1];
	}
	return s;
}

int main(void)
{
	_Alignas(64) char aligned[100];
	int s = loops(20);

	snprintf(aligned, sizeof(aligned), "%d", s);
	printf("%s %ld\n", aligned, (long)aligned & 63);
	return 0;
}
