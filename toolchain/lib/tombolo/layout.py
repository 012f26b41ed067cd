# SPDX-License-Identifier: GPL-2.0
"""One address for every function and object: computed from the objects of all
ISAs, given to each ISA's linker as a script, checked in what comes out."""
import collections

from tombolo.elf import Elf, NOBITS, PROGBITS

TEXT = 0x400000
PRIVATE_TEXT = 0x5000000
DATA = 0x10000000
PRIVATE_DATA = 0x48000000
PAGE = 0x1000

# The functions on whose frames a migration may find a thread, in one piece.
MAY = ('.text.m.', '.text.r.')
NEVER = ('.text.n.',)
READ_ONLY = ('.rodata.tb.',)
WRITABLE = ('.data.tb.',)
ZERO = ('.bss.tb.',)
# Constants of one ISA's code: tables and literals
PRIVATE_PREFIX = ('.data.DW.ref.', '.rodata', '.data.rel.ro', '.srodata')

NO_MEMORY = ('.debug_abbrev', '.debug_info', '.debug_rnglists',
             '.debug_str_offsets', '.debug_str', '.debug_addr', '.debug_line',
             '.debug_line_str', '.debug_loclists', '.debug_aranges',
             '.debug_frame', '.debug_ranges', '.debug_loc', '.symtab',
             '.strtab', '.shstrtab')

Slot = collections.namedtuple('Slot', 'section address size')


class Mismatch(Exception):
    """What differs between ISAs and must not."""


def _sections(elf):
    return {s.name: s for s in elf.sections
            if s.type in (PROGBITS, NOBITS) and s.flags & 2 and s.size}


def _up(value, align):
    return (value + align - 1) // align * align


class Layout:
    def __init__(self, objects):
        """objects: ISA name -> contents of the object file of the program"""
        self.sections = {isa: _sections(Elf(data))
                         for isa, data in objects.items()}
        self.order = list(next(iter(self.sections.values())))
        self.names = set().union(*self.sections.values())
        self.custom = [n for n in self.order if n.isidentifier()]
        self.problems = []
        self.may = self._place(self._named(MAY), TEXT)
        self.may_end = self._end(self.may, TEXT)
        self.never = self._place(self._named(NEVER), self.may_end)
        data = self._place(self._named(READ_ONLY), DATA, True)
        start = _up(self._end(data, DATA), PAGE)
        self.read_only = data
        self.data_start = start
        self.custom_slots = self._place(self.custom, start, True)
        start = self._end(self.custom_slots, start)
        self.data = self._place(self._named(WRITABLE), start, True)
        start = self._end(self.data, start)
        self.zero = self._place(self._named(ZERO), start, True)
        self.data_end = _up(self._end(self.zero, start), PAGE)
        self._check_private()
        if self._end(self.never, self.may_end) > PRIVATE_TEXT:
            self.problems.append('the program is too large: its functions '
                                 'do not fit below the ISAs\' own code')
        if self.problems:
            raise Mismatch('\n'.join(self.problems))

    def _named(self, prefixes):
        """Sections of this kind, which every ISA must have."""
        found = []
        for name in self.order + sorted(self.names - set(self.order)):
            if not name.startswith(prefixes):
                continue
            lacking = [i for i, s in self.sections.items() if name not in s]
            if lacking:
                self.problems.append(f'{name} is missing on '
                                     + ', '.join(lacking))
            else:
                found.append(name)
        return found

    def _place(self, names, start, same_size=False):
        slots = []
        for name in names:
            each = {i: s[name] for i, s in self.sections.items()}
            sizes = {s.size for s in each.values()}
            if same_size and len(sizes) > 1:
                self.problems.append(f'{name} has another size on each ISA: '
                                     + str({i: s.size
                                            for i, s in each.items()}))
            align = max(max(s.align for s in each.values()), 16)
            start = _up(start, align)
            slots.append(Slot(name, start, max(sizes)))
            start += max(sizes)
        return slots

    @staticmethod
    def _end(slots, start):
        return _up(slots[-1].address + slots[-1].size, 16) if slots else start

    def _check_private(self):
        known = {s.section for part in (self.may, self.never, self.read_only,
                                        self.custom_slots, self.data,
                                        self.zero) for s in part}
        allowed = ('.eh_frame', '.gcc_except_table', '.note', '.tbss',
                   '.comment', '.riscv') + PRIVATE_PREFIX
        for isa, sections in self.sections.items():
            for name in sections:
                if name not in known and not name.startswith(allowed):
                    self.problems.append(f'{name} on {isa} lies outside of '
                                         'the common area')

    def text_sizes(self):
        return {isa: {kind: sum(s.size for n, s in sections.items()
                                if n.startswith(prefix))
                      for kind, prefix in (('original', ('.text.m.',
                                                         '.text.n.')),
                                           ('resume', ('.text.r.',)))}
                for isa, sections in self.sections.items()}


