// SPDX-License-Identifier: GPL-2.0
// Memory whose faults the program answers itself (userfaultfd): threads on kernel 1 get what it answers, and wait for nobody else's answer.
//: isas 1
//: timeout 300
#include "away.h"
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#define PAGE  4096ul
#define PAGES 12ul /* more than kernel 0 has threads that look pages up */

static uint64_t *memory;
static int faults, faulted;
static volatile int answers;

static uint64_t word_of(unsigned long page)
{
	return seed() ^ ((page + 1) * 0x9e3779b97f4a7c15ull);
}

/* @flags: UFFD_USER_MODE_ONLY, what may be had without privileges, or 0 */
static enum ktap_status begin(int flags)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	memory = private_pages(PAGES * PAGE);
	range.range.start = (unsigned long)memory;
	range.range.len = PAGES * PAGE;
	faults = syscall(SYS_userfaultfd, O_CLOEXEC | flags);
	KTAP_EXPECT(faults >= 0);
	KTAP_EXPECT(!ioctl(faults, UFFDIO_API, &api));
	KTAP_EXPECT(!ioctl(faults, UFFDIO_REGISTER, &range));
	faulted = 0;
	return KTAP_PASS;
}

static void end(void)
{
	close(faults);
	munmap(memory, PAGES * PAGE);
}

/* At home: answers each fault by a page full of its word, PAGES times */
static void *answer(void *unused)
{
	static uint64_t full[PAGE / 8] __attribute__((aligned(PAGE)));
	struct uffd_msg message;
	unsigned long page, i;

	while (!answers)
		sleep_ms(1);
	while (faulted < (int)PAGES &&
	       read(faults, &message, sizeof(message)) == sizeof(message)) {
		struct uffdio_copy copy = { .src = (unsigned long)full,
					    .len = PAGE };

		copy.dst = message.arg.pagefault.address & ~(PAGE - 1);
		page = (copy.dst - (unsigned long)memory) / PAGE;
		for (i = 0; i < PAGE / 8; i++)
			full[i] = word_of(page);
		if (!ioctl(faults, UFFDIO_COPY, &copy))
			faulted++;
	}
	return unused;
}

/* On kernel 1, if it may be there: reads a page, and writes to it. */
static int use(unsigned long page)
{
	volatile uint64_t *word = memory + page * PAGE / 8;
	int good = *word == word_of(page);

	*word += page;
	return good && *word == word_of(page) + page;
}

static enum ktap_status answered(int flags)
{
	unsigned long page;
	pthread_t thread;
	int good = 0;

	KTAP_EXPECT(begin(flags) == KTAP_PASS);
	answers = 1;
	KTAP_EXPECT(!pthread_create(&thread, NULL, answer, NULL));
	go(1);
	for (page = 0; page < PAGES; page++)
		good += use(page);
	go(0);
	pthread_join(thread, NULL);
	KTAP_EXPECT(good == (int)PAGES && faulted == (int)PAGES);
	for (page = 0; page < PAGES; page++)
		KTAP_EXPECT(memory[page * PAGE / 8] == word_of(page) + page);
	end();
	return KTAP_PASS;
}

static enum ktap_status answers_come(void)
{
	return answered(0);
}

static enum ktap_status answers_to_user_mode_only(void)
{
	return answered(UFFD_USER_MODE_ONLY);
}

static void *use_away(void *page)
{
	void *good;

	go(1);
	good = (void *)(long)use((unsigned long)page);
	go(0);
	return good;
}

/* Nobody answers for long: all others go on. */
static enum ktap_status others_go_on(void)
{
	const unsigned long more = 256;
	pthread_t threads[PAGES], thread;
	uint64_t *other = private_pages(more * PAGE);
	unsigned long i, sum = 0;
	void *good;

	KTAP_EXPECT(begin(0) == KTAP_PASS);
	answers = 0;
	KTAP_EXPECT(!pthread_create(&thread, NULL, answer, NULL));
	for (i = 0; i < PAGES; i++)
		KTAP_EXPECT(!pthread_create(&threads[i], NULL, use_away,
					    (void *)i));
	sleep_ms(1000);
	go(1);
	for (i = 0; i < more; i++)
		other[i * PAGE / 8] = i;
	go(0);
	for (i = 0; i < more; i++)
		sum += other[i * PAGE / 8] == i;
	KTAP_EXPECT(sum == more && !faulted);
	answers = 1;
	for (i = 0; i < PAGES; i++) {
		pthread_join(threads[i], &good);
		KTAP_EXPECT(good);
	}
	pthread_join(thread, NULL);
	munmap(other, more * PAGE);
	end();
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KERNEL_1_TAKES_THREADS,
		{ "answers come", answers_come },
		{ "answers to who may ask for user mode only",
		  answers_to_user_mode_only },
		{ "others go on", others_go_on },
		MOVES_ARE_MADE,
		NOTHING_LEAKED,
	};

	said_seed();
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
