// SPDX-License-Identifier: GPL-2.0
// link.c - common IR to one executable that holds every ISA.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver.h"

/*
 * What each code generator is told. No fused multiply-add, no relaxation: the
 * results and the addresses must be the same everywhere.
 */
static const char *const generator[] = {
	"-O2",
	"-filetype=obj",
	"-function-sections",
	"-data-sections",
	"-relocation-model=static",
	"-fp-contract=off",
	"-enable-global-merge=false",
	NULL,
};

/* What programs name in -l and has its place in libc.a or is not needed */
static const char *const empty[] = { "m",     "c",    "rt",    "pthread",
				     "crypt", "util", "xnet",  "resolv",
				     "dl",    "gcc",  "gcc_s", "gcc_eh",
				     "atomic" };
/* Linker options that go with their value: they mean nothing here. */
static const char *const dropped[] = { "-z",
				       "-rpath",
				       "-soname",
				       "-h",
				       "-Map",
				       "-m",
				       "-R",
				       "-dynamic-linker",
				       "-rpath-link",
				       "--rpath",
				       "--Map",
				       "-plugin",
				       "--version-script",
				       "--dynamic-list" };
static const char *const impossible[] = { "-nostdlib", "-nostartfiles",
					  "-nodefaultlibs" };
/* One object of several; the rest is for a later link. */
static const char *const relocatable[] = { "-r", "-i", "-Ur", "--relocatable" };
/* What would be silently wrong, with any value */
static const char *const unheeded[] = {
	"--wrap", "-wrap", "-e",       "--entry",  "-entry",	     "-init",
	"-fini",  "-b",	   "--format", "--script", "--section-start"
};
static const char *const kept[] = { "-L",
				    "-l",
				    "-u",
				    "--undefined",
				    "--start-group",
				    "--end-group",
				    "--whole-archive",
				    "--no-whole-archive",
				    "--defsym",
				    "-(",
				    "-)" };

/**
 * struct link - one run of the link step
 * @work: folder of what is in between
 * @verbose: show the commands
 * @check: of -Wl,--check: frames are left by returning
 * @partial: of -r: not a program, but an object
 * @isas: those of the program
 * @nr: how many
 * @builtins: of each ISA, the compiler's own functions
 * @native: what was compiled for each ISA
 */
struct link {
	const char *work;
	bool verbose;
	bool check;
	bool partial;
	const struct isa *isas[NR_ISAS];
	size_t nr;
	const char *builtins[NR_ISAS];
	struct native native;
};

static bool among(const char *const *list, size_t n, const char *item)
{
	while (n--)
		if (!strcmp(list[n], item))
			return true;
	return false;
}

static bool wanted(const char *item)
{
	size_t i;

	if (*item != '-')
		return true;
	if (starts(item, "-l") && among(empty, ARRAY_SIZE(empty), item + 2))
		return false;
	for (i = 0; i < ARRAY_SIZE(kept); i++)
		if (starts(item, kept[i]))
			return true;
	return false;
}

static bool is_partial(const struct words *inputs)
{
	size_t i;

	for (i = 0; i < inputs->n; i++)
		if (among(relocatable, ARRAY_SIZE(relocatable), inputs->at[i]))
			return true;
	return false;
}

/* Leaves out what has no meaning for this link. */
static void add_inputs(struct link *link, struct words *command,
		       const struct words *inputs)
{
	const char *item;
	size_t i;

	for (i = 0; i < inputs->n; i++) {
		item = inputs->at[i];
		if (among(dropped, ARRAY_SIZE(dropped), item))
			i++;
		else if (!link->partial &&
			 among(impossible, ARRAY_SIZE(impossible), item))
			fail("%s: the start and the C library are part of "
			     "every program",
			     item);
		else if (starts(item, "-T") ||
			 among(unheeded, ARRAY_SIZE(unheeded),
			       text_of("%.*s", (int)strcspn(item, "="), item)))
			fail("%s: not heeded where all ISAs are linked as one",
			     item);
		else if (!strcmp(item, "--check"))
			link->check = true;
		else if (wanted(item))
			add(command, item);
	}
}

/*
 * The compiler's own functions: binary128 and __int128 arithmetic. Clang has those
 * of binary128 for x86_64 since release 17.
 */
