// SPDX-License-Identifier: GPL-2.0
/*
 * The mailbox core once more, for imb-kunit.ko: the suites look into its private
 * state and must not touch the links that imb.ko runs.
 */
#include "../core/geometry.c"
#include "../core/ring.c"
#include "../core/pool.c"
#include "../core/channel.c"
#include "../core/message.c"
#include "../core/link.c"

#include "kunit.h"

/* In imb.ko this rings a mailbox; here the test looks at the count. */
void imb_port_bell(struct imb_port *port)
{
	port->bells++;
}
