# SPDX-License-Identifier: GPL-2.0
"""The file format of a program: an ELF executable of the first ISA, which runs
as it is there; behind it the others, whole; at the end a table of the parts.

  table: per part  name[16], u64 offset, u64 size
  trailer:         u64 offset of the table, u64 number of parts, "TOMBOLO1"
"""
import os
import pathlib
import struct

from tombolo.elf import Elf

MAGIC = b'TOMBOLO1'
PAGE = 4096
# In the padding of e_ident, where other ISAs' kernels recognise the file.
MARK = b'tombolo'


def strip(data):
    """Marks the image as a part of a program."""
    return data[:9] + MARK + data[16:]


def summary(place, images):
    lines = []
    for isa, sizes in place.text_sizes().items():
        elf = Elf(images[isa])
        own = {s.name: s.size for s in elf.sections}
        lines.append(f'{isa}\ttext {sizes["original"]}\tresume '
                     f'{sizes["resume"]}\tprivate '
                     f'{own.get(".text.private", 0)}\ttables '
                     f'{own.get(".eh_frame", 0) + own.get(".gcc_except_table", 0)}')
    return '\n'.join(lines).encode() + b'\n'


def write(output, images, report, place, debug):
    del debug
    parts = [(name, strip(data)) for name, data in images.items()]
    parts += [('report', report), ('sizes', summary(place, images))]
    blob, table = b'', b''
    for name, data in parts:
        blob += b'\0' * (-len(blob) % PAGE)
        table += struct.pack('<16sQQ', name.encode(), len(blob), len(data))
        blob += data
    offset = len(blob)
    blob += table + struct.pack('<QQ8s', offset, len(parts), MAGIC)
    path = pathlib.Path(output)
    temporary = path.with_name(path.name + '.new')
    temporary.write_bytes(blob)
    temporary.chmod(0o777 & ~_umask())
    temporary.replace(path)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


class NotAProgram(Exception):
    pass


def read(path):
    """name -> contents of each part"""
    data = pathlib.Path(path).read_bytes()
    if len(data) < 24 or data[-8:] != MAGIC:
        raise NotAProgram(f'{path} was not made by tombolo-cc')
    offset, number, _ = struct.unpack('<QQ8s', data[-24:])
    parts = {}
    for i in range(number):
        name, at, size = struct.unpack_from('<16sQQ', data, offset + 32 * i)
        parts[name.rstrip(b'\0').decode()] = data[at:at + size]
    return parts
