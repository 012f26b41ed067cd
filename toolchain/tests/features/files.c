/* SPDX-License-Identifier: GPL-2.0 */
/* files.c - descriptors, streams, pipes, directories, children, over migrations */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int slow(int n)
{
	return n < 2 ? n : slow(n - 1) + slow(n - 2);
}

static void child(int to)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "child says %d\n", slow(7));

	if (write(to, text, n) != n)
		_exit(1);
	_exit(3 + slow(4));
}

static void with_child(void)
{
	char text[64] = "";
	int ends[2], status;
	pid_t pid;

	if (pipe(ends))
		exit(1);
	fflush(stdout);
	pid = fork();
	if (!pid)
		child(ends[1]);
	close(ends[1]);
	slow(6);
	if (read(ends[0], text, sizeof(text) - 1) < 0)
		exit(1);
	waitpid(pid, &status, 0);
	printf("%sstatus %d\n", text, WEXITSTATUS(status));
	close(ends[0]);
}

static void with_file(void)
{
	char name[] = "/tmp/tombolo.XXXXXX", line[64];
	int fd = mkstemp(name), i;
	FILE *f = fdopen(fd, "w+");
	struct stat st;

	fcntl(fd, F_SETFD, FD_CLOEXEC);
	for (i = 0; i < 5; i++)
		fprintf(f, "line %d %d\n", i, slow(i + 2));
	rewind(f);
	while (fgets(line, sizeof(line), f))
		printf("%s", line + 0 * slow(3));
	fstat(fd, &st);
	printf("size %ld mode %o cloexec %d\n", (long)st.st_size,
	       st.st_mode & 0777, fcntl(fd, F_GETFD));
	fclose(f);
	unlink(name);
}

static void with_memory(void)
{
	char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *q = malloc(300000);

	strcpy(p + 70000, "far");
	strcpy(q + 250000, "away");
	slow(5);
	munmap(p, 4096);
	q = realloc(q, 900000);
	slow(5);
	printf("%s %s\n", p + 70000, q + 250000);
	free(q);
	munmap(p + 4096, (1 << 20) - 4096);
}

int main(void)
{
	DIR *d;
	int n = 0;

	with_file();
	with_child();
	with_memory();
	fflush(stdout);
	printf("system %d\n", WEXITSTATUS(system("exit 5")));
	d = opendir("/");
	while (readdir(d))
		n += slow(4) > 0;
	closedir(d);
	printf("entries %d\n", n > 5);
	return 0;
}