static const char *builtins(struct link *link, const struct isa *isa)
{
	const char **path = &link->builtins[isa - isas];
	struct words command = { 0 };

	if (*path)
		return *path;
	if (strcmp(isa->name, "x86_64") || atoi(llvm_release()) < 17) {
		add(&command, text_of("%s-linux-gnu-gcc", isa->name));
	} else {
		add(&command, tool("clang"));
		add(&command, "--target=x86_64-linux-gnu");
		add(&command, "--rtlib=compiler-rt");
	}
	add(&command, "-print-libgcc-file-name");
	*path = output_of(&command, false);
	if (access(*path, F_OK))
		fail("%s is not installed (boot/scripts/deps toolchain "
		     "installs it)",
		     *path);
	return *path;
}

/* One module, by the linker's own rules for symbols and archives */
static char *join(struct link *link, const struct words *inputs)
{
	char *output = text_of("%s/all.bc", link->work);
	const char *own = builtins(link, isa_of("x86_64"));
	struct words command = { 0 };

	add(&command, tool("ld.lld"));
	add_all(&command,
		(const char *const[]){ "-m",
				       "elf_x86_64",
				       "-static",
				       "--fatal-warnings",
				       "--plugin-opt=emit-llvm",
				       "--lto-O0",
				       "--trace",
				       "-o",
				       output,
				       "-u",
				       "__tombolo_flag",
				       "-u",
				       "tombolo_start",
				       "--defsym=__tombolo_build=0",
				       "--defsym=__tombolo_eh_hdr=0",
				       "--defsym=__tombolo_may_start=0",
				       "--defsym=__tombolo_may_end=0",
				       "--defsym=__tombolo_data_start=0",
				       "--defsym=__tombolo_data_end=0",
				       sysroot("runtime/x86_64/entry.o"),
				       sysroot("runtime/start.o"),
				       NULL });
	add_inputs(link, &command, inputs);
	add_all(&command, (const char *const[]){
				  "--start-group", sysroot("musl/lib/libc.a"),
				  sysroot("runtime/x86_64/libruntime.a"), own,
				  "--end-group", NULL });
	native_find(&link->native, output_of(&command, link->verbose),
		    link->work, own);
	return output;
}

/* The same rules again, but nothing is missing yet. IR is position-independent. */
static void build_partial(struct link *link, const struct request *request,
			  const struct words *inputs)
{
	char *output = text_of("%s/all.o", link->work);
	const char *own = builtins(link, isa_of("x86_64"));
	struct words command = { 0 };
	struct blob object;

	add(&command, tool("ld.lld"));
	add_all(&command, (const char *const[]){
				  "-m", "elf_x86_64", "-r", "--fatal-warnings",
				  "--plugin-opt=emit-llvm", "--lto-O0",
				  "--trace", "-o", output, NULL });
	add_inputs(link, &command, inputs);
	native_find(&link->native, output_of(&command, link->verbose),
		    link->work, own);
	if (link->native.objects[0].n)
		fail("-r: what was compiled with --isa-specific cannot become a "
		     "part of another object");
	object = file_read(output);
	file_write(request->output ? request->output : "a.out", object.data,
		   object.size, 0666);
}

static char *transform(struct link *link, const char *module, bool debug,
		       const char *report)
{
	char *output = text_of("%s/linked.bc", link->work);
	char *types = text_of("%s/types", link->work);
	char *plugin = sysroot("tombolo.so");
	struct words command = { 0 };

	add(&command, tool("opt"));
	add(&command, text_of("-load=%s", plugin));
	add(&command, text_of("-load-pass-plugin=%s", plugin));
	add(&command, "-mtriple=" COMMON_TRIPLE);
	add(&command, "-data-layout=" COMMON_LAYOUT);
	add(&command, "-passes=globaldce,tombolo-link,globaldce");
	add(&command, text_of("-tombolo-debug=%d", debug));
	add(&command, text_of("-tombolo-check=%d", link->check));
	add(&command, text_of("-tombolo-report=%s", report));
	if (*link->native.types) {
		file_write(types, link->native.types,
			   strlen(link->native.types), 0666);
		add(&command, text_of("-tombolo-native=%s", types));
	}
	add_all(&command, (const char *const[]){ module, "-o", output, NULL });
	output_of(&command, link->verbose);
	return output;
}

