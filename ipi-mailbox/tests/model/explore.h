/* SPDX-License-Identifier: GPL-2.0 */
/* The search through all states of a configuration. */
#ifndef MODEL_EXPLORE_H
#define MODEL_EXPLORE_H

#include "model.h"

/**
 * struct options - how to search
 * @every: let the other kernel run before every access, also where it makes no
 *	difference (to check that it makes none)
 * @max_states: give up after as many
 * @progress: print where we are from time to time
 */
struct options {
	bool every;
	u64 max_states;
	bool progress;
};

/**
 * struct result - what was found
 * @states: how many states there are
 * @moves: and transitions between them
 * @depth: length of the longest shortest run
 * @places: states of the two programs alone
 * @sections: states of a section alone
 * @ends: states in which nobody can go on
 * @complete: all have been visited
 * @fault: what is wrong, empty if nothing is
 * @trace: choice string that leads there
 */
struct result {
	u64 states;
	u64 moves;
	u32 depth;
	u32 places;
	u32 sections;
	u64 ends;
	bool complete;
	char fault[240];
	char *trace;
};

extern struct options opt;

void prepare(const struct config *c);
void explore(struct result *r);
/* Walk one run and print it. Return: false if there is no such run. */
bool replay(const char *trace);

#endif /* MODEL_EXPLORE_H */
