/* SPDX-License-Identifier: GPL-2.0 */
/* Explorations, some at a time, each in a process of its own; TAP. */
#ifndef MODEL_JOBS_H
#define MODEL_JOBS_H

#include "model.h"

/**
 * struct jobs_options - how to go about it
 * @at_a_time: processes
 * @first_only: stop at the first that fails
 */
struct jobs_options {
	int at_a_time;
	bool first_only;
};

extern struct jobs_options jobs_options;

/* Explore @c; without call number @site, if that is not negative. */
void add_job(const struct config *c, int site);
/* A test that has been judged already: failed, for the reason given. */
void add_failure(const char *name, const char *why);
/* One without which nothing fails, and why that is so. */
void add_exempt(const char *name, const char *why);
int run_jobs(void);

/* controls.c: for each call in the core, the test that misses it. */
void add_controls(void);

const struct config *config_by_name(const char *name);

#endif /* MODEL_JOBS_H */
