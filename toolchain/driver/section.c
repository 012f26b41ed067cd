// SPDX-License-Identifier: GPL-2.0
// section.c - sections and symbols of ELF files, by libelf.
#include <gelf.h>
#include <search.h>
#include <string.h>

#include "driver.h"

static Elf *open_elf(const struct blob *file)
{
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_memory(file->data, file->size);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		fail("the linker made no ELF file: see with -v what it ran");
	return elf;
}

static void note(struct sections *sections, const char *name,
		 const GElf_Shdr *header)
{
	struct section section = { name, header->sh_size,
				   header->sh_addralign };
	ENTRY *found;

	hsearch_r((ENTRY){ (char *)name, NULL }, ENTER, &found,
		  sections->index);
	if (!found)
		fail("out of memory: give this machine more, or end others");
	if (!found->data) {
		found->data = &sections->at[sections->n++];
	}
	*(struct section *)found->data = section;
}

void sections_read(struct sections *sections, const struct blob *file,
		   bool in_memory)
{
	Elf *elf = open_elf(file);
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	size_t names, count;

	if (elf_getshdrstrndx(elf, &names) || elf_getshdrnum(elf, &count))
		fail("an ELF file without names of sections: %s",
		     elf_errmsg(-1));
	*sections = (struct sections){ 0 };
	sections->at = grow(NULL, count + 1, sizeof(*sections->at));
	sections->index = grow(NULL, 1, sizeof(*sections->index));
	memset(sections->index, 0, sizeof(*sections->index));
	if (!hcreate_r(count * 2 + 1, sections->index))
		fail("out of memory: give this machine more, or end others");
	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &header))
			fail("a damaged ELF file: %s", elf_errmsg(-1));
		if (in_memory &&
		    ((header.sh_type != SHT_PROGBITS &&
		      header.sh_type != SHT_NOBITS) ||
		     !(header.sh_flags & SHF_ALLOC) || !header.sh_size))
			continue;
		note(sections, elf_strptr(elf, names, header.sh_name), &header);
	}
}

const struct section *section_find(const struct sections *sections,
				   const char *name)
{
	ENTRY *found;

	if (!hsearch_r((ENTRY){ (char *)name, NULL }, FIND, &found,
		       sections->index))
		return NULL;
	return found->data;
}

static size_t table_read(Elf *elf, Elf_Scn *scn, const GElf_Shdr *header,
			 struct symbol *symbols)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t i, n = 0;
	GElf_Sym raw;

	for (i = 0; i < header->sh_size / header->sh_entsize; i++) {
		if (!gelf_getsym(data, i, &raw))
			fail("a damaged ELF file: %s", elf_errmsg(-1));
		if (!raw.st_name)
			continue;
		symbols[n++] = (struct symbol){
			.name = elf_strptr(elf, header->sh_link, raw.st_name),
			.address = raw.st_value,
			.size = raw.st_size,
			.type = GELF_ST_TYPE(raw.st_info),
			.defined = raw.st_shndx != SHN_UNDEF,
		};
	}
	return n;
}

size_t symbols_read(const struct blob *file, struct symbol **symbols)
{
	Elf *elf = open_elf(file);
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &header))
			fail("a damaged ELF file: %s", elf_errmsg(-1));
		if (header.sh_type != SHT_SYMTAB || !header.sh_entsize)
			continue;
		*symbols = grow(NULL, header.sh_size / header.sh_entsize + 1,
				sizeof(**symbols));
		return table_read(elf, scn, &header, *symbols);
	}
	*symbols = NULL;
	return 0;
}
