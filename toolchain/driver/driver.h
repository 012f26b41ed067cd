/* SPDX-License-Identifier: GPL-2.0 */
/* driver.h - what the commands of the toolchain share. */
#ifndef DRIVER_H
#define DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Every command does one thing and ends: what is allocated here lives until
 * then, nothing is freed. Whatever fails says so in a sentence and exits with
 * status 1; what is in the temporary folder goes at any exit(), and so does an
 * output that is not complete.
 */

#define NR_ISAS	      3
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/**
 * struct words - a list of strings; @at[@n] is always NULL, for execv()
 * @at: the strings
 * @n: how many
 * @room: for how many there is memory
 */
struct words {
	const char **at;
	size_t n;
	size_t room;
};

/**
 * struct blob - the contents of a file
 * @data: @size bytes and one zero byte more
 * @size: without that zero byte
 */
struct blob {
	char *data;
	size_t size;
};

/**
 * struct isa - one the programs are built for
 * @name: as the kernel has it, and the first part of the triple
 * @emulation: the linker's name for it
 * @clang: options of the assembler, up to NULL
 * @llc: options of the code generator, up to NULL
 */
struct isa {
	const char *name;
	const char *emulation;
	const char *const *clang;
	const char *const *llc;
};

extern const struct isa isas[NR_ISAS];

/** COMMON_TRIPLE - the optimiser works for this one: vectors of 128 bits */
#define COMMON_TRIPLE "x86_64-unknown-linux-musl"
/** COMMON_LAYOUT - its data layout, which the other two share */
#define COMMON_LAYOUT                                             \
	"e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-" \
	"f80:128-n8:16:32:64-S128"

/** enum mode - what a call of tombolo-cc is to do */
enum mode {
	MODE_LINK,
	MODE_COMPILE,
	MODE_PREPROCESS,
	MODE_ASSEMBLE,
	MODE_SYNTAX,
};

/**
 * struct input - what the command line gives to the link, in its order
 * @name: a file, or an option of the linker
 * @source: @name is a source file, to be compiled first
 */
struct input {
	const char *name;
	bool source;
};

/**
 * struct request - a command line of gcc or clang, understood
 * @mode: what to do
 * @output: of -o, or NULL
 * @level: of -O: one of 0 1 2 3 s z
 * @debug: -g was given
 * @libc: this is the C library's own build
 * @verbose: -v: show the commands
 * @leaf: nothing in these sources migrates
 * @native: these sources are compiled for each ISA, by its own rules
 * @isas: of --isas=, or NULL
 * @language: of -x, or NULL
 * @flags: options of the front end
 * @sources: files to compile
 * @link: files and options to link, sources among them
 * @nr_link: how many
 */
struct request {
	enum mode mode;
	const char *output;
	char level;
	bool debug;
	bool libc;
	bool verbose;
	bool leaf;
	bool native;
	const char *isas;
	const char *language;
	struct words flags;
	struct words sources;
	struct input *link;
	size_t nr_link;
};

/**
 * struct section - of an object file or an image
 * @name: its name
 * @size: bytes in memory
 * @align: in bytes
 */
struct section {
	const char *name;
	uint64_t size;
	uint64_t align;
};

/**
 * struct sections - those of one file, in its order
 * @at: the sections, each name once
 * @n: how many
 * @index: finds them by their name
 */
struct sections {
	struct section *at;
	size_t n;
	struct hsearch_data *index;
};

/**
 * struct symbol - a named symbol of an image
 * @name: its name
 * @address: its value
 * @size: in bytes
 * @type: STT_...
 * @defined: it lies in a section of this file
 */
struct symbol {
	const char *name;
	uint64_t address;
	uint64_t size;
	unsigned int type;
	bool defined;
};

/**
 * struct slot - the place of a section, the same on every ISA
 * @section: its name
 * @address: where it begins
 * @size: the largest that it has on any ISA
 */
struct slot {
	const char *section;
	uint64_t address;
	uint64_t size;
};

/**
 * struct slots - places of one kind, by rising address
 * @at: the places
 * @n: how many
 */
struct slots {
	struct slot *at;
	size_t n;
};

