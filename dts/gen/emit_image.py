# SPDX-License-Identifier: GPL-2.0
"""Write the layout of the disks (genimage.cfg), U-Boot's boot entry, and what
U-Boot loads for all kernels of a board of several machines (boot.its).

The other kernels' disks are empty file systems whose label tells them apart.
"""

from emit_dts import bootargs, file_of

# Where U-Boot puts kernel 0, away from where it loads files to.
FIT_IMAGE, FIT_DTB = 0x50000000, 0x4f000000


def boot_files(board):
    """What U-Boot finds on its partition beside extlinux.conf."""
    return ["boot.itb"] if board.several else ["Image", "k0.dtb"]


def genimage_of(board):
    """genimage's configuration: kernel 0's disk and the others' disks."""
    disk = board.disk
    files = "".join(f"""		file {name} {{
			image = "{name}"
		}}
""" for name in boot_files(board))
    out = f"""# SPDX-License-Identifier: GPL-2.0
# Disks of board {board.name}: generated from dts/soc/{board.name}.dts.
# Input files: {', '.join(boot_files(board))}, extlinux.conf, root.ext4.

image boot.vfat {{
	vfat {{
		label = "BOOT"
		file extlinux/extlinux.conf {{
			image = "extlinux.conf"
		}}
{files}	}}
	size = {disk['boot-mib']}M
}}

image disk.img {{
	hdimage {{
		partition-table-type = "gpt"
	}}
	partition boot {{
		partition-type-uuid = "F"
		bootable = true
		image = "boot.vfat"
	}}
	partition root {{
		partition-type-uuid = "L"
		image = "root.ext4"
		size = {disk['root-mib']}M
	}}
}}
"""
    for kernel in board.kernels[1:]:
        if "disk" in kernel.virtio:
            out += f"""
image disk{kernel.id}.img {{
	ext4 {{
		label = "kernel{kernel.id}"
		use-mke2fs = true
	}}
	empty = true
	size = {disk['scratch-mib']}M
}}
"""
    return out


def extlinux_of(board):
    """The entry that U-Boot's standard boot finds on the boot partition."""
    # Of a file with all of it, the tree must be named too, or it is not used.
    kernel, fdt = ["/boot.itb"] * 2 if board.several else ["/Image", "/k0.dtb"]
    return f"""# Board {board.name}: generated from dts/soc/{board.name}.dts.
default tombolo
timeout 1
menu title Tombolo {board.name}

label tombolo
	kernel {kernel}
	fdt {fdt}
	append {bootargs(board, board.kernels[0])}
"""


def fit_image(name, file, kind, address, extra=""):
    """One part of the FIT. U-Boot looks at its own ISA, not at the part's."""
    return f"""
		{name} {{
			data = /incbin/("{file}");
			type = "{kind}";
			arch = "arm64";
			os = "linux";
			compression = "none";
			load = <{address:#x}>;
{extra}		}};
"""


def fit_parts(board):
    """
    All parts of kernels on other machines; last for each its boot block, at
    which U-Boot (boot/u-boot/groups.c) turns the machine on.
    """
    for kernel in board.kernels:
        if kernel.machine is board.kernels[0].machine:
            continue
        for part, address in kernel.load.items():
            yield f"k{kernel.id}-{part}", file_of(kernel, part), "firmware", \
                address
        yield f"k{kernel.id}-block", f"k{kernel.id}-block", "copro", \
            kernel.boot_block.base


def its_of(board):
    """The source of what U-Boot loads; dtc is all that it takes to make it."""
    parts = list(fit_parts(board))
    entry = f"			entry = <{FIT_IMAGE:#x}>;\n"
    images = fit_image("k0-image", "Image", "kernel", FIT_IMAGE, entry) + \
        fit_image("k0-dtb", "k0.dtb", "flat_dt", FIT_DTB) + \
        "".join(fit_image(*part) for part in parts)
    loadables = ",\n				    ".join(f'"{p[0]}"' for p in parts)
    return f"""// SPDX-License-Identifier: GPL-2.0
/* Kernels of board {board.name}: generated from dts/soc/{board.name}.dts. */
/dts-v1/;

/ {{
	description = "Tombolo {board.name}";
	timestamp = <0>;
	#address-cells = <1>;

	images {{{images}	}};

	configurations {{
		default = "board";

		board {{
			kernel = "k0-image";
			fdt = "k0-dtb";
			loadables = {loadables};
		}};
	}};
}};
"""
