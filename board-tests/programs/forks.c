// SPDX-License-Identifier: GPL-2.0
// forks: processes that are born, wait for one another and end, everywhere.
#include "move.h"

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>

extern char **environ;
static int value = 1;

/* Values 40 to 49 of a status tell which check of the child failed. */
static int moves_then_writes(void *place)
{
	go((intptr_t)place);
	if (value != 2)
		return 40;
	value = 3;
	return 9;
}

static enum ktap_status fork_then_move(void)
{
	intptr_t place;

	value = 2;
	for (place = 0; place < 4; place++)
		KTAP_EXPECT(ended(child(moves_then_writes, (void *)place)) ==
			    9);
	KTAP_EXPECT(value == 2);
	return KTAP_PASS;
}

static int writes_copy(void *unused)
{
	(void)unused;
	if (value != 5)
		return 40;
	value = 6;
	return value;
}

/* Both sides write after the fork and keep their own. */
static enum ktap_status move_then_fork(void)
{
	pid_t pid;

	go(1);
	value = 5;
	pid = child(writes_copy, NULL);
	value = 15;
	KTAP_EXPECT(ended(pid) == 6);
	KTAP_EXPECT(value == 15);
	go(0);
	KTAP_EXPECT(value == 15);
	return KTAP_PASS;
}

static int own_pid(void *parent)
{
	return getppid() == (intptr_t)parent ? 0 : 40;
}

static enum ktap_status ids_stay(void)
{
	pid_t pid = getpid(), ppid = getppid(), sid = getsid(0);
	int i;

	for (i = 0; i < 4; i++) {
		go(i);
		KTAP_EXPECT(getpid() == pid && getppid() == ppid);
		KTAP_EXPECT(gettid() == pid && getsid(0) == sid);
		KTAP_EXPECT(!ended(child(own_pid, (void *)(intptr_t)pid)));
	}
	go(0);
	return KTAP_PASS;
}

/* Each level has two children on the next places and waits for both. */
static int tree(void *arg)
{
	intptr_t depth = (intptr_t)arg;
	pid_t left, right;

	go(depth);
	if (!depth)
		return 1;
	left = child(tree, (void *)(depth - 1));
	right = child(tree, (void *)(depth - 1));
	go(depth + 1);
	return ended(right) + ended(left);
}

static enum ktap_status trees_wait(void)
{
	KTAP_EXPECT(ended(child(tree, (void *)4)) == 16);
	KTAP_EXPECT(ended(child(tree, (void *)5)) == 32);
	return KTAP_PASS;
}

/* Every level is the only child of the one before. */
static int chain(void *arg)
{
	intptr_t depth = (intptr_t)arg;

	go(depth);
	return depth ? ended(child(chain, (void *)(depth - 1))) + 1 : 0;
}

static enum ktap_status a_deep_chain_waits(void)
{
	KTAP_EXPECT(ended(child(chain, (void *)20)) == 20);
	return KTAP_PASS;
}

static int short_life(void *place)
{
	go((intptr_t)place);
	return (intptr_t)place;
}

static enum ktap_status a_small_fork_bomb(void)
{
	pid_t pids[24];
	intptr_t i;
	int sum = 0;

	for (i = 0; i < 24; i++)
		pids[i] = child(short_life, (void *)i);
	for (i = 23; i >= 0; i--)
		sum += ended(pids[i]) == i;
	KTAP_EXPECT(sum == 24);
	return KTAP_PASS;
}

static enum ktap_status wait_any_collects_all(void)
{
	int status, sum = 0, n = 0;
	intptr_t i;

	for (i = 1; i <= 8; i++)
		child(short_life, (void *)i);
	go(1);
	while (wait(&status) > 0) {
		sum += WEXITSTATUS(status);
		n++;
	}
	KTAP_EXPECT(errno == ECHILD);
	KTAP_EXPECT(n == 8 && sum == 36);
	go(0);
	return KTAP_PASS;
}

static int echo(char *to)
{
	char *argv[] = { "sh", "-c", "echo out $0; exit 7", to, NULL };

	execv("/bin/sh", argv);
	return 41;
}

