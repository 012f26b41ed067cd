// SPDX-License-Identifier: GPL-2.0
// compile.c - one source file to one object file of common IR.
#include <string.h>

#include "driver.h"

/* The front end's ABI: its types are the generic ones of 64-bit Linux. */
static const char *const front[] = {
	"--target=riscv64-linux-musl",
	"-march=rv64gc",
	"-mabi=lp64d",
	"-fsigned-char",
	"-fno-pic",
	"-fno-stack-protector",
	"-msmall-data-limit=0",
	"-ffp-contract=off",
	"-fno-common",
	"-fno-asynchronous-unwind-tables",
	"-gno-column-info",
	"-D__tombolo__=1",
	/* A source must not take any ISA for the one it is compiled for. */
	"-U__riscv",
	"-U__riscv_a",
	"-U__riscv_arch_test",
	"-U__riscv_atomic",
	"-U__riscv_c",
	"-U__riscv_cmodel_medlow",
	"-U__riscv_compressed",
	"-U__riscv_d",
	"-U__riscv_div",
	"-U__riscv_f",
	"-U__riscv_fdiv",
	"-U__riscv_flen",
	"-U__riscv_float_abi_double",
	"-U__riscv_fsqrt",
	"-U__riscv_i",
	"-U__riscv_m",
	"-U__riscv_misaligned_avoid",
	"-U__riscv_mul",
	"-U__riscv_muldiv",
	"-U__riscv_xlen",
	"-U__riscv_zicsr",
	"-U__riscv_zifencei",
	"-U__riscv_zmmul",
	NULL,
};

struct words front_command(bool libc)
{
	struct words command = { 0 }, question = { 0 };

	add(&command, tool("clang"));
	add_all(&command, front);
	if (libc)
		return command;
	add(&question, tool("clang"));
	add(&question, "-print-resource-dir");
	add(&command, "-nostdinc");
	add(&command, "-idirafter");
	add(&command, sysroot("musl/include"));
	add(&command, "-idirafter");
	add(&command, text_of("%s/include", output_of(&question, false)));
	return command;
}

/* Nearly all of the C library never migrates; musl/may-migrate says what. */
static bool is_leaf(const struct request *request, const char *source)
{
	struct words may = { 0 };
	char *name;

	if (!request->libc)
		return request->leaf;
	split(&may, file_read(sysroot("bin/may-migrate")).data, "\n");
	if (starts(source, "src/"))
		source += strlen("src/");
	name = text_of("%s", source);
	if (ends(name, ".c"))
		name[strlen(name) - 2] = 0;
	return !has(&may, name);
}

static int front_end(const struct request *request, const char *source,
		     const char *output, const char *middle)
{
	struct words command = front_command(request->libc);
	const struct words *flags = &request->flags;

	add_all(&command, flags->at);
	if (request->language) {
		add(&command, "-x");
		add(&command, request->language);
	}
	if (has(flags, "-MD") || has(flags, "-MMD")) {
		if (!has(flags, "-MF")) {
			add(&command, "-MF");
			add(&command, with_suffix(output, ".d"));
		}
		if (!has(flags, "-MT") && !has(flags, "-MQ")) {
			add(&command, "-MT");
			add(&command, output);
		}
	}
	add(&command, text_of("-O%c", request->level));
	if (request->level == '0') {
		add(&command, "-Xclang");
		add(&command, "-disable-O0-optnone");
	}
	/* Lines are needed to say where something can't be carried. */
	if (!request->debug && !request->libc)
		add(&command, "-gline-tables-only");
	add_all(&command,
		(const char *const[]){ "-Xclang", "-disable-llvm-passes",
				       "-emit-llvm", "-c", "-o", middle, source,
				       NULL });
	return run(&command);
}

static int optimise(const char *middle, const char *output, char level,
		    bool leaf)
{
	struct words command = { 0 };
	char *plugin = sysroot("tombolo.so");

	add(&command, tool("opt"));
	if (leaf) {
		add(&command, text_of("-load=%s", plugin));
		add(&command, "-tombolo-leaf");
	}
	add(&command, "-mtriple=" COMMON_TRIPLE);
	add(&command, "-mcpu=x86-64");
	add(&command, "-data-layout=" COMMON_LAYOUT);
	add(&command, text_of("-load-pass-plugin=%s", plugin));
	add(&command,
	    text_of("-passes=tombolo-neutral,default<O%c>,tombolo-lower",
		    level));
	add_all(&command, (const char *const[]){ middle, "-o", output, NULL });
	return make(&command, output);
}

int compile_file(const struct request *request, const char *source,
		 const char *output)
{
	char *middle = text_of("%s/source.bc", work_folder());
	int status;

	if (request->native)
		return native_compile(request, source, output);
	status = front_end(request, source, output, middle);
	if (status)
		return status;
	return optimise(middle, output, request->level,
			is_leaf(request, source));
}
