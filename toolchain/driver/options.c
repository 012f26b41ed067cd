// SPDX-License-Identifier: GPL-2.0
// options.c - the command line of gcc and clang, as far as builds use it.
#include <stdlib.h>
#include <string.h>

#include "driver.h"

/* Options of the front end whose value is the next argument */
static const char *const with_value[] = {
	"-I",
	"-D",
	"-U",
	"-include",
	"-isystem",
	"-iquote",
	"-idirafter",
	"-imacros",
	"-Xclang",
	"-MF",
	"-MT",
	"-MQ",
	"-Xpreprocessor",
	"-isysroot",
	"--param",
	NULL,
};

/*
 * No meaning here: the code is the same everywhere, static, and not PIC.
 * A star stands for any rest.
 */
static const char *const ignored[] = {
	"-fPIC",
	"-fpic",
	"-fPIE",
	"-fpie",
	"-fno-pic",
	"-fno-PIC",
	"-fno-pie",
	"-fno-PIE",
	"-pie",
	"-no-pie",
	"-static",
	"-static-pie",
	"-pipe",
	"-fstack-protector*",
	"-fno-stack-protector",
	"-fcf-protection*",
	"-fstack-clash-protection",
	"-march=*",
	"-mtune=*",
	"-mcpu=*",
	"-m64",
	"-msse*",
	"-mfpmath=*",
	"-mavx*",
	"-rdynamic",
	"-fuse-ld=*",
	"-flto*",
	"-fno-lto",
	"-fvisibility=*",
	"-static-libgcc",
	"-fno-plt",
	"-fomit-frame-pointer",
	"-fno-omit-frame-pointer",
	"-fasynchronous-unwind-tables",
	"-fno-asynchronous-unwind-tables",
	"-funwind-tables",
	"-fno-unwind-tables",
	"-fcommon",
	"-pg",
	"-fsemantic-interposition",
	"-fno-semantic-interposition",
	"-Wa,*",
	"-ffp-contract",
	"-mno-*",
	"-frounding-math",
	NULL,
};

/* What would be silently wrong is refused, whatever value it has. */
static const struct {
	const char *name, *why;
} refused[] = {
	{ "-shared", "there are no shared objects: one executable holds all" },
	{ "-m32", "all ISAs are 64 bit" },
	{ "-fopenmp", "no OpenMP runtime" },
	{ "-fsanitize", "the sanitizers know one ISA at a time" },
	{ "-target", "a program is for every ISA" },
	{ "--target", "a program is for every ISA" },
	{ "-mabi", "there is one ABI, for all ISAs" },
	{ "-fsplit-stack", "the stack is already split in two" },
	{ "-coverage", "no coverage runtime" },
	{ "--coverage", "no coverage runtime" },
	{ "-fprofile-arcs", "no coverage runtime" },
	{ "-ftest-coverage", "no coverage runtime" },
	{ "-fprofile-generate", "no profiling runtime" },
	{ "-fprofile-instr-generate", "no profiling runtime" },
	{ "-fcoverage-mapping", "no coverage runtime" },
	{ "-finstrument-functions", "calls of that are not made" },
	{ "-funsigned-char", "char is signed on all ISAs, for musl too" },
	{ "-fno-signed-char", "char is signed on all ISAs, for musl too" },
};

static const struct {
	const char *name;
	enum mode mode;
} modes[] = {
	{ "-c", MODE_COMPILE },		  { "-E", MODE_PREPROCESS },
	{ "-S", MODE_ASSEMBLE },	  { "-M", MODE_PREPROCESS },
	{ "-fsyntax-only", MODE_SYNTAX }, { "-MM", MODE_PREPROCESS },
};

static const char *const link_value[] = { "-L", "-l", "-u", "-Xlinker",
					  "-T", "-z", NULL };
static const char *const link_plain[] = {
	"-s", "-nostdlib", "-nostartfiles", "-nodefaultlibs",
	"-r", "-i",	   "-Ur",	    "--relocatable",
	NULL
};

static bool in(const char *const *list, const char *arg)
{
	size_t length;

	for (; *list; list++) {
		length = strlen(*list);
		if ((*list)[length - 1] == '*' ?
			    !strncmp(arg, *list, length - 1) :
			    !strcmp(arg, *list))
			return true;
	}
	return false;
}

static void refuse(const char *arg)
{
	size_t length = strcspn(arg, "=");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		if (strlen(refused[i].name) == length &&
		    !strncmp(arg, refused[i].name, length))
			fail("%s: %s", arg, refused[i].why);
}

