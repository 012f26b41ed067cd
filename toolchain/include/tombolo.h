/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* tombolo.h - what a program may say and ask about its migration. */
#ifndef TOMBOLO_H
#define TOMBOLO_H

#include <pthread.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * tombolo_isa() - the ISA on which the calling thread runs
 *
 * May be another one after any call or loop, outside of a forbidden region.
 *
 * Return: "x86_64", "aarch64" or "riscv64".
 */
const char *tombolo_isa(void);

/**
 * tombolo_migrate() - the calling thread goes to the next ISA now
 *
 * Only under tombolo-run; else nothing happens. Nor does a thread leave a signal
 * handler, or a callback from a part of the C library that never migrates.
 *
 * Return: 0, or -1 if the thread stayed where it was.
 */
int tombolo_migrate(void);

/**
 * tombolo_migrate_to() - the calling thread goes to that ISA now
 * @isa: one of those that tombolo-run was given; NULL is the next one
 *
 * Return: as of tombolo_migrate(); 0 also if it was there already.
 */
int tombolo_migrate_to(const char *isa);

/**
 * tombolo_request() - ask a thread to go to that ISA
 * @thread: one that has not ended; the others stay where they are
 * @isa: as of tombolo_migrate_to()
 *
 * Returns at once. The thread goes at its next migration point; one that waits in
 * the kernel does so at once, and waits on. A second request replaces the first.
 *
 * Return: 0, or -1 if there is no such thread or ISA.
 */
int tombolo_request(pthread_t thread, const char *isa);

/**
 * tombolo_isa_of() - the ISA on which a thread runs, or where it goes just now
 * @thread: one that has not ended
 *
 * Return: as of tombolo_isa(), or NULL if there is no such thread.
 */
const char *tombolo_isa_of(pthread_t thread);

/**
 * tombolo_forbid() - the calling thread does not migrate until tombolo_allow()
 *
 * Nests. Cheap: requests wait.
 */
void tombolo_forbid(void);

/** tombolo_allow() - ends what the last tombolo_forbid() began */
void tombolo_allow(void);

/**
 * TOMBOLO_NEVER - a function that never migrates, nor does what it calls
 *
 * It has no migration points and costs nothing; a callback from it that
 * reaches one goes on without migrating.
 */
#ifdef __tombolo__
#define TOMBOLO_NEVER __attribute__((annotate("tombolo-leaf")))
#else
#define TOMBOLO_NEVER
#endif

#ifdef __cplusplus
}
#endif
#endif
