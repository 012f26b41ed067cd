// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* boost::lockfree::spsc_queue as a contender. */
#include <boost/lockfree/spsc_queue.hpp>
#include <array>
#include <cstring>
#include "queue.h"

namespace {

template <size_t bytes> struct contender {
	using msg = std::array<char, bytes>;
	using queue = boost::lockfree::spsc_queue<
		msg, boost::lockfree::capacity<BENCH_SLOTS>>;

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
		return static_cast<queue *>(q)->push(
			*static_cast<const msg *>(m));
	}

	static bool pop(void *q, void *m, size_t)
	{
		return static_cast<queue *>(q)->pop(*static_cast<msg *>(m));
	}

	static constexpr bench_queue row{ "boost spsc_queue", bytes,
					  create,	      destroy,
					  push,		      pop };
};

} // namespace

const struct bench_queue bench_boost[] = {
	contender<8>::row,    contender<64>::row,   contender<256>::row,
	contender<1024>::row, contender<4096>::row, {},
};
