/* SPDX-License-Identifier: GPL-2.0 */
/* symbols.h: what is at an address of a process: a file, the heap, a variable. */
#ifndef TOMBOLO_SYMBOLS_H
#define TOMBOLO_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

struct symbols;
struct layout;

/**
 * struct place - what is at an address
 * @mapping: path of a file, "[heap]" and so on, "[anonymous]"; "" if nothing is there
 * @offset: in the file, or from the begin of the mapping
 * @symbol: of the file @mapping that covers it, or NULL
 * @symbol_offset: from where that begins
 *
 * The texts belong to the layout.
 */
struct place {
	const char *mapping;
	uint64_t offset;
	const char *symbol;
	uint64_t symbol_offset;
};

/**
 * symbols_open() - the symbols of an ELF file
 * @fd: of the file, to be read; it may be anything
 *
 * Return: what it has, perhaps no symbols at all; NULL if it is no 64-bit ELF file of
 * this byte order, or is damaged.
 */
struct symbols *symbols_open(int fd);
void symbols_close(struct symbols *symbols);

/**
 * symbols_find() - which symbol covers an address
 * @symbols: from symbols_open()
 * @address: as the file has it
 * @offset: from the begin of the symbol
 *
 * Return: its name, NULL if there is none.
 */
const char *symbols_find(const struct symbols *symbols, uint64_t address,
			 uint64_t *offset);

/**
 * symbols_holds() - is an address in what the file loads?
 * @symbols: from symbols_open()
 * @first: where the mapping of its first bytes is
 * @address: in the process
 * @bias: of the process's addresses over the file's
 *
 * Return: true if it is, file's zeros (.bss) included.
 */
bool symbols_holds(const struct symbols *symbols, uint64_t first,
		   uint64_t address, uint64_t *bias);

/**
 * layout_open() - what a process maps
 * @pid: of it
 *
 * Return: nothing of a process that has ended; NULL: no memory.
 */
struct layout *layout_open(int pid);
int layout_pid(const struct layout *layout);
void layout_close(struct layout *layout);

/**
 * layout_find() - what is at an address of a process
 * @layout: from layout_open(), or NULL; files are read when they are needed
 * @address: any
 */
struct place layout_find(struct layout *layout, uint64_t address);

#endif /* TOMBOLO_SYMBOLS_H */
