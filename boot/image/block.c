// SPDX-License-Identifier: GPL-2.0
/* block.c: writes the boot block with which U-Boot starts kernel K for the first time. */

/*
 * Like kernel 0 does it later: a first incarnation, no command, and where the
 * boot stub is to go. The rest is zero: the log is empty.
 */

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "board.h"
#include "boot_wire.h"

#define PASTE(k, what) TOMBOLO_K##k##_##what
#define OF(k, what)    PASTE(k, what)

static char block[BOOT_BLOCK_SIZE];

int main(void)
{
	struct boot_order order = {
		.magic = htole32(BOOT_MAGIC),
		.major = htole16(BOOT_MAJOR),
		.minor = htole16(BOOT_MINOR),
		.kernel = htole32(K),
		.command = htole32(BOOT_COMMAND_NONE),
		.incarnation = htole64(1),
	};
	struct boot_release release = {
		.magic = htole32(BOOT_RELEASE_MAGIC),
		.major = htole16(BOOT_RELEASE_MAJOR),
		.kernel = htole32(K),
		.entry = htole64(OF(K, ENTRY)),
		.dtb = htole64(OF(K, DTB)),
		.next = htole64(OF(K, NEXT)),
	};

	memcpy(block + BOOT_ORDER_OFFSET, &order, sizeof(order));
	memcpy(block + BOOT_RELEASE_OFFSET, &release, sizeof(release));
	return fwrite(block, sizeof(block), 1, stdout) != 1;
}
