// SPDX-License-Identifier: GPL-2.0
/* layout: a process to be looked at: says where its parts are, and waits to be killed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

long with_value[600] = { 1 };
long without_value[6000];
static long inner_one = 2, inner_two = 3;

/* A variable of a library that has been stripped */
long *of_the_library(void);

static void *mapped(const char *path)
{
	int fd = open(path, O_RDONLY);

	return mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0);
}

/* Files to be mapped: one of data, others that only look like programs */
int main(int argc, char **argv)
{
	char *heap = malloc(64), *stack = (char *)&heap;
	int i;

	printf("with_value %lx\n", (long)with_value);
	printf("without_value %lx\n", (long)without_value);
	printf("inner_one %lx\n", (long)&inner_one);
	printf("inner_two %lx\n", (long)&inner_two);
	printf("main %lx\n", (long)main);
#ifdef LIBRARY
	printf("of_the_library %lx\n", (long)of_the_library());
#endif
	printf("heap %lx\n", (long)heap);
	printf("stack %lx\n", (long)stack);
	for (i = 1; i < argc; i++)
		printf("file%d %lx\n", i, (long)mapped(argv[i]));
	fflush(stdout);
	fclose(stdout);
	pause();
	return inner_one + inner_two;
}
