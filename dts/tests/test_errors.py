# SPDX-License-Identifier: GPL-2.0
"""Wrong descriptions: each gets a clear error naming both sides and the
place. A case edits a board, a64-2x2 unless the file belongs to another one, and
says which words must appear.
"""

import os
import re
import shutil

import source
from boards import DTS, generate

BOARD = "a64-2x2.dts"
COMMON = "a64-common.dtsi"
QEMU = "qemu-virt-a64.dtsi"
NC = "nc-a64-a64.dts"
RV = "nc-a64-rv64.dts"
BOARD_OF = {NC: NC, RV: RV, "nc-common.dtsi": NC,
            "qemu-virt-a64-pci.dtsi": NC, "qemu-virt-rv64.dtsi": RV}

SPARE = """		spare@bee40000 {
			reg = <0x0 0xbee40000 0x0 0x001c0000>;
		};
"""

# A second machine with a kernel of its own: all that is wrong with it is that
# the doorbell does not reach it.
MACHINE1 = """
/ {
	machines {
		virt1: machine@1 {
			reg = <1>;
			#address-cells = <1>;
			#size-cells = <0>;
			psci-method = "hvc";
			dram = <0x0 0xc0000000 0x0 0x40000000>;
			qemu {
				binary = "qemu-system-aarch64";
				machine = "virt";
				min-version = "9.1";
			};
			cores@0 {
				reg = <0>;
				isa = "arm64";
				compatible = "arm,cortex-a53";
				qemu-cpu = "cortex-a53";
				cpus = <0x0 0x0>;
				d-cache-line-size = <64>;
			};
			soc {
				#address-cells = <2>;
				#size-cells = <2>;
				uart2: serial@9000000 {
					compatible = "arm,pl011";
					reg = <0x0 0x09000000 0x0 0x1000>;
					tombolo,owner = <2>;
				};
			};
		};
	};
	memory-map {
		ram@c0000000 {
			reg = <0x0 0xc0000000 0x0 0x3fe00000>;
			owner = <2>;
		};
		boot-block@ffe00000 {
			reg = <0x0 0xffe00000 0x0 0x00040000>;
			owner = <2>;
		};
		spare@ffe40000 {
			reg = <0x0 0xffe40000 0x0 0x001c0000>;
		};
	};
	kernels {
		kernel@2 {
			reg = <2>;
			machine = <&virt1>;
			cpus = <0x0 0x0>;
			console = <&uart2>;
			load-image = <0x0 0xc0000000>;
			load-dtb = <0x0 0xc8000000>;
			load-initrd = <0x0 0xc9000000>;
		};
	};
	mailbox {
		pool = <16 0x10000>;
	};
};
"""
SLOTS = "&virtio {"

