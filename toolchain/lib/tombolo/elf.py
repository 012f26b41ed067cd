# SPDX-License-Identifier: GPL-2.0
"""As much of ELF (64 bit, little-endian) as the link step looks at."""
import struct

ALLOC, PROGBITS, NOBITS, SYMTAB = 2, 1, 8, 2


class Elf:
    def __init__(self, data):
        self.data = data
        if data[:6] != b'\x7fELF\x02\x01':
            raise ValueError('not a 64-bit little-endian ELF file')
        self.machine, = struct.unpack_from('<H', data, 18)
        self.entry, self.phoff, shoff = struct.unpack_from('<QQQ', data, 24)
        self.phnum, = struct.unpack_from('<H', data, 56)
        number, names = struct.unpack_from('<HH', data, 60)
        raw = [struct.unpack_from('<IIQQQQIIQQ', data, shoff + 64 * i)
               for i in range(number)]
        table = raw[names]
        self.sections = [Section(self._string(table[4], r[0]), r) for r in raw]

    def _string(self, offset, index):
        start = offset + index
        return self.data[start:self.data.index(b'\0', start)].decode()

    def content(self, section):
        return self.data[section.offset:section.offset + section.size]

    def symbols(self):
        """(name, address, size, type, section index) of each named one"""
        for section in self.sections:
            if section.type != SYMTAB:
                continue
            strings = self.sections[section.link].offset
            for at in range(section.offset, section.offset + section.size,
                            24):
                name, info, _, index, value, size = struct.unpack_from(
                    '<IBBHQQ', self.data, at)
                if name:
                    yield (self._string(strings, name), value, size,
                           info & 15, index)


class Section:
    def __init__(self, name, raw):
        self.name = name
        (_, self.type, self.flags, self.address, self.offset, self.size,
         self.link, _, self.align, _) = raw
