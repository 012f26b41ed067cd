// SPDX-License-Identifier: GPL-2.0
/*
 * symbols.c: the symbols of an ELF file, as far as one needs to name an address.
 *
 * tombolo is a static program that is also in root file systems of a few files;
 * libelf would make it a dynamic one.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols.h"

#define PAGE	 4096ull
#define PART_MAX (256u << 20) /* the largest table that is read */

struct symbol {
	uint64_t address;
	uint64_t size;
	const char *name;
};

/**
 * struct symbols - of a file
 * @loads: its program headers that are loaded
 * @loads_n: how many
 * @list: symbols that have a size, in no order
 * @n: how many
 * @names: the tables of names that @list points to
 */
struct symbols {
	Elf64_Phdr *loads;
	unsigned int loads_n;
	struct symbol *list;
	size_t n;
	char *names[2];
};

/* Bytes of the file, with a zero behind them; NULL if they are not there. */
static void *part(int fd, uint64_t offset, uint64_t size)
{
	struct stat stat;
	char *data;

	if (fstat(fd, &stat) || size > PART_MAX ||
	    offset > (uint64_t)stat.st_size || size > stat.st_size - offset)
		return NULL;
	data = malloc(size + 1);
	if (data && pread(fd, data, size, offset) != (ssize_t)size) {
		free(data);
		return NULL;
	}
	if (data)
		data[size] = 0;
	return data;
}

static bool read_head(int fd, Elf64_Ehdr *head)
{
	void *data = part(fd, 0, sizeof(*head));
	bool ok = data;

	if (ok)
		memcpy(head, data, sizeof(*head));
	free(data);
	return ok && !memcmp(head->e_ident, ELFMAG, SELFMAG) &&
	       head->e_ident[EI_CLASS] == ELFCLASS64 &&
	       head->e_ident[EI_DATA] == ELFDATA2LSB &&
	       head->e_phentsize == sizeof(Elf64_Phdr);
}

static bool read_loads(int fd, const Elf64_Ehdr *head, struct symbols *s)
{
	unsigned int i;

	s->loads = part(fd, head->e_phoff, head->e_phnum * sizeof(Elf64_Phdr));
	for (i = 0; s->loads && i < head->e_phnum; i++)
		if (s->loads[i].p_type == PT_LOAD)
			s->loads[s->loads_n++] = s->loads[i];
	return s->loads_n;
}

static bool is_of_interest(const Elf64_Sym *sym, uint64_t names)
{
	unsigned int type = ELF64_ST_TYPE(sym->st_info);

	return sym->st_shndx != SHN_UNDEF && sym->st_size &&
	       sym->st_name < names &&
	       (type == STT_OBJECT || type == STT_FUNC || type == STT_NOTYPE ||
		type == STT_GNU_IFUNC);
}

static void add_symbols(struct symbols *s, const Elf64_Sym *syms, size_t n,
			const char *names, uint64_t names_size)
{
	struct symbol *list = realloc(s->list, (s->n + n) * sizeof(*list));
	size_t i;

	if (!list)
		return;
	s->list = list;
	for (i = 0; i < n; i++)
		if (is_of_interest(&syms[i], names_size))
			list[s->n++] = (struct symbol){
				.address = syms[i].st_value,
				.size = syms[i].st_size,
				.name = names + syms[i].st_name,
			};
}

/* The table of a type, if the file has it: what is stripped has that of its linker. */
static void read_table(int fd, const Elf64_Shdr *sections, unsigned int n,
		       uint32_t type, struct symbols *s, char **names)
{
	const Elf64_Shdr *table = NULL;
	Elf64_Sym *syms;
	unsigned int i;

	for (i = 0; i < n && !table; i++)
		if (sections[i].sh_type == type && sections[i].sh_link < n)
			table = &sections[i];
	if (!table)
		return;
	syms = part(fd, table->sh_offset, table->sh_size);
	*names = part(fd, sections[table->sh_link].sh_offset,
		      sections[table->sh_link].sh_size);
	if (syms && *names)
		add_symbols(s, syms, table->sh_size / sizeof(*syms), *names,
			    sections[table->sh_link].sh_size);
	free(syms);
}

static void read_symbols(int fd, const Elf64_Ehdr *head, struct symbols *s)
{
	Elf64_Shdr *sections = NULL;

	if (head->e_shentsize == sizeof(*sections))
		sections = part(fd, head->e_shoff,
				head->e_shnum * sizeof(*sections));
	if (!sections)
		return;
	read_table(fd, sections, head->e_shnum, SHT_SYMTAB, s, &s->names[0]);
	read_table(fd, sections, head->e_shnum, SHT_DYNSYM, s, &s->names[1]);
	free(sections);
}

struct symbols *symbols_open(int fd)
{
	struct symbols *s = calloc(1, sizeof(*s));
	Elf64_Ehdr head;

	if (s && (!read_head(fd, &head) || !read_loads(fd, &head, s))) {
		symbols_close(s);
		return NULL;
	}
	if (s)
		read_symbols(fd, &head, s);
	return s;
}

void symbols_close(struct symbols *s)
{
	if (!s)
		return;
	free(s->loads);
	free(s->list);
	free(s->names[0]);
	free(s->names[1]);
	free(s);
}

const char *symbols_find(const struct symbols *s, uint64_t address,
			 uint64_t *offset)
{
	const struct symbol *best = NULL, *sym;

	/* Of several the one that begins last: it is the innermost. */
	for (sym = s->list; sym < s->list + s->n; sym++)
		if (address >= sym->address &&
		    address - sym->address < sym->size &&
		    (!best || sym->address > best->address))
			best = sym;
	if (best)
		*offset = address - best->address;
	return best ? best->name : NULL;
}

bool symbols_holds(const struct symbols *s, uint64_t first, uint64_t address,
		   uint64_t *bias)
{
	const Elf64_Phdr *load;

	*bias = first - (s->loads[0].p_vaddr & ~(PAGE - 1)) +
		(s->loads[0].p_offset & ~(PAGE - 1));
	for (load = s->loads; load < s->loads + s->loads_n; load++)
		if (address - *bias - load->p_vaddr < load->p_memsz)
			return true;
	return false;
}
