// SPDX-License-Identifier: GPL-2.0
// threads: what pthreads promise, with the threads on all kernels.
#include "move.h"

#include <pthread.h>
#include <semaphore.h>

#define THREADS 4

static int total;
static __thread int local = 7;

/* Runs a function in THREADS threads, each on its place; the sum of results */
static long in_threads(void *(*run)(void *))
{
	pthread_t threads[THREADS];
	long sum = 0;
	intptr_t i;
	void *result;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, run, (void *)i))
			return -1;
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		sum += (intptr_t)result;
	}
	return sum;
}

static pthread_mutex_t *lock;

static void *locks(void *me)
{
	int i;

	go((intptr_t)me);
	for (i = 0; i < 300; i++) {
		pthread_mutex_lock(lock);
		total++;
		if (i % 50 == 0)
			sched_yield();
		pthread_mutex_unlock(lock);
		if (i == 150)
			go((intptr_t)me + 1);
	}
	return (void *)1;
}

static enum ktap_status counted_under(pthread_mutexattr_t *attr)
{
	pthread_mutex_t mutex;

	total = 0;
	lock = &mutex;
	KTAP_EXPECT(!pthread_mutex_init(lock, attr));
	KTAP_EXPECT(in_threads(locks) == THREADS);
	KTAP_EXPECT(total == 300 * THREADS);
	KTAP_EXPECT(!pthread_mutex_destroy(lock));
	return KTAP_PASS;
}

static enum ktap_status mutexes(void)
{
	return counted_under(NULL);
}

static enum ktap_status priority_inheritance(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	KTAP_EXPECT(
		!pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT));
	return counted_under(&attr);
}

static enum ktap_status checked_mutexes(void)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t mutex;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&mutex, &attr);
	pthread_mutex_lock(&mutex);
	go(1);
	KTAP_EXPECT(pthread_mutex_lock(&mutex) == EDEADLK);
	KTAP_EXPECT(!pthread_mutex_unlock(&mutex));
	KTAP_EXPECT(pthread_mutex_unlock(&mutex) == EPERM);
	go(0);
	return KTAP_PASS;
}

/* A number goes round from thread to thread by a condition variable. */
static pthread_mutex_t ring_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ring_changed = PTHREAD_COND_INITIALIZER;
static int turn;

static void *takes_turns(void *me)
{
	int i;

	go((intptr_t)me);
	for (i = 0; i < 50; i++) {
		pthread_mutex_lock(&ring_mutex);
		while (turn % THREADS != (intptr_t)me)
			pthread_cond_wait(&ring_changed, &ring_mutex);
		turn++;
		pthread_cond_broadcast(&ring_changed);
		pthread_mutex_unlock(&ring_mutex);
	}
	return (void *)1;
}

static enum ktap_status condition_variables(void)
{
	KTAP_EXPECT(in_threads(takes_turns) == THREADS);
	KTAP_EXPECT(turn == 50 * THREADS);
	return KTAP_PASS;
}

static enum ktap_status a_wait_has_its_end(void)
{
	struct timespec until;
	int status;

	go(1);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 100000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&ring_mutex);
	status = pthread_cond_timedwait(&ring_changed, &ring_mutex, &until);
	pthread_mutex_unlock(&ring_mutex);
	go(0);
	KTAP_EXPECT(status == ETIMEDOUT);
	return KTAP_PASS;
}

static pthread_barrier_t barrier;
static int arrived[THREADS];

static void *meets(void *me)
{
	long serial = 0;
	int i, k;

	for (i = 1; i <= 30; i++) {
		if (i % 10 == 1)
			go((intptr_t)me + i / 10);
		arrived[(intptr_t)me] = i;
		serial += pthread_barrier_wait(&barrier) != 0;
		for (k = 0; k < THREADS; k++)
			if (arrived[k] != i)
				return (void *)-1000;
		pthread_barrier_wait(&barrier);
	}
	return (void *)serial;
}

static enum ktap_status barriers(void)
{
	pthread_barrier_init(&barrier, NULL, THREADS);
	KTAP_EXPECT(in_threads(meets) == 30);
	return KTAP_PASS;
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static int twin[2];

static void *reads_and_writes(void *me)
{
	long good = 0;
	int i;

	go((intptr_t)me);
	for (i = 0; i < 100; i++) {
		if (i % 4 == (intptr_t)me) {
			pthread_rwlock_wrlock(&rwlock);
			twin[0]++;
			twin[1]++;
		} else {
			pthread_rwlock_rdlock(&rwlock);
		}
		good += twin[0] == twin[1];
		pthread_rwlock_unlock(&rwlock);
	}
	return (void *)good;
}

static enum ktap_status rwlocks(void)
{
	KTAP_EXPECT(in_threads(reads_and_writes) == 100 * THREADS);
	KTAP_EXPECT(twin[0] == 25 * THREADS);
	return KTAP_PASS;
}

/* Mutex and semaphore of two processes */
struct shared {
	pthread_mutex_t mutex;
	sem_t ping, pong;
	int count;
};

static int other_process(void *arg)
{
	struct shared *s = arg;
	int i;

	go(1);
	for (i = 0; i < 100; i++) {
		sem_wait(&s->ping);
		sem_post(&s->pong);
		pthread_mutex_lock(&s->mutex);
		s->count++;
		pthread_mutex_unlock(&s->mutex);
	}
	return 0;
}

static enum ktap_status process_shared(void)
{
	struct shared *s = shared_pages(4096);
	pthread_mutexattr_t attr;
	pid_t pid;
	int i;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->mutex, &attr);
	sem_init(&s->ping, 1, 0);
	sem_init(&s->pong, 1, 0);
	pid = child(other_process, s);
	for (i = 0; i < 100; i++) {
		pthread_mutex_lock(&s->mutex);
		s->count++;
		pthread_mutex_unlock(&s->mutex);
		sem_post(&s->ping);
		sem_wait(&s->pong);
	}
	KTAP_EXPECT(!ended(pid));
	KTAP_EXPECT(s->count == 200);
	munmap(s, 4096);
	return KTAP_PASS;
}

