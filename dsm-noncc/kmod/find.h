/* SPDX-License-Identifier: GPL-2.0 */
/*
 * find.h - what resolve.c is told of the page at an address.
 */
#ifndef DSM_FIND_H
#define DSM_FIND_H

#include "glue.h"

/**
 * struct found - a page that a request may have
 * @page: with a reference
 * @kind: of it
 * @writable: writing needs nothing but the frame
 * @has_pte: and it is mapped at this address
 * @known: it has an entry already, with a reference; then @page is not set
 * @stale: it has to be recalled first, with a reference
 * @map: to be inserted
 * @seq: of the notifier
 */
struct found {
	struct page *page;
	struct home_page *known;
	struct home_page *stale;
	struct home_map *map;
	enum home_kind kind;
	bool writable;
	bool has_pte;
	unsigned long seq;
};

/*
 * Under the mmap lock, which it may let go and take again: then -EAGAIN. Other errors
 * are those of the access itself.
 */
int find_page(struct dsm_space *space, struct vm_area_struct *vma,
	      struct home_ask *a, struct found *f);
void find_near(struct mm_struct *mm, struct home_near *near);
bool find_at_home(struct home_page *hp);

#endif /* DSM_FIND_H */