# name, file, old text, new text, patterns the output must match
CASES = [
    ("overlap_of_two_kernels_memory", BOARD,
     "0x40000000 0x0 0x40000000>", "0x40000000 0x0 0x40200000>",
     [r"ram of kernel 1 0x80000000-0xbedfffff \(.*a64-2x2.dts:\d+\) overlaps "
      r"ram of kernel 0 0x40000000-0x801fffff \(.*a64-2x2.dts:\d+\)"]),
    ("overlap_of_memory_and_mailbox", BOARD,
     "mailbox@bf000000 {\n			reg = <0x0 0xbf000000 0x0 0x01000000>",
     "mailbox@bee20000 {\n			reg = <0x0 0xbee20000 0x0 0x011e0000>",
     [r"mailbox 0xbee20000.* overlaps boot-block of kernel 1 0xbee00000"]),
    ("gap_in_dram", BOARD, SPARE, "",
     [r"DRAM 0xbee40000-0xbeffffff between boot-block of kernel 1 .*"
      r"a64-2x2.dts:\d+.* and mailbox .* belongs to nobody.*spare@"]),
    ("gap_at_the_end_of_dram", COMMON,
     "0x40000000 0x0 0x80000000>", "0x40000000 0x0 0x90000000>",
     [r"between mailbox .* and the end of DRAM .* belongs to nobody"]),
    ("memory_outside_dram", COMMON,
     "0x40000000 0x0 0x80000000>", "0x40000000 0x0 0x7f000000>",
     [r"mailbox 0xbf000000-0xbfffffff .* is not inside the DRAM "
      r"0x40000000-0xbeffffff"]),
    ("memory_not_aligned", BOARD,
     "0x80000000 0x0 0x3ee00000>", "0x80000000 0x0 0x3ed00000>",
     [r"ram of kernel 1 .* is not aligned to 0x200000"]),
    ("memory_of_a_kernel_twice", BOARD,
     "		spare@bee40000 {\n", "		ram@bee40000 {\n owner = <1>;\n",
     [r"ram of kernel 1 0xbee40000.* is a second one beside ram of kernel 1 "
      r"0x80000000"]),
    ("memory_of_no_such_kernel", BOARD,
     "0x3ee00000>;\n			owner = <1>;",
     "0x3ee00000>;\n			owner = <5>;",
     [r"ram of kernel 5 .* is given to kernel 5, but the kernels are 0 to 1",
      r"kernel 1 has no ram"]),
    ("kernel_without_boot_block", BOARD, "boot-block@bee00000 {",
     "boot-block@bee00000 {\n owner = <0>;\n};\nspare@bee00000 {",
     [r"/memory-map/boot-block@bee00000 has no 'reg'",
      r"unknown property 'owner' in /memory-map/spare@bee00000"]),
    ("boot_block_of_wrong_size", BOARD,
     "0xbee00000 0x0 0x00040000>", "0xbee00000 0x0 0x00020000>",
     [r"boot-block of kernel 1 .* has 0x20000 bytes; a boot block has "
      r"0x40000"]),
    ("interrupt_given_twice", QEMU, "interrupts = <0 8 4>",
     "interrupts = <0 1 4>",
     [r"SPI 1 is given to serial@9040000 \(.*a64-common.dtsi:\d+\) and to "
      r"serial@9000000 \(.*a64-common.dtsi:\d+\)"]),
    ("interrupt_of_device_and_virtio_slot", QEMU, "interrupts = <0 2 4>",
     "interrupts = <0 18 4>",
     [r"SPI 18 is given to virtio slot 2 \(.*\) and to rtc@9010000"]),
    ("interrupt_out_of_range", QEMU, "interrupts = <0 8 4>",
     "interrupts = <0 1019 4>",
     [r"serial@9040000 .*<0 1019 4> is not an SPI <0 n f> with n below 988"]),
    ("ppi_out_of_range", QEMU, "<1 13 4>", "<1 31 4>",
     [r"timer .*<1 31 4> is not .* a PPI <1 n f> with n below 16"]),
    ("slots_too_many", QEMU, "tombolo,slots = <32>",
     "tombolo,slots = <0xffffffff>", [r"can have 1 to 256 slots"]),
    ("clock_that_not_all_have", QEMU,
     'clock-output-names = "clk24mhz";\n					tombolo,common;',
     'clock-output-names = "clk24mhz";',
     [r"'clocks' of serial@9000000 .* points to .*/apb-pclk, which is not "
      r"tombolo,common"]),
    ("cells_of_another_width", BOARD, "#size-cells = <2>",
     "#size-cells = <1>",
     [r"/memory-map must have #size-cells = <2>"]),
    ("disk_too_large", COMMON, "scratch-mib = <8>", "scratch-mib = <0>",
     [r"scratch-mib 0: a disk or partition has 1 to 65536 MiB"]),
    ("slot_given_twice", BOARD, "<0 16 0>, <16 16 1>",
     "<0 17 0>, <16 16 1>",
     [r"a64-2x2.dts:\d+: error: virtio slot 16 \(SPI 32\) is given to kernel "
      r"0 and to kernel 1"]),
    ("slot_that_does_not_exist", BOARD, "<16 16 1>", "<16 17 1>",
     [r"virtio slot 32 is given to kernel 1, but .* has 32 slots"]),
    ("device_region_overlap", QEMU, "0x0 0x09010000 0x0 0x1000>",
     "0x0 0x09010000 0x0 0x31000>",
     [r"serial@9040000 .* at 0x9040000-0x9040fff overlaps rtc@9010000 .* at "
      r"0x9010000-0x9040fff"]),
    ("device_overlaps_dram", QEMU, "0x0 0x080a0000 0x0 0x00f60000>",
     "0x0 0x080a0000 0x0 0x40000000>",
     [r"interrupt-controller@8000000 .* overlaps the DRAM 0x40000000"]),
    ("device_of_no_such_kernel", COMMON, "&rtc { tombolo,owner = <0>; }",
     "&rtc { tombolo,owner = <3>; }",
     [r"a64-common.dtsi:\d+: error: rtc@9010000 .* is given to kernel 3, but "
      r"the kernels of a64-2x2 are 0 to 1"]),
    ("device_owned_and_common", COMMON, "&rtc { tombolo,owner = <0>; }",
     "&rtc { tombolo,owner = <0>; tombolo,common; }",
     [r"rtc@9010000 .* is tombolo,common and also given to kernel 0"]),
    ("cpu_given_twice", BOARD, "<0x0 0x2>, <0x0 0x3>",
     "<0x0 0x1>, <0x0 0x3>",
     [r"CPU 0x1 is given to kernel 1 and to kernel 0 \(.*a64-2x2.dts:\d+\)",
      r"CPU 0x2 of virt belongs to no kernel"]),
    ("cpu_that_does_not_exist", BOARD, "<0x0 0x2>, <0x0 0x3>",
     "<0x0 0x2>, <0x0 0x3>, <0x0 0x4>",
     [r"CPU 0x4 of kernel 1 is not one of virt: its MPIDRs are 0x0, 0x1"]),
    ("cpu_bad_mpidr", QEMU, "<0x0 0x2>, <0x0 0x3>",
     "<0x0 0x2>, <0x0 0x80000003>",
     [r"CPU 0x80000003 is not an MPIDR"]),
    ("load_address_outside_memory", BOARD, "load-dtb = <0x0 0x88000000>",
     "load-dtb = <0x0 0x78000000>",
     [r"load-dtb 0x78000000 is outside the memory of kernel 1, "
      r"0x80000000-0xbedfffff"]),
    ("load_address_not_aligned", BOARD, "load-image = <0x0 0x80000000>",
     "load-image = <0x0 0x80010000>",
     [r"load-image 0x80010000 of kernel 1 is not a multiple of 0x200000"]),
    ("load_addresses_equal", BOARD, "load-initrd = <0x0 0x89000000>",
     "load-initrd = <0x0 0x88000000>",
     [r"load-initrd and load-dtb of kernel 1 are both 0x88000000"]),
    ("load_address_missing", BOARD, "load-dtb = <0x0 0x88000000>;", "",
     [r"kernel 1 has no load-dtb"]),
    ("window_too_small", COMMON, "pool = <64 0x10000>",
     "pool = <256 0x10000>",
     [r"the mailbox needs 0x2032000 bytes \(2 sections of 0x1019000\), but "
      r"the window .* has 0x1000000"]),
    ("slot_size_not_of_lines", COMMON, "<256 128>", "<256 96>",
     [r"mailbox lane 0 .*: size 96 is not a multiple of 64"]),
    ("slot_count_not_a_power_of_two", COMMON, "<256 256>", "<200 256>",
     [r"mailbox lane 1 .*: count 200 is not a power of two"]),
    ("pool_count_not_a_power_of_two", COMMON, "<64 0x10000>",
     "<48 0x10000>", [r"mailbox pool .*: count 48 is not a power of two"]),
    ("pool_too_large", COMMON, "<64 0x10000>", "<512 0x1000>",
     [r"mailbox pool: 512 buffers .* it can have 256"]),
    ("lanes_too_many", COMMON, "<256 128>, <256 256>",
     "<256 128>, <256 256>, <2 64>",
     [r"a64-common.dtsi:\d+: error: the mailbox has 3 lanes; it must have 2"]),
    ("cache_line_odd", QEMU, "d-cache-line-size = <64>",
     "d-cache-line-size = <48>",
     [r"cache line of 48 bytes: it must be a power of two of 16 to 128"]),
    ("edge_in_a_word_of_two_kernels", QEMU, "interrupts = <0 8 4>",
     "interrupts = <0 8 1>",
     [r"serial@9040000 .* of kernel 1 has SPI 8 as edge, but its configuration"
      r" word, SPIs 0 to 15, is not all that kernel's: SPI 0 belongs to "
      r"nobody; use level"]),
    ("edge_of_slots_in_a_word_of_two_kernels", BOARD,
     "<0 16 0>, <16 16 1>;\n};", "<0 8 0>, <8 24 1>;\n};\n"
     "&virtio { interrupts = <0 16 1>; };",
     [r"virtio slot 0 .* of kernel 0 has SPI 16 as edge.*SPI 24 belongs to "
      r"kernel 1 by virtio slot 8"]),
    ("unknown_property", BOARD, "virtio-rng = <17>", "virtio-rgn = <17>",
     [r"a64-2x2.dts:\d+: error: unknown property 'virtio-rgn' in "
      r"/kernels/kernel@1: did you mean 'virtio-rng'\?"]),
    ("unknown_property_of_device", QEMU, "always-on;", "allways-on;",
     [r"unknown property 'allways-on' in .*/timer: did you mean "
      r"'always-on'\?"]),
    ("unknown_node", BOARD, "spare@bee40000", "spear@bee40000",
     [r"unknown node /memory-map/spear@bee40000: did you mean 'spare'\?"]),
    ("missing_property", BOARD, "cpus = <0x0 0x2>, <0x0 0x3>;", "",
     [r"/kernels/kernel@1 has no 'cpus'"]),
    ("property_of_wrong_shape", BOARD, "load-dtb = <0x0 0x88000000>",
     "load-dtb = <0x88000000>",
     [r"'load-dtb' of /kernels/kernel@1 must be 2 cells; it has 4 bytes"]),
    ("kernel_ids_not_from_zero", BOARD,
     "kernel@1 {\n			reg = <1>", "kernel@2 {\n			reg = <2>",
     [r"the kernels are numbered 0, 2; they must be 0 to 1"]),
    ("sgis_do_not_suffice", COMMON, "sgi-base = <8>", "sgi-base = <15>",
     [r"sgi-base 15 and 2 kernels need SGIs up to 16, but the last one is "
      r"15"]),
    ("sgis_of_linux", COMMON, "sgi-base = <8>", "sgi-base = <5>",
     [r"sgi-base 5: SGIs 0 to 7 are used by Linux"]),
    ("doorbell_unknown", COMMON, "tombolo,gic-sgi-doorbell",
     "tombolo,gic-sgi-dorbell",
     [r"doorbell 'tombolo,gic-sgi-dorbell' is not known"]),
    ("machine_beyond_the_doorbell", BOARD, SLOTS, MACHINE1 + SLOTS,
     [r"^.*a64-common.dtsi:\d+: error: an SGI reaches only CPUs of its own "
      r"interrupt controller, but the kernels are on several machines\n"
      r"dts: .* 1 error"]),
    ("device_of_a_kernel_elsewhere", BOARD, SLOTS,
     MACHINE1.replace("owner = <2>;\n				};", "owner = <1>;\n				};")
     + SLOTS,
     [r"serial@9000000 .* of virt1 is given to kernel 1, which runs on virt"]),
    ("isa_unknown", QEMU, 'isa = "arm64"', 'isa = "arm46"',
     [r"isa 'arm46' of virt is not known; known are: arm64"]),
    ("console_of_another_kernel", BOARD, "console = <&uart1>",
     "console = <&uart0>",
     [r"the console of kernel 1 is serial@9000000 .*, which belongs to "
      r"kernel 0"]),
    ("console_is_no_uart", BOARD, "console = <&uart1>", "console = <&virt>",
     [r"'console' of /kernels/kernel@1 does not point to a UART of virt"]),
    ("console_missing", BOARD, "console = <&uart1>;", "",
     [r"kernel 1 needs either 'console' or 'virtio-console', it has none"]),
    ("virtio_in_slot_of_another", BOARD, "virtio-disk = <16>",
     "virtio-disk = <9>",
     [r"virtio-disk of kernel 1 is in slot 9, which belongs to kernel 0"]),
    ("virtio_slot_used_twice", BOARD, "virtio-rng = <17>",
     "virtio-rng = <16>",
     [r"virtio-rng and virtio-disk of kernel 1 are both in slot 16"]),
    ("overlay_before_root", BOARD, "virtio-disk = <0>", "virtio-disk = <5>",
     [r"virtio-overlay in slot 2 comes before virtio-disk in slot 5"]),
    ("label_unknown", BOARD, "console = <&uart1>", "console = <&uart7>",
     [r"uart7", r"is not a valid device tree source"]),
    ("syntax_error", BOARD, "cpus = <0x0 0x0>, <0x0 0x1>;",
     "cpus = <0x0 0x0>, <0x0 0x1>",
     [r"a64-2x2.dts:\d+.*syntax error",
      r"is not a valid device tree source: correct the place"]),
    ("unit_address_differs", BOARD, "mailbox@bf000000", "mailbox@bf100000",
     [r"mailbox@bf100000 begins at 0xbf000000: its name must be "
      r"mailbox@bf000000"]),
    ("hub_by_sgi", "nc-common.dtsi", "pci-device = <1>", "sgi-base = <8>",
     [r"doorbell 'tombolo,ivshmem-hub' needs 'pci-device' and nothing else"]),
    ("hub_is_the_bridge", "nc-common.dtsi", "pci-device = <1>",
     "pci-device = <0>", [r"pci-device 0: a PCI bus has devices 1 to 31"]),
    ("hub_without_pci", "qemu-virt-a64-pci.dtsi", "pci-host-ecam-generic",
     "pci-host-other", [r"virt has no PCI host for the doorbell",
                        r"virt1 has no PCI host for the doorbell"]),
    ("machine_of_another_kernel", NC, "machine = <&virt1>",
     "machine = <&virt>",
     [r"virt is given to kernel 0, but kernel 1 runs on it",
      r"no kernel runs on virt1"]),
    ("machine_of_no_kernel", NC, "owner = <1>", "owner = <5>",
     [r"virt1 is given to kernel 5, which does not exist"]),
    ("machine_like_a_uart", NC, "same-as = <&virt>", "same-as = <&uart0>",
     [r"'same-as' of /machines/machine@1 does not point to a machine that"]),
    ("firmware_missing", RV, "load-firmware = <0x0 0x80000000>;", "",
     [r"kernel 1 has no load-firmware"]),
    ("firmware_nobody_enters", NC, "load-dtb",
     "load-firmware = <0x0 0x90000000>; load-dtb",
     [r"load-firmware: a kernel of arm64 has no such thing"]),
    ("firmware_and_image_in_one_place", RV, "0x80200000>", "0x80000000>",
     [r"load-firmware and load-image of kernel 1 are both 0x80000000|"
      r"load-image and load-firmware of kernel 1 are both 0x80000000"]),
    ("source_out_of_range", "qemu-virt-rv64.dtsi", "interrupts = <10 4>",
     "interrupts = <0 4>",
     [r"serial@10000000 .*: <0 4> is not a source <n f>"]),
    ("source_twice", "qemu-virt-rv64.dtsi", "interrupts = <10 4>",
     "interrupts = <11 4>", [r"source 11 is given to serial@10000000 .* and "
                             r"to rtc@101000"]),
    ("switch_of_nothing", "qemu-virt-rv64.dtsi", "regmap = <&test>",
     "regmap = <&virt>",
     [r"'regmap' of poweroff .* points to /machines/machine@0, which is not"]),
]


