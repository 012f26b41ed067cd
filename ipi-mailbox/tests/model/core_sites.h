/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Included before each core source: imb_publish() and imb_observe() remember
 * who called them, so that their barriers can be switched off for one caller.
 */
#ifndef MODEL_CORE_SITES_H
#define MODEL_CORE_SITES_H

#include "imb_port.h"

#define imb_publish(port, word, v)                     \
	({                                             \
		(port)->outer = MODEL_SITE("publish"); \
		imb_publish((port), (word), (v));      \
		(port)->outer = NULL;                  \
	})

#define imb_observe(port, word)                        \
	({                                             \
		u64 seen_;                             \
                                                       \
		(port)->outer = MODEL_SITE("observe"); \
		seen_ = imb_observe((port), (word));   \
		(port)->outer = NULL;                  \
		seen_;                                 \
	})

#endif /* MODEL_CORE_SITES_H */
