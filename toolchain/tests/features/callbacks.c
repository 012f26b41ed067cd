/* SPDX-License-Identifier: GPL-2.0 */
/* callbacks.c - function pointers, qsort, bsearch, tsearch, atexit */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int calls;

static int slow(int n)
{
	return n < 2 ? n : slow(n - 1) + slow(n - 2);
}

static int by_value(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	calls++;
	return (x > y) - (x < y) + 0 * slow(2);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void visit(const void *node, VISIT when, int depth)
{
	(void)slow(3);
	if (when == leaf || when == postorder)
		printf("%s@%d ", *(const char *const *)node, depth);
}

static int add(int a, int b)
{
	return a + b + 0 * slow(2);
}
static int mul(int a, int b)
{
	return a * b + 0 * slow(2);
}
static int (*const table[])(int, int) = { add, mul };

static void goodbye(void)
{
	printf("goodbye %d\n", slow(6));
}

int main(void)
{
	static const char *const names[] = { "oak", "ash", "elm", "fir",
					     "yew", "box", "bay" };
	int v[40], i, key = 17, r = 1;
	void *root = NULL;

	atexit(goodbye);
	for (i = 0; i < 40; i++)
		v[i] = (i * 7919) % 101;
	v[13] = 17;
	qsort(v, 40, sizeof(*v), by_value);
	for (i = 0; i < 40; i += 3)
		printf("%d ", v[i]);
	printf("found %d\n",
	       *(int *)bsearch(&key, v, 40, sizeof(*v), by_value));
	for (i = 0; i < 7; i++)
		tsearch(names[i], &root, by_name);
	twalk(root, visit);
	for (i = 0; i < 20; i++)
		r = table[i & 1](r, i) % 10007;
	printf("%d calls %d\n", r, calls);
	return 0;
}
