# SPDX-License-Identifier: GPL-2.0
# Makefile - the front door: every target of Tombolo. The work is done by the
# components' own Makefiles and scripts; here is only what depends on what.

BOARD ?= a64-2x2
board_origin := $(origin BOARD)
CMD ?=
OVERLAY ?=
TIMEOUT ?= 120
DEBUG ?=
V ?=
# A kernel with all checkers is a build of its own, beside the usual one.
O ?= build$(if $(DEBUG),/debug)
override O := $(abspath $(O))
export BOARD DEBUG O V OVERLAY ISA
# Not to be expanded by make, nor handed down on command lines
export TOMBOLO_CMD := $(value CMD)
unexport CMD
MAKEOVERRIDES :=
# Who runs a board ends with us, even if nothing but we is killed.
export TOMBOLO_MAKES := $(sort $(TOMBOLO_MAKES) $(shell echo $$PPID))

boards := $(patsubst dts/soc/%.dts,%,$(wildcard dts/soc/*.dts))
ifeq ($(filter $(BOARD),$(boards)),)
$(error There is no board '$(BOARD)': use one of $(boards))
endif

# Said before anything is built: board-tests/lib/tombolo/hub.py has the list.
modes := coherent never random sanitize
ifneq ($(filter-out 1,$(words $(or $(MODE),coherent)))$(filter-out $(modes),$(MODE)),)
$(error There is no mode '$(MODE)': use one of $(modes))
endif

# board-tests/lib/tombolo/launch.py has the list.
cpus := cortex-a72 a64fx neoverse-v1 max
export CPU
ifneq ($(CPU),)
ifneq ($(filter-out 1,$(words $(CPU)))$(filter-out $(cpus),$(CPU)),)
$(error There is no CPU '$(CPU)': use one of $(cpus))
endif
ifeq ($(filter a64-%,$(BOARD)),)
$(error CPU=$(CPU) is for boards a64-*, which are one QEMU)
endif
ifneq ($(filter test test-all bench,$(MAKECMDGOALS)),)
$(error make test and bench choose the CPU themselves: make board-test takes CPU=)
endif
endif

ifneq ($(filter-out coherent,$(MODE)),)
ifneq ($(filter test test-all,$(MAKECMDGOALS)),)
$(error make test chooses the modes itself: make board-test takes MODE=)
endif
ifeq ($(filter nc-%,$(BOARD)),)
$(error MODE=$(MODE) is for boards nc-*: the caches of $(BOARD) are coherent)
endif
endif

targets := deps-% \
	$(shell sed -n 's/^\([a-z0-9-]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST)))
ifneq ($(filter-out $(targets),$(MAKECMDGOALS)),)
$(error There is no target '$(filter-out $(targets),$(MAKECMDGOALS))': see make help)
endif

MAKEFLAGS += --no-print-directory

# The other exit statuses of make exec than 2: see the C file
ifneq ($(filter exec,$(MAKECMDGOALS)),)
$(if $(TOMBOLO_CMD),,$(error Say what to run: make exec CMD='...'))
ifneq ($(and $(filter load,$(.FEATURES)),$(shell command -v gcc)),)
export TOMBOLO_STATUS := $(O)/exec-status.$(shell echo $$PPID)
-load $(O)/exit_status.so
$(O)/exit_status.so: boot/scripts/exit_status.c
	mkdir -p $(@D)
	gcc -O2 -Wall -shared -fPIC -o $@ $<
endif
endif
$(V).SILENT:

help: ## this list
	echo 'Tombolo: several kernels on one board. Targets:'
	sed -n 's/^\([a-z0-9-]*\):.*## /\1	/p' $(firstword $(MAKEFILE_LIST)) | \
		awk -F'\t' '{ printf "  make %-11s %s\n", $$1, $$2 }'
	echo 'Variables:'
	echo '  BOARD=$(BOARD)  one of: $(boards)'
	echo "  CMD='...' OVERLAY=dir TIMEOUT=$(TIMEOUT)  for make exec"
	echo '  MODE=never|random|sanitize SEED=1  caches of boards nc-*: default coherent'
	echo '  CPU=max  boards a64-* with SVE and pointer authentication; or'
	echo '      $(filter-out max,$(cpus))'
	echo '  DEBUG=1 a kernel with all checkers; V=1 show commands; O=build'
	echo '  TOMBOLO_CACHE=~/.cache/tombolo  what is built once is kept here'

run: disk ## install what is missing, build, boot, demonstrate
	board-tests/run --board $(BOARD)

# Without BOARD= all boards are tested; the first one most.
test_boards := $(if $(filter file,$(board_origin)),$(boards),$(BOARD))

test: test-disks deps-test ## the tests, forty minutes; the last line is the totals
	boot/scripts/run-tests $(test_boards)

test-all: test-disks deps-test ## the long ones too, hours
	boot/scripts/run-tests --all $(test_boards)

test-disks: deps
	for board in $(test_boards); do $(MAKE) disk BOARD=$$board || exit; done

check: deps-test ## the tests that need no board: styles, cores, harness
	boot/scripts/run-tests

shell: disk deps-shell ## the consoles of all kernels, for a person
	board-tests/shell --board $(BOARD)

exec: disk ## run CMD as root in kernel 0, with its exit status
	board-tests/exec --board $(BOARD) --timeout $(TIMEOUT) \
		$(if $(OVERLAY),--overlay "$$OVERLAY") $(if $(V),--verbose) \
		-- "$$TOMBOLO_CMD" || { s=$$?; [ -z "$$TOMBOLO_STATUS" ] || \
		! kill -0 $$PPID 2>/dev/null || \
		echo $$s >"$$TOMBOLO_STATUS"; exit $$s; }

board-test: disk ## the tests that run on the board
	board-tests/test --board $(BOARD)

kunit: disk ## the kernel modules' own tests, on the board
	board-tests/test --board $(BOARD) --suite kunit

soak: disk ## long tests: a thousand crashes
	board-tests/test --board $(BOARD) --soak

# All boards, unless one is named: they are compared, groups two by two.
bench_boards := $(if $(filter file,$(origin BOARD)),\
	$(filter-out nc-a64-rv64-a64,$(boards)),$(BOARD))
bench: deps-bench ## measure, on this machine and on the boards; QUICK=1
	$(MAKE) -C ipi-mailbox bench
	for board in $(bench_boards); do \
		$(MAKE) bench-board BOARD=$$board || exit; done

bench-board: disk
	$(if $(filter nc-%,$(BOARD)),board-tests/bench/noncoherent,\
		board-tests/bench/run $(if $(QUICK),--quick)) --board $(BOARD)

host-test: deps-test ## unit, property and simulated cache tests of the cores
	$(MAKE) -C ipi-mailbox check
	$(MAKE) -C dsm-noncc check

model: deps-test ## explore all interleavings of the core's small cases
	$(MAKE) -C ipi-mailbox model
	$(MAKE) -C dsm-noncc model

fuzz: deps-test ## let a fuzzer play a hostile peer
	$(MAKE) -C ipi-mailbox fuzz
	$(MAKE) -C dsm-noncc fuzz

mutate: deps-test ## show that all is needed and tested; or BOARD=nc-a64-a64
	$(MAKE) -C ipi-mailbox mutate
	$(if $(filter nc-%,$(BOARD)),,$(MAKE) -C dsm-noncc mutate)

toolchain: ## one program for every ISA: see toolchain/README.md
	$(MAKE) -C toolchain all

image: disk deps-image ## the board's disk to take away: .img.xz, .bmap, checksums
	boot/image/package

disk: rootfs u-boot dtbs hub other-isas $(if $(filter nc-%,$(BOARD)),plugin) ## all that a board needs
	boot/stub/build
	boot/image/build

# The kernels of other ISAs that the board has
other-isas: dtbs
	for isa in $$(boot/scripts/other-isas); do \
		$(MAKE) isa ISA=$$isa || exit; done

isa: deps-$(ISA)
	kernel-patches/scripts/build-kernel
	boot/scripts/build-modules
	$(MAKE) -s -C boot/tool O=$(O)/tool-$(ISA) CROSS_COMPILE=$(ISA)-linux-gnu-
	boot/rootfs/build-userland
	boot/rootfs/build

hub: deps ## what connects the machines of boards nc-*: build/hub
	$(MAKE) -s -C board-tests/hub O=$(O)/hub

plugin: deps-nc ## what takes coherence from boards nc-*: build/plugin
	$(MAKE) -s -C board-tests/plugin O=$(O)

kernel: deps ## build/linux
	kernel-patches/scripts/build-kernel

u-boot: deps ## build/u-boot
	boot/u-boot/build

modules: kernel ## our kernel modules: build/modules
	boot/scripts/build-modules

tool: deps ## tombolo, the program for kernel 0: build/tool
	$(MAKE) -s -C boot/tool O=$(O)/tool CROSS_COMPILE=aarch64-linux-gnu-
	$(MAKE) -s -C ssi O=$(O)/tool CROSS_COMPILE=aarch64-linux-gnu-

rootfs: modules tool ## the root file systems: build/rootfs
	boot/rootfs/build-userland
	boot/rootfs/build

dtbs: deps ## device trees and headers of BOARD: build/BOARD/gen
	$(MAKE) -s -C dts

deps: ## check for and install what building and running needs
	boot/scripts/deps run

# The tests of the plugin run both instruction sets
test test-all check: deps-nc deps-riscv64 deps-toolchain

deps-test deps-bench deps-shell deps-image deps-nc deps-riscv64 deps-toolchain: \
deps-%: deps
	boot/scripts/deps $*

clean: ## remove what was built here, keep the cache
	rm -rf $(O)

distclean: clean ## remove the cache too: everything is fetched again
	boot/scripts/distclean

.PHONY: help run test test-all test-disks check shell exec board-test kunit \
	toolchain \
	soak bench bench-board host-test model fuzz mutate image disk hub plugin kernel \
	u-boot modules tool rootfs dtbs deps deps-test deps-bench deps-shell \
	deps-image deps-nc deps-riscv64 deps-toolchain clean distclean other-isas isa
