// SPDX-License-Identifier: GPL-2.0
// files: the home's files, from wherever a process runs.
#include "move.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define PAGE  4096
#define BYTES (64 * PAGE)

static char folder[] = "/tmp/files.XXXXXX", data[BYTES], again[BYTES];

static int make(const char *name)
{
	return open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
}

static enum ktap_status write_here_read_there(void)
{
	int fd = make("plain");

	KTAP_EXPECT(fd >= 0);
	go(1);
	KTAP_EXPECT(write(fd, data, BYTES) == BYTES);
	KTAP_EXPECT(lseek(fd, 0, SEEK_CUR) == BYTES);
	go(0);
	KTAP_EXPECT(pread(fd, again, BYTES, 0) == BYTES);
	KTAP_EXPECT(!memcmp(data, again, BYTES));
	KTAP_EXPECT(lseek(fd, PAGE, SEEK_SET) == PAGE);
	go(2);
	KTAP_EXPECT(read(fd, again, PAGE) == PAGE);
	KTAP_EXPECT(!memcmp(data + PAGE, again, PAGE));
	KTAP_EXPECT(!fsync(fd) && !close(fd));
	go(0);
	return KTAP_PASS;
}

static enum ktap_status vectors_of_buffers(void)
{
	struct iovec iov[3] = { { data, 100 },
				{ data + 5000, 7000 },
				{ data + 20000, 1 } };
	int fd = make("vectors");

	go(1);
	KTAP_EXPECT(writev(fd, iov, 3) == 7101);
	KTAP_EXPECT(pread(fd, again, 7000, 100) == 7000);
	KTAP_EXPECT(!memcmp(again, data + 5000, 7000));
	iov[1].iov_base = (void *)8;
	KTAP_EXPECT(pwritev(fd, iov + 1, 1, 0) == -1 && errno == EFAULT);
	go(0);
	close(fd);
	return KTAP_PASS;
}

static void fill(char *to, int salt)
{
	int i;

	for (i = 0; i < BYTES; i++)
		to[i] = data[i] ^ (char)salt;
}

/* What a call does not reach is as it was: its pages went there and back. */
static enum ktap_status parts_of_buffers(void)
{
	char *buffer = private_pages(BYTES);
	int fd = make("parts"), i, at, len;

	go(1);
	for (i = 0; i < 12; i++) {
		at = 1 + i * 3001;
		len = 1 + i * i * 1000;
		fill(buffer, i);
		KTAP_EXPECT(pwrite(fd, buffer + at, len, 0) == len);
		KTAP_EXPECT(!ftruncate(fd, len));
		fill(buffer, i + 1);
		/* more than there is: up to the very end of the buffer */
		KTAP_EXPECT(pread(fd, buffer + at, BYTES - at, 0) == len);
		fill(again, i);
		KTAP_EXPECT(!memcmp(buffer + at, again + at, len));
		fill(again, i + 1);
		KTAP_EXPECT(!memcmp(buffer, again, at));
		KTAP_EXPECT(!memcmp(buffer + at + len, again + at + len,
				    BYTES - at - len));
	}
	go(0);
	munmap(buffer, BYTES);
	close(fd);
	return KTAP_PASS;
}

/* Lengths and addresses that are no memory are the call's own affair. */
static enum ktap_status no_buffers(void)
{
	char *buffer = private_pages(4 * PAGE);
	volatile size_t endless = SIZE_MAX / 2;
	int fd = make("none");

	go(1);
	memset(buffer, 'b', 4 * PAGE);
	KTAP_EXPECT(!munmap(buffer + 2 * PAGE, 2 * PAGE));
	KTAP_EXPECT(write(fd, buffer, 4 * PAGE) == 2 * PAGE);
	KTAP_EXPECT(write(fd, (void *)-4096l, PAGE) == -1 && errno == EFAULT);
	KTAP_EXPECT(write(fd, buffer + 2 * PAGE, endless) == -1 &&
		    errno == EFAULT);
	KTAP_EXPECT(pread(fd, buffer + PAGE, 4 * PAGE, PAGE) == PAGE);
	KTAP_EXPECT(pread(fd, buffer, PAGE, 8 * PAGE) == 0);
	KTAP_EXPECT(buffer[0] == 'b' && buffer[2 * PAGE - 1] == 'b');
	KTAP_EXPECT(readv(fd, (void *)buffer, 1 << 20) == -1 &&
		    errno == EINVAL);
	go(0);
	munmap(buffer, 2 * PAGE);
	close(fd);
	return KTAP_PASS;
}