static char level_of(const char *value)
{
	if (!*value || !strcmp(value, "g"))
		return '1';
	return !value[1] && strchr("0123sz", *value) ? *value : '3';
}

static void add_link(struct request *request, const char *name, bool source)
{
	request->link = grow(request->link, request->nr_link + 1,
			     sizeof(*request->link));
	request->link[request->nr_link++] = (struct input){ name, source };
}

/* Options that only tombolo-cc knows */
static bool own(struct request *request, const char *arg)
{
	if (!strcmp(arg, "--libc-build"))
		request->libc = true;
	else if (!strcmp(arg, "--never-migrate"))
		request->leaf = true;
	else if (!strcmp(arg, "--isa-specific"))
		request->native = true;
	else if (!strcmp(arg, "-v"))
		request->verbose = true;
	else if (starts(arg, "--isas="))
		request->isas = arg + strlen("--isas=");
	else
		return false;
	return true;
}

static bool set_mode(struct request *request, const char *arg)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(arg, modes[i].name))
			continue;
		request->mode = modes[i].mode;
		if (arg[1] == 'M')
			add(&request->flags, arg);
		return true;
	}
	return false;
}

static void file(struct request *request, const char *arg)
{
	bool source = !strcmp(arg, "-") || ends(arg, ".c") || ends(arg, ".i") ||
		      (request->language && strcmp(request->language, "none"));

	if (ends(arg, ".cc") || ends(arg, ".cpp") || ends(arg, ".cxx") ||
	    ends(arg, ".C"))
		fail("%s: only C", arg);
	if (ends(arg, ".s") || ends(arg, ".S"))
		fail("%s: assembly is one ISA's: say it in C, or inline in a "
		     "source compiled with --isa-specific",
		     arg);
	if (source)
		add(&request->sources, arg);
	add_link(request, arg, source);
}

static void set_language(struct request *request, const char *name)
{
	if (strcmp(name, "c") && strcmp(name, "none") &&
	    strcmp(name, "cpp-output"))
		fail("-x %s: only C", name);
	request->language = name;
}

static const char *next(const char *const **rest)
{
	return **rest ? *(*rest)++ : "";
}

static void link_option(struct request *request, const char *arg,
			const char *const **rest)
{
	struct words parts = { 0 };
	size_t i;

	if (!strcmp(arg, "-L") || !strcmp(arg, "-l")) {
		add_link(request, text_of("%s%s", arg, next(rest)), false);
	} else if (in(link_value, arg)) {
		add_link(request, arg, false);
		add_link(request, next(rest), false);
	} else if (starts(arg, "-Wl,")) {
		split(&parts, arg + strlen("-Wl,"), ",");
		for (i = 0; i < parts.n; i++)
			add_link(request, parts.at[i], false);
	} else {
		add_link(request, arg, false);
	}
}

static void one(struct request *request, const char *arg,
		const char *const **rest)
{
	refuse(arg);
	if (set_mode(request, arg))
		return;
	if (starts(arg, "-o")) {
		request->output = arg[2] ? arg + 2 : next(rest);
	} else if (!strcmp(arg, "-x")) {
		set_language(request, next(rest));
	} else if (starts(arg, "-O")) {
		request->level = level_of(arg + 2);
	} else if (starts(arg, "-g")) {
		request->debug = strcmp(arg, "-g0");
		add(&request->flags, arg);
	} else if (!strcmp(arg, "-pthread") || !strcmp(arg, "-pthreads")) {
		add(&request->flags, "-D_REENTRANT");
	} else if (in(link_value, arg) || in(link_plain, arg) ||
		   starts(arg, "-L") || starts(arg, "-l") ||
		   starts(arg, "-T") || starts(arg, "-Wl,")) {
		link_option(request, arg, rest);
	} else if (in(with_value, arg)) {
		add(&request->flags, arg);
		add(&request->flags, next(rest));
	} else if (!in(ignored, arg)) {
		add(&request->flags, arg);
	}
}

void options_parse(struct request *request, const struct words *args)
{
	static const char *const none;
	const char *const *rest = args->at ? args->at : &none;
	const char *arg;

	*request = (struct request){ .level = '0' };
	while (*rest) {
		arg = *rest++;
		if (own(request, arg))
			continue;
		if (*arg != '-' || !arg[1])
			file(request, arg);
		else
			one(request, arg, &rest);
	}
	if (request->output && !*request->output)
		request->output = NULL;
}