static int dies_with_lock(void *arg)
{
	go(1);
	pthread_mutex_lock(arg);
	return 0;
}

/* The process that held the lock ends on another kernel. */
static enum ktap_status robust(void)
{
	pthread_mutex_t *mutex = shared_pages(4096);
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(mutex, &attr);
	KTAP_EXPECT(!ended(child(dies_with_lock, mutex)));
	KTAP_EXPECT(pthread_mutex_lock(mutex) == EOWNERDEAD);
	KTAP_EXPECT(!pthread_mutex_consistent(mutex));
	KTAP_EXPECT(!pthread_mutex_unlock(mutex));
	KTAP_EXPECT(!pthread_mutex_lock(mutex));
	munmap(mutex, 4096);
	return KTAP_PASS;
}

static void *has_its_own(void *me)
{
	long good = local == 7;

	local = 100 + (intptr_t)me;
	go((intptr_t)me);
	errno = 50 + (intptr_t)me;
	good += local == 100 + (intptr_t)me;
	go((intptr_t)me + 1);
	good += local == 100 + (intptr_t)me && errno == 50 + (intptr_t)me;
	return (void *)good;
}

static enum ktap_status thread_local_data(void)
{
	KTAP_EXPECT(in_threads(has_its_own) == 3 * THREADS);
	KTAP_EXPECT(local == 7);
	return KTAP_PASS;
}

static int cleaned;

static void cleans(void *unused)
{
	(void)unused;
	cleaned++;
}

static void *waits_for_ever(void *me)
{
	pthread_cleanup_push(cleans, NULL);
	go((intptr_t)me);
	for (;;)
		pause();
	pthread_cleanup_pop(1);
	return NULL;
}

static enum ktap_status cancellation(void)
{
	pthread_t thread;
	void *result;
	intptr_t i;

	cleaned = 0;
	for (i = 0; i < 4; i++) {
		pthread_create(&thread, NULL, waits_for_ever, (void *)i);
		sleep_ms(20);
		go(i / 2);
		KTAP_EXPECT(!pthread_cancel(thread));
		KTAP_EXPECT(!pthread_join(thread, &result));
		KTAP_EXPECT(result == PTHREAD_CANCELED);
	}
	go(0);
	KTAP_EXPECT(cleaned == 4);
	return KTAP_PASS;
}

static void *starts_a_thread(void *depth)
{
	pthread_t thread;
	void *result;

	go((intptr_t)depth);
	if (!depth)
		return (void *)1;
	if (pthread_create(&thread, NULL, starts_a_thread,
			   (void *)((intptr_t)depth - 1)))
		return NULL;
	pthread_join(thread, &result);
	return (void *)((intptr_t)result + 1);
}

static enum ktap_status threads_start_threads(void)
{
	void *result = starts_a_thread((void *)8);

	go(0);
	KTAP_EXPECT(result == (void *)9);
	return KTAP_PASS;
}

static void *survives(void *unused)
{
	go(1);
	sleep_ms(100);
	exit(23);
	return unused;
}

static int main_thread_leaves(void *unused)
{
	pthread_t thread;

	pthread_create(&thread, NULL, survives, unused);
	pthread_exit(NULL);
}

static enum ktap_status the_first_thread_may_end(void)
{
	KTAP_EXPECT(ended(child(main_thread_leaves, NULL)) == 23);
	return KTAP_PASS;
}

static void *adds(void *me)
{
	int i;

	go((intptr_t)me);
	for (i = 0; i < 20000; i++)
		__atomic_fetch_add(&total, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static enum ktap_status atomics(void)
{
	total = 0;
	in_threads(adds);
	KTAP_EXPECT(total == 20000 * THREADS);
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "atomics", atomics },
		{ "mutexes", mutexes },
		{ "priority inheritance", priority_inheritance },
		{ "checked mutexes", checked_mutexes },
		{ "condition variables", condition_variables },
		{ "a wait has its end", a_wait_has_its_end },
		{ "barriers", barriers },
		{ "locks for readers and writers", rwlocks },
		{ "between processes", process_shared },
		{ "robust mutexes", robust },
		{ "thread-local data", thread_local_data },
		{ "cancellation", cancellation },
		{ "threads start threads", threads_start_threads },
		{ "the first thread may end", the_first_thread_may_end },
		MOVES_ARE_MADE,
	};

	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