static enum ktap_status through_a_socket(void)
{
	struct iovec out[20], in[3] = { { again, 5 },
					{ again + 2 * PAGE, 30000 },
					{ again + 20 * PAGE, 40000 } };
	struct msghdr msg = { .msg_iov = out, .msg_iovlen = 20 };
	int fds[2], i, size = 1 << 20;

	KTAP_EXPECT(!socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
	KTAP_EXPECT(!setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size,
				sizeof(size)));
	memset(again, 0, BYTES);
	for (i = 0; i < 20; i++)
		out[i] = (struct iovec){ data + i * 2 * PAGE, 3000 };
	go(1);
	KTAP_EXPECT(sendmsg(fds[0], &msg, 0) == 60000);
	msg = (struct msghdr){ .msg_iov = in, .msg_iovlen = 3 };
	KTAP_EXPECT(recvmsg(fds[1], &msg, 0) == 60000);
	KTAP_EXPECT(!memcmp(again, data, 5) && !again[5]);
	KTAP_EXPECT(!memcmp(again + 2 * PAGE, data + 5, 2995));
	KTAP_EXPECT(!memcmp(again + 2 * PAGE + 2995, data + 2 * PAGE, 3000));
	KTAP_EXPECT(!memcmp(again + 20 * PAGE + 60000 - 30005 - 3000,
			    data + 38 * PAGE, 3000));
	KTAP_EXPECT(!again[20 * PAGE + 60000 - 30005]);
	go(0);
	close(fds[0]), close(fds[1]);
	return KTAP_PASS;
}

static enum ktap_status names_and_attributes(void)
{
	struct stat s;
	DIR *dir;
	int n = 0;

	go(1);
	KTAP_EXPECT(!mkdir("dir", 0755) && !close(make("dir/a")));
	KTAP_EXPECT(!symlink("a", "dir/b") && !link("dir/a", "dir/c"));
	KTAP_EXPECT(!stat("dir/b", &s) && s.st_nlink == 2);
	KTAP_EXPECT(!rename("dir/c", "dir/d") && !chmod("dir/d", 0600));
	KTAP_EXPECT(!truncate("dir/a", 12345));
	go(0);
	KTAP_EXPECT(!stat("dir/d", &s) && s.st_size == 12345);
	KTAP_EXPECT((s.st_mode & 0777) == 0600);
	go(1);
	dir = opendir("dir");
	while (readdir(dir))
		n++;
	closedir(dir);
	KTAP_EXPECT(n == 5);
	KTAP_EXPECT(rmdir("dir") == -1 && errno == ENOTEMPTY);
	KTAP_EXPECT(!unlink("dir/a") && !unlink("dir/b") && !unlink("dir/d"));
	KTAP_EXPECT(!rmdir("dir"));
	KTAP_EXPECT(open("dir/a", O_RDONLY) == -1 && errno == ENOENT);
	go(0);
	return KTAP_PASS;
}

static int appends(void *place)
{
	int fd = open("appended", O_WRONLY | O_APPEND), i;
	char line[16];

	go((intptr_t)place);
	memset(line, 'a' + (intptr_t)place, sizeof(line));
	for (i = 0; i < 100; i++)
		if (write(fd, line, sizeof(line)) != sizeof(line))
			return 40;
	return 0;
}

static enum ktap_status appended_whole(void)
{
	int fd = make("appended"), counts[4] = { 0 }, i, k;
	pid_t pids[4];
	char line[16];

	for (i = 0; i < 4; i++)
		pids[i] = child(appends, (void *)(intptr_t)i);
	for (i = 0; i < 4; i++)
		KTAP_EXPECT(!ended(pids[i]));
	for (i = 0; i < 400; i++) {
		KTAP_EXPECT(read(fd, line, sizeof(line)) == sizeof(line));
		for (k = 1; k < 16; k++)
			KTAP_EXPECT(line[k] == line[0]);
		counts[line[0] - 'a']++;
	}
	for (i = 0; i < 4; i++)
		KTAP_EXPECT(counts[i] == 100);
	close(fd);
	return KTAP_PASS;
}