def check_case(folder, case):
    name, file, old, new, patterns = case
    soc = folder / "wrong" / name
    shutil.copytree(DTS / "soc", soc)
    text = (soc / file).read_text()
    assert text.count(old) >= 1, f"the test's text is not in {file}: {old}"
    (soc / file).write_text(text.replace(old, new, 1))
    done = generate(soc / BOARD_OF.get(file, BOARD), soc / "out")
    assert done.returncode, "the wrong description was accepted"
    assert not (soc / "out").exists(), "something was generated"
    assert "Traceback" not in done.stderr, done.stderr
    for pattern in patterns:
        assert re.search(pattern, done.stderr), \
            f"no match for {pattern}\nin {done.stderr}"


def tests(folder):
    for case in CASES:
        yield f"error: {case[0]}", lambda c=case: check_case(folder, c)
    yield "error: missing_file", lambda: check_missing(folder)
    yield "error: dtc_without_end", lambda: check_endless_dtc(folder)
    yield "error: dtc_not_installed", lambda: check_no_dtc(folder)


def check_missing(folder):
    done = generate(folder / "nothing.dts", folder / "out")
    assert done.returncode, "a missing description was accepted"
    assert "nothing.dts" in done.stderr and "Traceback" not in done.stderr, \
        done.stderr


def with_path(path, text):
    """The error of reading a good description with another PATH."""
    saved = os.environ["PATH"], source.DTC_SECONDS
    os.environ["PATH"] = path
    source.DTC_SECONDS = 0.2
    try:
        source.load(DTS / "soc" / BOARD)
    except source.SourceError as e:
        assert text in str(e), str(e)
    else:
        raise AssertionError("no error")
    finally:
        os.environ["PATH"], source.DTC_SECONDS = saved


def check_endless_dtc(folder):
    fake = folder / "fake" / "dtc"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nexec sleep 60\n")
    fake.chmod(0o755)
    with_path(f"{fake.parent}:/bin:/usr/bin", "dtc does not come to an end")


def check_no_dtc(folder):
    with_path(str(folder), "dtc is missing: install device-tree-compiler")
