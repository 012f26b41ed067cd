// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* moodycamel::ReaderWriterQueue as a contender, kept from allocating. */
#include <readerwriterqueue/readerwriterqueue.h>
#include <array>
#include "queue.h"

namespace
{

template <size_t bytes> struct contender {
	using msg = std::array<char, bytes>;
	using queue = moodycamel::ReaderWriterQueue<msg>;

	static void *create(size_t)
	{
		return new queue(BENCH_SLOTS - 1);
	}

	static void destroy(void *q)
	{
		delete static_cast<queue *>(q);
	}

	static bool push(void *q, const void *m, size_t)
	{
		return static_cast<queue *>(q)->try_enqueue(
			*static_cast<const msg *>(m));
	}

	static bool pop(void *q, void *m, size_t)
	{
		return static_cast<queue *>(q)->try_dequeue(
			*static_cast<msg *>(m));
	}

	static constexpr bench_queue row{
		"moodycamel", bytes, create, destroy, push, pop,
	};
};

} // namespace

const struct bench_queue bench_moodycamel[] = {
	contender<8>::row,    contender<64>::row,   contender<256>::row,
	contender<1024>::row, contender<4096>::row, {},
};