/* All commands at the same time; fails if one does. */
static void together(const struct link *link, const struct words *commands)
{
	struct job jobs[NR_ISAS];
	size_t i;

	for (i = 0; i < link->nr; i++)
		job_start(&jobs[i], &commands[i], link->verbose);
	for (i = 0; i < link->nr; i++)
		job_end(&jobs[i]);
}

static char *file_of(const struct link *link, const char *kind, size_t number,
		     const char *suffix)
{
	return text_of("%s/%s.%s%s", link->work, kind, link->isas[number]->name,
		       suffix);
}

static void generate(const struct link *link, const char *module)
{
	struct words commands[NR_ISAS] = { 0 };
	size_t i;

	for (i = 0; i < link->nr; i++) {
		add(&commands[i], tool("llc"));
		add_all(&commands[i], generator);
		add(&commands[i], triple("-mtriple=", link->isas[i]));
		add_all(&commands[i], link->isas[i]->llc);
		add(&commands[i], module);
		add(&commands[i], "-o");
		add(&commands[i], file_of(link, "program", i, ".o"));
	}
	together(link, commands);
}

static struct words finish(struct link *link, size_t number, const char *script)
{
	const struct isa *isa = link->isas[number];
	char *runtime = sysroot(text_of("runtime/%s", isa->name));
	struct words command = { 0 };

	add(&command, tool("ld.lld"));
	add_all(&command,
		(const char *const[]){
			"-m", isa->emulation, "-static", "--no-relax",
			"--gc-sections", "--eh-frame-hdr", "-z", "norelro",
			"-z", "max-page-size=4096", "--orphan-handling=error",
			"--defsym=__vdsosym=0", "-T", script, "-o",
			file_of(link, "image", number, ""),
			text_of("%s/entry.o", runtime),
			file_of(link, "program", number, ".o"), NULL });
	add_all(&command, link->native.objects[isa - isas].at);
	add_all(&command,
		(const char *const[]){
			"--start-group", text_of("%s/libruntime.a", runtime),
			builtins(link, isa), "--end-group", NULL });
	return command;
}

static void read_each(const struct link *link, const char *kind,
		      const char *suffix, struct blob *blobs)
{
	size_t i;

	for (i = 0; i < link->nr; i++)
		blobs[i] = file_read(file_of(link, kind, i, suffix));
}

static void build(struct link *link, const struct request *request,
		  const struct words *inputs)
{
	char *script = text_of("%s/program.lds", link->work);
	char *report = text_of("%s/report.txt", link->work);
	struct words commands[NR_ISAS];
	struct blob blobs[NR_ISAS];
	struct blob linked;
	struct layout layout;
	char *module;
	size_t i;

	module = join(link, inputs);
	module = transform(link, module, request->debug, report);
	generate(link, module);
	read_each(link, "program", ".o", blobs);
	layout_make(&layout, link->isas, link->nr, blobs);
	linked = file_read(module);
	script_write(&layout, digest(&linked, 1) >> 1, script);
	for (i = 0; i < link->nr; i++)
		commands[i] = finish(link, i, script);
	together(link, commands);
	read_each(link, "image", "", blobs);
	layout_check(&layout, blobs);
	image_write(request->output ? request->output : "a.out", &layout, blobs,
		    file_read(report));
}

static void choose_isas(struct link *link, const char *names)
{
	struct words list = { 0 };
	const struct isa *isa;
	size_t i, j;

	split(&list, names ? names : "", ",");
	for (i = 0; !list.n && i < NR_ISAS; i++)
		link->isas[link->nr++] = &isas[i];
	for (i = 0; i < list.n; i++) {
		isa = isa_of(list.at[i]);
		if (!isa)
			fail("no such ISA: %s", list.at[i]);
		for (j = 0; j < link->nr && link->isas[j] != isa; j++)
			;
		if (j == link->nr)
			link->isas[link->nr++] = isa;
	}
}

void link_program(const struct request *request, const struct words *inputs)
{
	const char *keep = getenv("TOMBOLO_KEEP");
	struct link link = { .verbose = request->verbose };

	speaker = "tombolo-ld";
	choose_isas(&link, request->isas);
	link.work = keep && *keep ? keep : work_folder();
	if (mkdir(link.work, 0777) && errno != EEXIST)
		fail("cannot make the folder %s: %s", link.work,
		     strerror(errno));
	link.partial = is_partial(inputs);
	(link.partial ? build_partial : build)(&link, request, inputs);
}
