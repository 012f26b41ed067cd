// SPDX-License-Identifier: GPL-2.0
/*
 * native.c - sources that are compiled for each ISA, with --isa-specific: what
 * only assembly can say. Their object is one of the first ISA, for the linker's
 * rules and for archives, that carries those of the others, and a list of its
 * functions, in sections which no program has.
 */
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>

#include "driver.h"

#define TYPES ".tombolo.types"

static char *file_of(const char *kind, const struct isa *isa)
{
	return text_of("%s/native.%s.%s", work_folder(), isa->name, kind);
}

static struct words compiler(const struct request *request,
			     const struct isa *isa)
{
	struct words command = { 0 };

	add(&command, tool("clang"));
	add(&command, triple("--target=", isa));
	add_all(&command, isa->clang);
	add(&command, "-fno-pic");
	add(&command, text_of("-O%c", request->level));
	return command;
}

static void add_front(struct words *command, const struct request *request)
{
	struct words question = { 0 };

	add(&question, tool("clang"));
	add(&question, "-print-resource-dir");
	add_all(command, (const char *const[]){
				 "-fno-stack-protector", "-fsigned-char",
				 "-fno-asynchronous-unwind-tables",
				 "-D__tombolo__=1", "-nostdinc", "-idirafter",
				 sysroot("musl/include"), "-idirafter", NULL });
	add(command, text_of("%s/include", output_of(&question, false)));
	if (!request->debug)
		add(command, "-gline-tables-only");
	add_all(command, request->flags.at);
}

/* By way of IR, in which it is checked. What it defines comes back. */
static int compile_for(const struct request *request, const struct isa *isa,
		       const char *source, char **types)
{
	struct words command = compiler(request, isa), check = { 0 };
	const char *middle = file_of("bc", isa);
	int status;

	add_front(&command, request);
	add_all(&command, (const char *const[]){ "-emit-llvm", "-c", "-o",
						 middle, source, NULL });
	status = run(&command);
	if (status)
		return status;
	add(&check, tool("opt"));
	add(&check, text_of("-load-pass-plugin=%s", sysroot("tombolo.so")));
	add_all(&check,
		(const char *const[]){ "-passes=tombolo-native",
				       "-disable-output", middle, NULL });
	*types = output_of(&check, request->verbose);
	command = compiler(request, isa);
	add_all(&command, (const char *const[]){ "-c", "-o", file_of("o", isa),
						 middle, NULL });
	return run(&command);
}

int native_compile(const struct request *request, const char *source,
		   const char *output)
{
	const char *list = text_of("%s/native.types", work_folder());
	struct words command = { 0 };
	char *types[NR_ISAS];
	size_t i;
	int status;

	add(&command, tool("llvm-objcopy"));
	for (i = 0; i < NR_ISAS; i++) {
		status = compile_for(request, &isas[i], source, &types[i]);
		if (status)
			return status;
		if (strcmp(types[i], types[0]))
			fail("%s: what it defines differs between %s and %s",
			     source, isas[0].name, isas[i].name);
		if (i)
			add(&command,
			    text_of("--add-section=.tombolo.%s=%s",
				    isas[i].name, file_of("o", &isas[i])));
	}
	types[0] = text_of("%s\n", types[0]);
	file_write(list, types[0], strlen(types[0]), 0666);
	add(&command, text_of("--add-section=" TYPES "=%s", list));
	add(&command, file_of("o", &isas[0]));
	add(&command, output);
	return make(&command, output);
}

static void add_native(struct native *native, const char *path,
		       const char *work)
{
	const char *types = text_of("%s/native.types", work);
	struct words command;
	struct blob text;
	char *object;
	size_t i;

	for (i = 0; i < NR_ISAS; i++) {
		object = text_of("%s/native.%zu.%s.o", work,
				 native->objects[i].n, isas[i].name);
		command = (struct words){ 0 };
		add(&command, tool("llvm-objcopy"));
		if (i) {
			add(&command, text_of("--dump-section=.tombolo.%s=%s",
					      isas[i].name, object));
			add(&command, path);
			add(&command, "/dev/null");
		} else {
			add(&command,
			    text_of("--dump-section=" TYPES "=%s", types));
			add(&command, "--remove-section=.tombolo.*");
			add(&command, path);
			add(&command, object);
		}
		output_of(&command, false);
		add(&native->objects[i], object);
	}
	text = file_read(types);
	native->types = text_of("%s%s", native->types, text.data);
}

static bool is_elf(const struct blob *file)
{
	return file->size >= SELFMAG && !memcmp(file->data, ELFMAG, SELFMAG);
}

static bool is_native(const struct blob *file)
{
	struct sections sections;

	sections_read(&sections, file, false);
	return section_find(&sections, TYPES);
}

/* The contents of a member of an archive; empty if there is none of that name */
static struct blob member_of(const char *archive, const char *name)
{
	int fd = open(archive, O_RDONLY | O_CLOEXEC);
	struct blob found = { "", 0 };
	Elf *whole, *member;
	Elf_Arhdr *header;

	elf_version(EV_CURRENT);
	whole = elf_begin(fd, ELF_C_READ, NULL);
	while (whole && !found.size &&
	       (member = elf_begin(fd, ELF_C_READ, whole))) {
		header = elf_getarhdr(member);
		if (header && header->ar_name && !strcmp(header->ar_name, name))
			found.data = elf_rawfile(member, &found.size);
		elf_next(member);
		elf_end(member);
	}
	return found;
}

/* A file, or "archive(member)" as the linker names it */
static struct blob contents(const char *name)
{
	const char *bracket = strrchr(name, '(');

	if (!bracket || !ends(name, ")"))
		return file_read(name);
	return member_of(text_of("%.*s", (int)(bracket - name), name),
			 text_of("%.*s", (int)(strlen(bracket) - 2),
				 bracket + 1));
}

/* Our own libraries, of many members, have none: they are not looked at. */
void native_find(struct native *native, const char *trace, const char *work,
		 const char *builtins)
{
	const char *path = text_of("%s/native.o", work), *own = sysroot("");
	struct words names = { 0 };
	struct blob object;
	size_t i;

	*native = (struct native){ .types = "" };
	split(&names, trace, "\n");
	for (i = 0; i < names.n; i++) {
		if (starts(names.at[i], own) || starts(names.at[i], builtins))
			continue;
		object = contents(names.at[i]);
		if (!is_elf(&object))
			continue;
		if (!is_native(&object))
			fail("%s is machine code of one ISA: compile it with "
			     "tombolo-cc",
			     names.at[i]);
		file_write(path, object.data, object.size, 0666);
		add_native(native, path, work);
	}
}