static int adds_under_lock(void *arg)
{
	int fd = open("number", O_RDWR), i, number;
	struct flock lock = { .l_type = F_WRLCK },
		     unlock = { .l_type = F_UNLCK };

	go((intptr_t)arg);
	for (i = 0; i < 50; i++) {
		if (i % 2 ? flock(fd, LOCK_EX) : fcntl(fd, F_SETLKW, &lock))
			return 41;
		if (pread(fd, &number, 4, 4 * (i % 2)) != 4)
			return 42;
		number++;
		if (pwrite(fd, &number, 4, 4 * (i % 2)) != 4)
			return 43;
		if (i % 2 ? flock(fd, LOCK_UN) : fcntl(fd, F_SETLK, &unlock))
			return 44;
	}
	return 0;
}

static enum ktap_status locks_exclude(void)
{
	int fd = make("number"), numbers[2] = { 0, 0 }, i;
	pid_t pids[4];

	KTAP_EXPECT(write(fd, numbers, 8) == 8);
	for (i = 0; i < 4; i++)
		pids[i] = child(adds_under_lock, (void *)(intptr_t)i);
	for (i = 0; i < 4; i++)
		KTAP_EXPECT(!ended(pids[i]));
	KTAP_EXPECT(pread(fd, numbers, 8, 0) == 8);
	KTAP_EXPECT(numbers[0] == 100 && numbers[1] == 100);
	close(fd);
	return KTAP_PASS;
}

/* A shared mapping and read() see the same, whoever writes where. */
static enum ktap_status shared_mapping(void)
{
	int fd = make("mapped");
	char *map, byte;

	KTAP_EXPECT(write(fd, data, BYTES) == BYTES);
	map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	KTAP_EXPECT(map != MAP_FAILED);
	go(1);
	KTAP_EXPECT(!memcmp(map, data, BYTES));
	map[5 * PAGE] = 'm';
	KTAP_EXPECT(pread(fd, &byte, 1, 5 * PAGE) == 1 && byte == 'm');
	go(0);
	KTAP_EXPECT(pread(fd, &byte, 1, 5 * PAGE) == 1 && byte == 'm');
	KTAP_EXPECT(pwrite(fd, "w", 1, 6 * PAGE) == 1 && map[6 * PAGE] == 'w');
	go(1);
	KTAP_EXPECT(map[6 * PAGE] == 'w');
	KTAP_EXPECT(pwrite(fd, "v", 1, 6 * PAGE) == 1 && map[6 * PAGE] == 'v');
	KTAP_EXPECT(!msync(map, BYTES, MS_SYNC));
	KTAP_EXPECT(!munmap(map, BYTES));
	go(0);
	close(fd);
	return KTAP_PASS;
}

static enum ktap_status private_mapping(void)
{
	int fd = make("private");
	char *map, byte;

	KTAP_EXPECT(write(fd, data, BYTES) == BYTES);
	map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	KTAP_EXPECT(map != MAP_FAILED);
	go(1);
	KTAP_EXPECT(map[7 * PAGE] == data[7 * PAGE]);
	map[7 * PAGE] = data[7 * PAGE] + 1;
	go(0);
	KTAP_EXPECT(map[7 * PAGE] == (char)(data[7 * PAGE] + 1));
	KTAP_EXPECT(pread(fd, &byte, 1, 7 * PAGE) == 1);
	KTAP_EXPECT(byte == data[7 * PAGE]);
	munmap(map, BYTES);
	close(fd);
	return KTAP_PASS;
}

static int reads_beyond_end(void *map)
{
	go(1);
	return ((volatile char *)map)[8 * PAGE];
}

static enum ktap_status truncated_mapping(void)
{
	int fd = make("short");
	char *map;

	KTAP_EXPECT(write(fd, data, BYTES) == BYTES);
	map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	go(1);
	KTAP_EXPECT(map[8 * PAGE] == data[8 * PAGE]);
	KTAP_EXPECT(!ftruncate(fd, PAGE));
	KTAP_EXPECT(map[0] == data[0]);
	KTAP_EXPECT(ended(child(reads_beyond_end, map)) == 256 + SIGBUS);
	KTAP_EXPECT(!ftruncate(fd, BYTES));
	KTAP_EXPECT(map[8 * PAGE] == 0);
	go(0);
	KTAP_EXPECT(map[8 * PAGE] == 0);
	munmap(map, BYTES);
	close(fd);
	return KTAP_PASS;
}

