// SPDX-License-Identifier: GPL-2.0
// script.c - the linker script that gives each ISA the common addresses.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "driver.h"

static const char *const no_memory[] = {
	".debug_abbrev",      ".debug_info",	 ".debug_rnglists",
	".debug_str_offsets", ".debug_str",	 ".debug_addr",
	".debug_line",	      ".debug_line_str", ".debug_loclists",
	".debug_aranges",     ".debug_frame",	 ".debug_ranges",
	".debug_loc",	      ".symtab",	 ".strtab",
	".shstrtab",
};

static const char head[] =
	"ENTRY(_start)\n"
	"PHDRS {\n"
	"  h PT_LOAD FLAGS(4) FILEHDR PHDRS;\n"
	"  t PT_LOAD FLAGS(5); p PT_LOAD FLAGS(5);\n"
	"  r PT_LOAD FLAGS(4); d PT_LOAD FLAGS(6);\n"
	"  q PT_LOAD FLAGS(6); tls PT_TLS; eh PT_GNU_EH_FRAME FLAGS(4);\n"
	"  stack PT_GNU_STACK FLAGS(6);\n"
	"}\n"
	"SECTIONS {\n"
	"  . = 0x300000 + SIZEOF_HEADERS;\n"
	"  .eh_frame_hdr : { __tombolo_eh_hdr = .; *(.eh_frame_hdr) } :h :eh\n"
	"  .eh_frame : { *(.eh_frame .eh_frame.*) } :h\n"
	"  .gcc_except_table : { *(.gcc_except_table*) } :h\n";

/* What each ISA has for itself, behind the common data */
static const char private[] =
	"  .tdata : { *(.tdata .tdata.*) } :q :tls\n"
	"  .tbss : { *(.tbss .tbss.*) } :q :tls\n"
	"  .data.private : { *(.rodata .rodata.* .srodata*) "
	"*(.data .data.* .sdata .sdata.*) *(.got .got.*) } :q\n"
	"  __global_pointer$ = . + 0x800;\n"
	"  __init_array_start = .; __init_array_end = .;\n"
	"  __fini_array_start = .; __fini_array_end = .;\n"
	"  .bss.private : { *(.bss .bss.* .sbss .sbss.*) } :q\n";

static const char tail[] =
	"  /DISCARD/ : { *(.comment) *(.note.*) *(.riscv.attributes) "
	"*(.llvm_addrsig) *(.llvmbc) *(.llvmcmd) }\n"
	"}\n";

static void put(FILE *file, const struct slots *slots)
{
	size_t i;

	for (i = 0; i < slots->n; i++)
		fprintf(file, "    . = %#" PRIx64 "; KEEP(*(%s))\n",
			slots->at[i].address, slots->at[i].section);
}

static void put_custom(FILE *file, const struct slots *slots)
{
	const struct slot *slot;
	size_t i;

	for (i = 0; i < slots->n; i++) {
		slot = &slots->at[i];
		fprintf(file, "    . = %#" PRIx64 "; __start_%s = .;\n",
			slot->address, slot->section);
		fprintf(file, "    KEEP(*(%s))\n", slot->section);
		fprintf(file, "    __stop_%s = %#" PRIx64 ";\n", slot->section,
			slot->address + slot->size);
	}
}

static void put_text(FILE *file, const struct layout *layout)
{
	fprintf(file, "  .text %#llx : {\n    __tombolo_may_start = .;\n",
		TEXT_START);
	put(file, &layout->may);
	fprintf(file, "    . = %#" PRIx64 "; __tombolo_may_end = .;\n",
		layout->may_end);
	put(file, &layout->never);
	fprintf(file,
		"  } :t\n"
		"  .text.private %#llx : { *(.text .text.*) } :p\n",
		PRIVATE_TEXT);
}

/* The common constants must be taken before the private rest is. */
static void put_data(FILE *file, const struct layout *layout)
{
	fprintf(file, "  .rodata %#llx : {\n", DATA_START);
	put(file, &layout->read_only);
	fprintf(file,
		"  } :r\n"
		"  .data %#" PRIx64 " : {\n"
		"    __tombolo_data_start = .;\n",
		layout->data_start);
	put_custom(file, &layout->custom);
	put(file, &layout->data);
	put(file, &layout->zero);
	fprintf(file,
		"    . = %#" PRIx64 "; __tombolo_data_end = .;\n"
		"  } :d\n"
		"  . = %#llx;\n",
		layout->data_end, PRIVATE_DATA);
}

void script_write(const struct layout *layout, uint64_t build, const char *path)
{
	FILE *file = fopen(path, "w");
	size_t i;

	if (!file)
		fail("cannot write %s: %s", path, strerror(errno));
	fputs(head, file);
	fprintf(file,
		"  .tombolo.build : { __tombolo_build = .; "
		"QUAD(%#" PRIx64 ") } :h\n",
		build);
	put_text(file, layout);
	put_data(file, layout);
	fputs(private, file);
	for (i = 0; i < ARRAY_SIZE(no_memory); i++)
		fprintf(file, "  %s 0 : { *(%s) }\n", no_memory[i],
			no_memory[i]);
	fputs(tail, file);
	if (fclose(file))
		fail("cannot write %s: %s", path, strerror(errno));
}
