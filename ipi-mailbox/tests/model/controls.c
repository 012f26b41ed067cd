// SPDX-License-Identifier: GPL-2.0
/*
 * For each cache operation, barrier and bell of the core the configuration that
 * finds a fault without it: what the explorer does not miss it does not check.
 * A call that is in no row fails the test.
 */
#include <stdio.h>
#include "jobs.h"

/**
 * struct control - one kind of call
 * @func: the function it is in
 * @op: what is called; "publish.clean" is the clean within imb_publish()
 * @config: who finds a fault without it; NULL if nobody can
 * @why: why nobody can
 */
struct control {
	const char *func;
	const char *op;
	const char *config;
	const char *why;
};

#define ALONE "the word stands for nothing that is written before it"
#define DECIDES                                                                  \
	"what it says only decides which stores follow, and no processor makes " \
	"a store that may turn out not to be made"

static const struct control controls[] = {
	{ "imb_tx_commit", "clean", "ring2-lines", NULL },
	{ "imb_tx_commit", "publish.wmb", "ring2", NULL },
	{ "imb_tx_commit", "publish.clean", "ring2", NULL },
	{ "imb_tx_kick", "mb", "ring2", NULL },
	{ "imb_tx_kick", "observe.inval", "ring2", NULL },
	{ "imb_tx_kick", "observe.rmb", NULL, DECIDES },
	{ "imb_tx_kick", "bell", "ring2", NULL },
	{ "imb_tx_wait", "publish.wmb", NULL, ALONE },
	{ "imb_tx_wait", "publish.clean", "ring2", NULL },
	{ "imb_tx_wait", "mb", "ring2", NULL },
	{ "tx_refresh", "observe.inval", "ring2", NULL },
	{ "tx_refresh", "observe.rmb", NULL, DECIDES },
	{ "imb_rx_start", "publish.wmb", NULL, ALONE },
	{ "imb_rx_start", "publish.clean", "ring2", NULL },
	{ "imb_rx_peek", "observe.inval", "ring2", NULL },
	{ "imb_rx_peek", "observe.rmb", "ring2", NULL },
	{ "imb_rx_peek", "inval", "ring2-lines", NULL },
	{ "imb_rx_give_back", "rmb", "ring2", NULL },
	{ "imb_rx_give_back", "publish.wmb", NULL, ALONE },
	{ "imb_rx_give_back", "publish.clean", "ring2", NULL },
	{ "imb_rx_give_back", "mb", "ring2", NULL },
	{ "imb_rx_give_back", "observe.inval", "ring2", NULL },
	{ "imb_rx_give_back", "observe.rmb", NULL, DECIDES },
	{ "imb_rx_give_back", "bell", "ring2", NULL },
	{ "imb_rx_arm", "publish.wmb", NULL, ALONE },
	{ "imb_rx_arm", "publish.clean", "ring2", NULL },
	{ "imb_rx_arm", "mb", "ring2", NULL },
	{ "imb_rx_arm", "observe.inval", "ring2", NULL },
	{ "imb_rx_arm", "observe.rmb", NULL, DECIDES },
	{ "collect", "inval", "pool1", NULL },
	{ "collect", "rmb", NULL, DECIDES },
	{ "imb_pool_wait", "publish.wmb", NULL, ALONE },
	{ "imb_pool_wait", "publish.clean", "pool1", NULL },
	{ "imb_pool_wait", "mb", "pool1", NULL },
	{ "imb_pool_send", "clean", "pool1", NULL },
	{ "imb_pool_accept", "inval", "pool1", NULL },
	{ "answer_want", "mb", "pool1", NULL },
	{ "answer_want", "observe.inval", "pool1", NULL },
	{ "answer_want", "observe.rmb", NULL, DECIDES },
	{ "answer_want", "bell", "pool1", NULL },
	{ "imb_pool_return", "rmb", "pool1", NULL },
	{ "imb_pool_return", "publish.wmb", NULL, ALONE },
	{ "imb_pool_return", "publish.clean", "pool1", NULL },
	{ "publish_hello", "wmb", "link-talk", NULL },
	{ "publish_hello", "clean", "link-plain", NULL },
	{ "write_hello", "bell", NULL, "without it the next tick finds it" },
	{ "read_hello", "inval", "link-plain", NULL },
	{ "read_hello", "rmb", "link-talk", NULL },
	{ "beat", "publish.wmb", NULL, ALONE },
	{ "beat", "publish.clean", "link-plain", NULL },
	{ "read_beat", "observe.inval", "link-plain", NULL },
	{ "read_beat", "observe.rmb", NULL,
	  "an old hello with a new beat is one of a session that cannot begin" },
};

static const struct control *control_of(const char *name)
{
	const struct control *c = controls;
	char tail[80];
	size_t n, have = strlen(name);

	for (; c < controls + sizeof(controls) / sizeof(*controls); c++) {
		n = (size_t)snprintf(tail, sizeof(tail), " %s %s", c->func,
				     c->op);
		if (n <= have && !strcmp(name + have - n, tail))
			return c;
	}
	return NULL;
}

void add_controls(void)
{
	int i, n = site_list(false);
	const struct control *c;
	const char *name;

	for (i = 0; i < n; i++) {
		name = site_name(i);
		c = control_of(name);
		if (!c)
			add_failure(name,
				    "a call that no row of controls.c names");
		else if (!c->config)
			add_exempt(name, c->why);
		else
			add_job(config_by_name(c->config), i);
	}
}