static enum ktap_status copied_by_the_kernel(void)
{
	int from = make("from"), to = make("to"), fds[2];
	off_t at = 0;

	KTAP_EXPECT(write(from, data, BYTES) == BYTES && !pipe(fds));
	go(1);
	KTAP_EXPECT(sendfile(to, from, &at, BYTES) == BYTES);
	KTAP_EXPECT(pread(to, again, BYTES, 0) == BYTES);
	KTAP_EXPECT(!memcmp(data, again, BYTES));
	at = 0;
	KTAP_EXPECT(splice(from, &at, fds[1], NULL, PAGE, 0) == PAGE);
	KTAP_EXPECT(read(fds[0], again, PAGE) == PAGE);
	KTAP_EXPECT(!memcmp(data, again, PAGE));
	go(0);
	close(from), close(to), close(fds[0]), close(fds[1]);
	return KTAP_PASS;
}

/* What is written by O_DIRECT was last touched somewhere else. */
static enum ktap_status direct(void)
{
	int fd = open("direct", O_RDWR | O_CREAT | O_DIRECT, 0644);
	char *buffer = private_pages(4 * PAGE);

	if (fd < 0)
		return KTAP_PASS; /* not every file system can */
	go(1);
	memcpy(buffer, data, 4 * PAGE);
	KTAP_EXPECT(write(fd, buffer, 4 * PAGE) == 4 * PAGE);
	memset(buffer, 0, 4 * PAGE);
	KTAP_EXPECT(pread(fd, buffer, 4 * PAGE, 0) == 4 * PAGE);
	KTAP_EXPECT(!memcmp(buffer, data, 4 * PAGE));
	go(0);
	memcpy(buffer, data + 4 * PAGE, 4 * PAGE);
	go(1);
	KTAP_EXPECT(pwrite(fd, buffer, 4 * PAGE, 0) == 4 * PAGE);
	KTAP_EXPECT(pread(fd, buffer, PAGE, 3 * PAGE) == PAGE);
	KTAP_EXPECT(!memcmp(buffer, data + 7 * PAGE, PAGE));
	go(0);
	munmap(buffer, 4 * PAGE);
	close(fd);
	return KTAP_PASS;
}

static enum ktap_status changes_are_noticed(void)
{
	int fd = inotify_init1(0);
	char events[1024];

	KTAP_EXPECT(inotify_add_watch(fd, ".", IN_CREATE) >= 0);
	go(1);
	close(make("noticed"));
	KTAP_EXPECT(read(fd, events, sizeof(events)) > 0);
	KTAP_EXPECT(!strcmp(((struct inotify_event *)events)->name, "noticed"));
	go(0);
	close(fd);
	return KTAP_PASS;
}

static enum ktap_status the_folder_stays(void)
{
	char here[256], there[256];

	go(1);
	KTAP_EXPECT(getcwd(there, sizeof(there)) && !chdir("/"));
	go(0);
	KTAP_EXPECT(getcwd(here, sizeof(here)) && !strcmp(here, "/"));
	go(1);
	KTAP_EXPECT(!chdir(there));
	go(0);
	KTAP_EXPECT(getcwd(here, sizeof(here)) && !strcmp(here, there));
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "write here, read there", write_here_read_there },
		{ "vectors of buffers", vectors_of_buffers },
		{ "parts of buffers", parts_of_buffers },
		{ "no buffers", no_buffers },
		{ "through a socket", through_a_socket },
		{ "names and attributes", names_and_attributes },
		{ "appended whole", appended_whole },
		{ "locks exclude", locks_exclude },
		{ "a shared mapping", shared_mapping },
		{ "a private mapping", private_mapping },
		{ "a truncated mapping", truncated_mapping },
		{ "copied by the kernel", copied_by_the_kernel },
		{ "direct input and output", direct },
		{ "changes are noticed", changes_are_noticed },
		{ "the folder stays", the_folder_stays },
		MOVES_ARE_MADE,
	};
	uint64_t state = seed();
	char command[64];
	int i, failed;

	for (i = 0; i < BYTES; i++)
		data[i] = next_random(&state);
	if (!mkdtemp(folder) || chdir(folder))
		return 1;
	failed = ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command) || failed;
}
