/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* tombolo.h - what a program may say and ask about its migration. */
#ifndef TOMBOLO_H
#define TOMBOLO_H

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
 * tombolo_migrate() - go to the next ISA now
 *
 * Only under tombolo-run; else nothing happens. What can't be carried, a signal
 * handler or a callback from the C library, is said to standard error.
 *
 * Return: 0, or -1 if the thread stayed where it was.
 */
int tombolo_migrate(void);

/**
 * tombolo_forbid() - no migration of any thread until tombolo_allow()
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
