// SPDX-License-Identifier: GPL-2.0
/*
 * The call sites of the port: each can be listed, and skipped. The calls within
 * imb_publish() and imb_observe() count once for each caller of these.
 */
#include <stdio.h>
#include "model.h"

extern const struct model_site __start_model_sites[], __stop_model_sites[];

static const struct model_site *skip_site, *skip_outer;

u16 site_number(const struct model_site *site)
{
	return (u16)(site - __start_model_sites);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Inline functions have one copy of a site for each file that includes them. */
static bool same(const struct model_site *a, const struct model_site *b)
{
	return a->line == b->line && !strcmp(a->op, b->op) &&
	       !strcmp(a->file, b->file);
}

bool site_skipped(const struct model_site *site, const struct model_site *outer)
{
	return skip_site && same(site, skip_site) && outer == skip_outer;
}

static bool is_inline(const struct model_site *s)
{
	return !strcmp(base_name(s->file), "imb_port.h");
}

static bool is_fence(const struct model_site *s)
{
	static const char *const ops[] = { "wmb",   "rmb",   "mb",
					   "clean", "inval", "bell" };
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (!strcmp(s->op, ops[i]))
			return true;
	return false;
}

static bool first_copy(const struct model_site *s)
{
	const struct model_site *t;

	for (t = __start_model_sites; t < s; t++)
		if (same(s, t))
			return false;
	return true;
}

/* Is @in called by the function that @outer calls? */
static bool calls(const struct model_site *outer, const struct model_site *in)
{
	return is_inline(in) && !strncmp(in->func, "imb_", 4) &&
	       !strcmp(in->func + 4, outer->op);
}

/* Calls of the core; those of the explorer's own programs do not count. */
static bool counts(const struct model_site *s)
{
	return is_fence(s) && !is_inline(s) &&
	       strncmp(base_name(s->file), "program_", 8);
}

/* Visit the sites until the one with number @want. Return: how many. */
static int walk(int want, const struct model_site **site,
		const struct model_site **outer)
{
	const struct model_site *s, *in;
	int n = 0;

	for (s = __start_model_sites; s < __stop_model_sites; s++) {
		*site = s;
		*outer = NULL;
		if (counts(s) && n++ == want)
			return n;
		for (in = __start_model_sites; in < __stop_model_sites; in++) {
			*site = in;
			*outer = s;
			if (calls(s, in) && is_fence(in) && first_copy(in) &&
			    n++ == want)
				return n;
		}
	}
	return n;
}

const char *site_name(int n)
{
	const struct model_site *site, *outer, *s;
	static char text[128];

	walk(n, &site, &outer);
	s = outer ? outer : site;
	snprintf(text, sizeof(text), "%s:%llu %s %s%s%s", base_name(s->file),
		 (unsigned long long)s->line, s->func, s->op, outer ? "." : "",
		 outer ? site->op : "");
	return text;
}

int site_list(bool print)
{
	const struct model_site *site, *outer;
	int i, n = walk(-1, &site, &outer);

	for (i = 0; print && i < n; i++)
		printf("%d %s\n", i, site_name(i));
	return n;
}

bool site_skip(int n)
{
	if (n < 0 || n >= site_list(false))
		return false;
	walk(n, &skip_site, &skip_outer);
	return true;
}

const char *site_text(u16 site, u16 outer)
{
	const struct model_site *s = &__start_model_sites[site - 1];
	static char text[128];

	if (!site)
		return "program";
	if (outer) {
		s = &__start_model_sites[outer - 1];
		snprintf(text, sizeof(text), "%s %s:%llu %s", s->func,
			 base_name(s->file), (unsigned long long)s->line,
			 s->op);
	} else {
		snprintf(text, sizeof(text), "%s %s:%llu", s->func,
			 base_name(s->file), (unsigned long long)s->line);
	}
	return text;
}
