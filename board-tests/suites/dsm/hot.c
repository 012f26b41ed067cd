// SPDX-License-Identifier: GPL-2.0
// The pages that kernels wait for most are counted, and tombolo hot says what is in them.
//: isas 1
//: timeout 1200
#include "away.h"
#include <pthread.h>

#define PAGE	4096
#define ROUNDS	40
#define COLD	64
#define LIMIT_S 250 /* a hang is a failure */

/* A page of its own, and others that are used now and then */
static struct {
	volatile uint64_t turn;
	char pad[PAGE - sizeof(uint64_t)];
} hot_word __attribute__((aligned(PAGE))), cold_words[COLD];

/* Words that have nothing to do with each other, in one page */
static volatile uint64_t words[PAGE / sizeof(uint64_t)]
	__attribute__((aligned(PAGE)));

static volatile uint64_t *turn;
static volatile int stop;

/*
 * Whose turn it is, by the last bit: each writes the next number. Nobody makes a system
 * call meanwhile, whose arguments would make the stack another hot page.
 */
static void take_turns(unsigned int mine)
{
	uint64_t i;

	for (i = mine; i < 2 * ROUNDS; i += 2) {
		while (*turn != i)
			;
		cold_words[i % COLD].turn++;
		*turn = i + 1;
	}
}

static void *on_kernel_1(void *unused)
{
	go(1);
	take_turns(1);
	return unused;
}

static void *counts_on_kernel_1(void *unused)
{
	go(1);
	while (!stop)
		words[1]++;
	return unused;
}

/* What tombolo says of this process's pages: the first row. */
static int first_row(char *row, size_t size)
{
	char command[64], rest[1024];
	int ok, status;
	FILE *out;

	snprintf(command, sizeof(command), "tombolo hot --json %d", getpid());
	out = popen(command, "r");
	ok = out && fgets(row, size, out) && fgets(row, size, out);
	while (ok && fgets(rest, sizeof(rest), out))
		;
	status = out ? pclose(out) : -1;
	ktap_say("status %d: %s", status, ok ? row : "no row");
	return ok && !status;
}

static long number_of(const char *row, const char *name)
{
	char key[32];
	const char *at;

	snprintf(key, sizeof(key), "\"%s\": ", name);
	at = strstr(row, key);
	return at ? atol(at + strlen(key)) : -1;
}

/* Both kernels took it in turn, so both waited for it again and again. */
static int is_counted(const char *row)
{
	return number_of(row, "read") + number_of(row, "write") >= ROUNDS / 2 &&
	       number_of(row, "home") >= ROUNDS / 2;
}

/* Two threads use a word in turn; is it the first of what tombolo hot shows? */
static int turns_show(volatile uint64_t *word, const char *what)
{
	pthread_t other;
	char row[1024];

	turn = word;
	alarm(LIMIT_S);
	if (pthread_create(&other, NULL, on_kernel_1, NULL))
		return 1;
	take_turns(0);
	if (pthread_join(other, NULL))
		return 2;
	if (!first_row(row, sizeof(row)))
		return 3;
	return !strstr(row, what) ? 4 : !is_counted(row) ? 5 : 0;
}

static int variable(void *unused)
{
	(void)unused;
	return turns_show(&hot_word.turn,
			  "\"symbol\": \"hot_word\", \"symbol_offset\": 0");
}

static int byte_of_a_file(void *unused)
{
	int file = open("/root/hot-file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *map;

	(void)unused;
	if (file < 0 || ftruncate(file, 4 * PAGE))
		return 10;
	map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (map == MAP_FAILED)
		return 11;
	return turns_show(
		(void *)(map + 2 * PAGE + 0x230),
		"\"mapping\": \"/root/hot-file\", \"offset\": 8752, \"symbol\": null");
}

static int memory(void *unused)
{
	char *map = private_pages(PAGE);

	(void)unused;
	return turns_show((void *)(map + 8), "\"mapping\": \"[anonymous]\"");
}

/* Uses its word for some time. Return: has it waited for the page often by now? */
static int use_word(char *row, size_t size)
{
	int i;

	for (i = 0; i < 50; i++) {
		words[7]++;
		sleep_ms(10);
	}
	return first_row(row, size) && number_of(row, "home") >= ROUNDS / 2;
}

/* Of both it is told which they use. */
static int two_words(void *unused)
{
	pthread_t other;
	char row[1024];
	const char *home;
	int i, often = 0;

	(void)unused;
	alarm(LIMIT_S);
	if (pthread_create(&other, NULL, counts_on_kernel_1, NULL))
		return 1;
	for (i = 0; i < 100 && !often; i++)
		often = use_word(row, sizeof(row));
	stop = 1;
	if (pthread_join(other, NULL))
		return 2;
	home = strstr(row, "\"at_home\"");
	if (!often)
		return 3;
	if (!home || !strstr(home, "\"words\", \"symbol_offset\": 56"))
		return 4;
	return strstr(row, "\"words\", \"symbol_offset\": 8}") ? 0 : 5;
}

static enum ktap_status shown(int (*run)(void *))
{
	pid_t pid = child(run, NULL);
	char command[64];
	int status = ended(pid);

	ktap_say("ended with %d", status);
	KTAP_EXPECT(!status);
	snprintf(command, sizeof(command), "tombolo hot %d 2>/dev/null", pid);
	KTAP_EXPECT(WEXITSTATUS(system(command)) == 1);
	return KTAP_PASS;
}

static enum ktap_status a_variable(void)
{
	return shown(variable);
}

static enum ktap_status a_file(void)
{
	return shown(byte_of_a_file);
}

static enum ktap_status anonymous_memory(void)
{
	return shown(memory);
}

static enum ktap_status false_sharing(void)
{
	return shown(two_words);
}

static enum ktap_status all_are_in_order(void)
{
	KTAP_EXPECT(
		!system("tombolo hot --json --count=1000 | python3 -c '\n"
			"import json, sys\n"
			"waits = [p[\"read\"] + p[\"write\"] + p[\"home\"]\n"
			"         for p in json.load(sys.stdin)]\n"
			"assert all(waits), waits\n"
			"assert waits == sorted(waits, reverse=True)'"));
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KERNEL_1_TAKES_THREADS,
		{ "a hot variable is named", a_variable },
		{ "a byte of a file is told", a_file },
		{ "anonymous memory is told", anonymous_memory },
		{ "two words of a page are told apart", false_sharing },
		{ "all are shown in order", all_are_in_order },
		NOTHING_LEAKED,
	};

	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