def _at(slots):
    return [f'    . = {s.address:#x}; KEEP(*({s.section}))' for s in slots]


def script(layout):
    """For ld.lld; for the linker of every ISA the same."""
    lines = ['ENTRY(_start)', 'PHDRS {', '  h PT_LOAD FLAGS(4) FILEHDR PHDRS;',
             '  t PT_LOAD FLAGS(5); p PT_LOAD FLAGS(5);',
             '  r PT_LOAD FLAGS(4); d PT_LOAD FLAGS(6);',
             '  q PT_LOAD FLAGS(6); tls PT_TLS; eh PT_GNU_EH_FRAME FLAGS(4);',
             '  stack PT_GNU_STACK FLAGS(6);', '}', 'SECTIONS {',
             '  . = 0x300000 + SIZEOF_HEADERS;',
             '  .eh_frame_hdr : { __tombolo_eh_hdr = .; *(.eh_frame_hdr) }'
             ' :h :eh',
             '  .eh_frame : { *(.eh_frame .eh_frame.*) } :h',
             '  .gcc_except_table : { *(.gcc_except_table*) } :h',
             '  .tombolo.build : { __tombolo_build = .; KEEP(*('
             '.tombolo.build)) } :h',
             f'  .text {TEXT:#x} : {{', '    __tombolo_may_start = .;']
    lines += _at(layout.may)
    lines += [f'    . = {layout.may_end:#x}; __tombolo_may_end = .;']
    lines += _at(layout.never)
    lines += ['  } :t', f'  .text.private {PRIVATE_TEXT:#x} : '
              '{ *(.text .text.*) } :p', f'  .rodata {DATA:#x} : {{']
    lines += _at(layout.read_only) + ['  } :r']
    lines += [f'  .data {layout.data_start:#x} : {{',
              '    __tombolo_data_start = .;']
    for slot in layout.custom_slots:
        lines += [f'    . = {slot.address:#x}; __start_{slot.section} = .;',
                  f'    KEEP(*({slot.section}))',
                  f'    __stop_{slot.section} = '
                  f'{slot.address + slot.size:#x};']
    lines += _at(layout.data)
    lines += _at(layout.zero)
    lines += [f'    . = {layout.data_end:#x}; __tombolo_data_end = .;',
              '  } :d', f'  . = {PRIVATE_DATA:#x};',
              '  .tdata : { *(.tdata .tdata.*) } :q :tls',
              '  .tbss : { *(.tbss .tbss.*) } :q :tls',
              '  .data.private : { *(.rodata .rodata.* .srodata*) '
              '*(.data .data.* .sdata .sdata.*) *(.got .got.*) } :q',
              '  __global_pointer$ = . + 0x800;',
              '  __init_array_start = .; __init_array_end = .;',
              '  __fini_array_start = .; __fini_array_end = .;',
              '  .bss.private : { *(.bss .bss.* .sbss .sbss.*) } :q',
              ] + [f'  {name} 0 : {{ *({name}) }}' for name in NO_MEMORY] + [
              '  /DISCARD/ : { *(.comment) *(.note.*) *(.riscv.attributes) '
              '*(.llvm_addrsig) *(.llvmbc) *(.llvmcmd) }', '}']
    # The common read-only data must be taken before the private rest is.
    return '\n'.join(lines) + '\n'


def check(images):
    """Every symbol that all ISAs have in common areas: at one address."""
    seen = {}
    problems = []
    for isa, data in images.items():
        for name, address, _, kind, index in Elf(data).symbols():
            common = (TEXT <= address < PRIVATE_TEXT or
                      DATA <= address < PRIVATE_DATA)
            if not common or index == 0 or kind > 2 or name.startswith('$'):
                continue
            seen.setdefault(name, {}).setdefault(isa, set()).add(address)
    for name, per_isa in seen.items():
        if name.startswith(('.L', '__tombolo_', 'L')):
            continue
        if len({frozenset(a) for a in per_isa.values()}) > 1 or \
                len(per_isa) != len(images):
            problems.append(f'{name} is not at one address: ' + ', '.join(
                f'{i} {sorted(map(hex, a))}' for i, a in per_isa.items()))
    if problems:
        raise Mismatch('\n'.join(problems[:20]))
