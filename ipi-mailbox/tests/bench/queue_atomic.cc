// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* atomic_queue::AtomicQueue2 for one producer and one consumer, as a contender. */
#include <atomic_queue/atomic_queue.h>
#include <array>
#include "queue.h"

namespace
{

template <size_t bytes> struct contender {
	using msg = std::array<char, bytes>;
	/* Contention minimised, throughput maximised, no total order, SPSC. */
	using queue = atomic_queue::AtomicQueue2<msg, BENCH_SLOTS, true, true,
						 false, true>;

	static void *create(size_t)
	{
		return new queue;
	}

	static void destroy(void *q)
	{
		delete static_cast<queue *>(q);
	}

	static bool push(void *q, const void *m, size_t)
	{
		return static_cast<queue *>(q)->try_push(
			*static_cast<const msg *>(m));
	}

	static bool pop(void *q, void *m, size_t)
	{
		return static_cast<queue *>(q)->try_pop(*static_cast<msg *>(m));
	}

	static constexpr bench_queue row{
		"atomic_queue", bytes, create, destroy, push, pop,
	};
};

} // namespace

const struct bench_queue bench_atomic[] = {
	contender<8>::row,    contender<64>::row,   contender<256>::row,
	contender<1024>::row, contender<4096>::row, {},
};