/**
 * struct layout - one address for each function and object of a program
 * @isas: the ISAs it is for
 * @nr: how many
 * @each: the sections of each ISA's object file
 * @may: functions on whose frames a migration may find a thread
 * @never: all others
 * @read_only: constants
 * @custom: sections that have the name of an identifier, writable
 * @data: variables
 * @zero: variables that are zero at the start
 * @may_end: behind the last of @may
 * @data_start: first address of what is writable
 * @data_end: behind the last of it, the end of a page
 */
struct layout {
	const struct isa **isas;
	size_t nr;
	struct sections each[NR_ISAS];
	struct slots may, never, read_only, custom, data, zero;
	uint64_t may_end;
	uint64_t data_start;
	uint64_t data_end;
};

/* The areas of the address space; what is private is each ISA's own. */
#define TEXT_START   0x400000ull
#define PRIVATE_TEXT 0x5000000ull
#define DATA_START   0x10000000ull
#define PRIVATE_DATA 0x48000000ull

/**
 * struct part - of a program: the image of an ISA, or a text about it
 * @name: up to 16 characters
 * @content: what it holds
 */
struct part {
	char name[17];
	struct blob content;
};

/** MAX_PARTS - an image for each ISA, "report" and "sizes", and as many more */
#define MAX_PARTS 16

/**
 * struct program - the parts of an executable file
 * @parts: in the order of the file, the images first
 * @n: how many
 */
struct program {
	struct part parts[MAX_PARTS];
	size_t n;
};

/* words.c */

/** add() - append @word, which must stay as it is */
void add(struct words *words, const char *word);

/** add_all() - append the strings of @list up to its NULL */
void add_all(struct words *words, const char *const *list);

/** has() - is one of the words equal to @word? */
bool has(const struct words *words, const char *word);

/** split() - append the parts of @text between characters of @separators */
void split(struct words *words, const char *text, const char *separators);

/** text_of() - a new string, as printf() would print it */
char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** starts() - does @text begin with @prefix? */
bool starts(const char *text, const char *prefix);

/** ends() - does @text end with @suffix? */
bool ends(const char *text, const char *suffix);

/** grow() - realloc() that does not return NULL; @n members of @size bytes */
void *grow(void *old, size_t n, size_t size);

/** speaker - the command in whose name fail() speaks */
extern const char *speaker;

