# SPDX-License-Identifier: GPL-2.0
"""Write the layout of the disks (genimage.cfg) and U-Boot's boot entry.

The other kernels' disks are empty file systems whose label tells them apart.
"""

from emit_dts import bootargs


def genimage_of(board):
    """genimage's configuration: kernel 0's disk and the others' disks."""
    disk = board.disk
    out = f"""# SPDX-License-Identifier: GPL-2.0
# Disks of board {board.name}: generated from dts/soc/{board.name}.dts.
# Input files: Image, k0.dtb, extlinux.conf, root.ext4.

image boot.vfat {{
	vfat {{
		label = "BOOT"
		file extlinux/extlinux.conf {{
			image = "extlinux.conf"
		}}
		file Image {{
			image = "Image"
		}}
		file k0.dtb {{
			image = "k0.dtb"
		}}
	}}
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
    return f"""# Board {board.name}: generated from dts/soc/{board.name}.dts.
default tombolo
timeout 1
menu title Tombolo {board.name}

label tombolo
	kernel /Image
	fdt /k0.dtb
	append {bootargs(board, board.kernels[0])}
"""
