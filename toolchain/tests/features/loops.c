/* SPDX-License-Identifier: GPL-2.0 */
/* loops.c - counted, strided, backward and endless loops, pointers that chase */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N 5000

struct node {
	struct node *next;
	long v;
};

static double a[N], b[N];
static int fixed[N];

static double triad(int n)
{
	double s = 0;
	int i;

	for (i = 0; i < n; i++)
		a[i] = b[i] * 3 + i;
	for (i = n; i--;)
		s += a[i];
	for (i = 1; i < n; i += 7)
		s -= a[i] * 0.5;
	return s;
}

static long chase(struct node *n)
{
	long s = 0;

	for (; n; n = n->next)
		s = s * 3 + n->v;
	return s;
}

static unsigned hash(const char *s)
{
	unsigned h = 5381;

	while (*s)
		h = h * 33 + (unsigned char)*s++;
	return h;
}

static unsigned long collatz(unsigned long n)
{
	unsigned long steps = 0;

	for (; n != 1; steps++)
		n = n & 1 ? 3 * n + 1 : n / 2;
	return steps;
}

int main(void)
{
	struct node *list = NULL;
	char text[300];
	long s = 0;
	int i;

	for (i = 0; i < N; i++) {
		b[i] = i % 13;
		fixed[i] = i ^ 0x55;
	}
	for (i = 0; i < 50; i++) {
		struct node *n = malloc(sizeof(*n));

		n->next = list;
		n->v = i;
		list = n;
	}
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	for (i = 0; i < N; i++)
		s += fixed[i] * (long)i;
	printf("%f %ld %u %lu %ld\n", triad(N), chase(list), hash(text),
	       collatz(27), s);
	return 0;
}