/** fail() - print "SPEAKER: error: ..." and exit with status 1 */
void fail(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* file.c */

/** file_read() - the whole of a file; fails if it cannot be read */
struct blob file_read(const char *path);

/** file_write() - make or replace a file; fails if it cannot be written */
void file_write(const char *path, const void *data, size_t size,
		unsigned int mode);

/** base_name() - what follows the last slash */
const char *base_name(const char *path);

/** with_suffix() - @path with the suffix of its last part replaced or added */
char *with_suffix(const char *path, const char *suffix);

/** digest() - the first 64 bits of the SHA-256 of @n blobs in a row */
uint64_t digest(const struct blob *blobs, size_t n);

/* ending.c */

/** work_folder() - a temporary folder, the same at each call, gone at exit */
const char *work_folder(void);

/** unfinished() - @path, if it is a file, goes at any exit() from now on ... */
void unfinished(const char *path);

/** finished() - ... and stays, as it is complete */
void finished(const char *path);

/** end_by_signals() - those that ask to end lead to an exit(), too */
void end_by_signals(void);

/** stop_if_asked() - is where they do: to be called now and then */
void stop_if_asked(void);

/** tool_begins() - a child, which is to end before we do */
void tool_begins(pid_t pid);

/** tool_has_ended() - it was waited for */
void tool_has_ended(pid_t pid);

/* process.c */

/**
 * struct job - a process whose output is kept until it has ended
 * @pid: the process
 * @output: file descriptor of what it prints
 * @messages: the same of its standard error
 * @name: its program
 */
struct job {
	int pid;
	int output;
	int messages;
	const char *name;
};

/** job_start() - start @command; @verbose prints it to standard error first */
void job_start(struct job *job, const struct words *command, bool verbose);

/** job_end() - what it printed, without the blanks at its ends; fails as it,
 * with its messages, which are passed on if it does not */
char *job_end(struct job *job);

/** output_of() - job_start() and job_end() */
char *output_of(const struct words *command, bool verbose);

/** run() - run @command on our own terminal; its status, or minus its signal */
int run(const struct words *command);

/** make() - the same, of a @command whose output is the file @output */
int make(const struct words *command, const char *output);

/* place.c */

/** place_init() - to be called first, with argv[0]: the commands lie in bin/ */
void place_init(const char *self);

/** sysroot() - the path of NAME in what toolchain/build has made */
char *sysroot(const char *name);

/** cache_folder() - where things stay between two runs */
char *cache_folder(void);

/** llvm_release() - the number of LLVM's release that is used */
const char *llvm_release(void);

/** tool() - path of an LLVM tool of the chosen version; fails if not there */
const char *tool(const char *name);

/** which() - where @name is in the colon-separated @path, or NULL */
char *which(const char *name, const char *path);

/** isa_of() - an ISA by its name, or NULL */
const struct isa *isa_of(const char *name);

/** triple() - "--target=" or "-mtriple=" and the triple of an ISA */
char *triple(const char *option, const struct isa *isa);

/* options.c, compile.c, link.c */

/** options_parse() - fails if an option is refused */
void options_parse(struct request *request, const struct words *args);

/** front_command() - the first half of clang's command line, in any mode */
struct words front_command(bool libc);

/** compile_file() - a source to common IR; 0, or the status of what failed */
int compile_file(const struct request *request, const char *source,
		 const char *output);

/** native_compile() - a source to an object that has one of each ISA in it */
int native_compile(const struct request *request, const char *source,
		   const char *output);

/**
 * struct native - what a program has that was compiled for each ISA
 * @objects: of each ISA
 * @types: the functions, a line each
 */
struct native {
	struct words objects[NR_ISAS];
	char *types;
};

/**
 * native_find() - among the files that the linker used, by its @trace
 *
 * Fails if one is machine code and neither such an object nor ours, @builtins
 * among them.
 */
void native_find(struct native *native, const char *trace, const char *work,
		 const char *builtins);

/** link_program() - objects and archives to an executable for all the ISAs */
void link_program(const struct request *request, const struct words *inputs);

/* section.c, layout.c, script.c */

/** sections_read() - all, or only those that @in_memory take any place */
void sections_read(struct sections *sections, const struct blob *file,
		   bool in_memory);

/** section_find() - by its name, or NULL */
const struct section *section_find(const struct sections *sections,
				   const char *name);

/** symbols_read() - the named symbols of @file; returns how many */
size_t symbols_read(const struct blob *file, struct symbol **symbols);

/** layout_make() - from the object of each ISA; fails if one differs */
void layout_make(struct layout *layout, const struct isa **isas, size_t nr,
		 const struct blob *objects);

/** layout_check() - fails if a common symbol has two addresses */
void layout_check(const struct layout *layout, const struct blob *images);

/**
 * script_write() - the layout for ld.lld, the same text for every ISA
 *
 * By the number @build an image knows that another one is of the same program.
 */
void script_write(const struct layout *layout, uint64_t build,
		  const char *path);

/* register.c */

/** register_programs() - with the kernel; fails if it does not take them */
void register_programs(void);

/** unregister_programs() - undo it; nothing happens if they are not there */
void unregister_programs(void);

/* image.c, unpack.c */

/** MARK - in the padding of a program's e_ident */
#define MARK "tombolo"

/** image_write() - the executable file: all images, the report, the sizes */
void image_write(const char *path, const struct layout *layout,
		 struct blob *images, struct blob report);

/** image_read() - take a program apart; fails if it is not one of ours */
void image_read(struct program *program, const char *path);

/** part_find() - the contents of a part, or NULL */
const struct blob *part_find(const struct program *program, const char *name);

/** unpack() - images as files in the cache; what their paths begin with */
char *unpack(const struct program *program);

/** emulator() - path of what runs an ISA here, NULL if the machine does */
char *emulator(const char *isa);

#endif