static enum ktap_status vfork_and_exec(void)
{
	pid_t pid;

	go(1);
	fflush(stdout);
	pid = vfork();
	if (!pid)
		_exit(echo("of vfork"));
	KTAP_EXPECT(ended(pid) == 7);
	go(0);
	return KTAP_PASS;
}

static int moves_then_execs(void *unused)
{
	(void)unused;
	go(1);
	return echo("of exec");
}

static enum ktap_status move_then_exec(void)
{
	KTAP_EXPECT(ended(child(moves_then_execs, NULL)) == 7);
	return KTAP_PASS;
}

static enum ktap_status spawn_and_system(void)
{
	char *argv[] = { "sh", "-c", "exit 3", NULL };
	char line[64] = "";
	FILE *pipe;
	pid_t pid;

	go(1);
	KTAP_EXPECT(!posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ));
	KTAP_EXPECT(ended(pid) == 3);
	KTAP_EXPECT(WEXITSTATUS(system("exit 5")) == 5);
	pipe = popen("echo through a pipe", "r");
	KTAP_EXPECT(pipe && fgets(line, sizeof(line), pipe));
	KTAP_EXPECT(!strcmp(line, "through a pipe\n"));
	KTAP_EXPECT(!pclose(pipe));
	go(0);
	return KTAP_PASS;
}

static void *spins(void *place)
{
	go((intptr_t)place);
	for (;;)
		value++;
	return NULL;
}

/* Other threads run on both places while the process ends or becomes new. */
static int leaves(void *how)
{
	pthread_t threads[2];
	intptr_t i;

	for (i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, spins, (void *)(i + 1));
	sleep_ms(100);
	switch ((intptr_t)how) {
	case 0:
		return 81;
	case 1:
		go(1);
		return 82;
	case 2:
		go(1);
		/* fall through */
	default:
		echo("of a threaded process");
	}
	return 41;
}

static enum ktap_status exit_ends_all_threads(void)
{
	KTAP_EXPECT(ended(child(leaves, (void *)0)) == 81);
	KTAP_EXPECT(ended(child(leaves, (void *)1)) == 82);
	return KTAP_PASS;
}

static enum ktap_status exec_ends_all_threads(void)
{
	KTAP_EXPECT(ended(child(leaves, (void *)2)) == 7);
	KTAP_EXPECT(ended(child(leaves, (void *)3)) == 7);
	return KTAP_PASS;
}

static int fork_pipe[2];

static int writes_and_leaves_a_child(void *unused)
{
	go(1);
	child(writes_copy, unused); /* nobody waits for it */
	return write(fork_pipe[1], "x", 1) == 1 ? 0 : 40;
}

/* The pipe is at its end when the last process that could write has ended. */
static enum ktap_status orphans_end_too(void)
{
	char c;

	KTAP_EXPECT(!pipe2(fork_pipe, O_CLOEXEC));
	value = 5;
	KTAP_EXPECT(!ended(child(writes_and_leaves_a_child, NULL)));
	close(fork_pipe[1]);
	go(1);
	KTAP_EXPECT(read(fork_pipe[0], &c, 1) == 1 && c == 'x');
	KTAP_EXPECT(read(fork_pipe[0], &c, 1) == 0);
	close(fork_pipe[0]);
	go(0);
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "fork, then move", fork_then_move },
		{ "move, then fork", move_then_fork },
		{ "identities stay", ids_stay },
		{ "trees wait for each other", trees_wait },
		{ "a deep chain waits", a_deep_chain_waits },
		{ "a small fork bomb", a_small_fork_bomb },
		{ "wait for any collects all", wait_any_collects_all },
		{ "vfork and exec", vfork_and_exec },
		{ "move, then exec", move_then_exec },
		{ "spawn, system, popen", spawn_and_system },
		{ "exit ends all threads", exit_ends_all_threads },
		{ "exec ends all threads", exec_ends_all_threads },
		{ "orphans end, too", orphans_end_too },
		MOVES_ARE_MADE,
	};

	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
