# SPDX-License-Identifier: GPL-2.0
"""The command line of gcc and clang, as far as builds use it."""
import dataclasses
import sys

# Options whose value is the next argument
WITH_VALUE = {'-I', '-D', '-U', '-include', '-isystem', '-iquote',
              '-idirafter', '-imacros', '-Xclang', '-MF', '-MT', '-MQ',
              '-Xpreprocessor', '-isysroot', '--param'}
# No meaning here: the code is the same everywhere, static, and not PIC.
IGNORED = ('-fPIC', '-fpic', '-fPIE', '-fpie', '-fno-pic', '-fno-PIC',
           '-fno-pie', '-fno-PIE', '-pie', '-no-pie', '-static', '-pipe',
           '-fstack-protector', '-fno-stack-protector', '-fcf-protection',
           '-fstack-clash-protection', '-march=', '-mtune=', '-mcpu=', '-m64',
           '-msse', '-mfpmath', '-mavx', '-rdynamic', '-fuse-ld=', '-flto',
           '-fno-lto', '-fvisibility=', '-static-libgcc', '-fno-plt',
           '-fomit-frame-pointer', '-fno-omit-frame-pointer',
           '-fasynchronous-unwind-tables', '-fno-asynchronous-unwind-tables',
           '-funwind-tables', '-fno-unwind-tables', '-fcommon', '-pg',
           '-fsemantic-interposition', '-fno-semantic-interposition',
           '-Wa,', '-ffp-contract', '-mno-', '-frounding-math')
# What would be silently wrong is refused.
REFUSED = {'-shared': 'there are no shared objects: one executable holds all',
           '-m32': 'all ISAs are 64 bit', '-fopenmp': 'no OpenMP runtime',
           '-fsanitize': 'the sanitizers know one ISA at a time',
           '-fsplit-stack': 'the stack is already split in two',
           '-coverage': 'no coverage runtime', '--coverage':
           'no coverage runtime', '-funsigned-char':
           'char is signed on all ISAs, for musl too'}
LINK_VALUE = {'-L', '-l', '-u', '-Xlinker', '-T', '-z'}
SOURCES = ('.c', '.i')


@dataclasses.dataclass
class Request:
    mode: str = 'link'        # or compile, preprocess, assemble, syntax
    output: str = ''
    level: str = '0'
    debug: bool = False
    libc: bool = False
    verbose: bool = False
    leaf: bool = False
    specific: bool = False    # code of single ISAs: compiled for each
    isas: str = ''
    language: str = ''
    flags: list = dataclasses.field(default_factory=list)
    sources: list = dataclasses.field(default_factory=list)
    link: list = dataclasses.field(default_factory=list)


MODES = {'-c': 'compile', '-E': 'preprocess', '-S': 'assemble',
         '-fsyntax-only': 'syntax', '-M': 'preprocess', '-MM': 'preprocess'}


def die(message):
    sys.exit(f'tombolo-cc: error: {message}')


def level_of(arg):
    value = arg[2:] or '1'
    if value == 'fast':
        return '3'
    if value == 'g':
        return '1'
    return value if value in '0123sz' and len(value) == 1 else '3'


def _own(request, arg):
    """Options that only tombolo-cc knows."""
    if arg == '--libc-build':
        request.libc = True
    elif arg == '--never-migrate':
        request.leaf = True
    elif arg == '--isa-specific':
        request.specific = True
    elif arg.startswith('--isas='):
        request.isas = arg[7:]
    elif arg == '-v':
        request.verbose = True
    else:
        return False
    return True


def _one(request, arg, rest):
    name = arg.split('=')[0]
    if name in REFUSED or arg in REFUSED:
        die(f'{arg}: {REFUSED.get(name) or REFUSED[arg]}')
    if arg in MODES:
        request.mode = MODES[arg]
        if arg.startswith('-M'):
            request.flags.append(arg)
    elif arg == '-o' or (arg.startswith('-o') and len(arg) > 2):
        request.output = arg[2:] or next(rest, '')
    elif arg == '-x':
        request.language = next(rest, '')
        if request.language not in ('c', 'none', 'cpp-output'):
            die(f'-x {request.language}: only C')
    elif arg.startswith('-O'):
        request.level = level_of(arg)
    elif arg.startswith('-g'):
        request.debug = arg != '-g0'
        request.flags.append(arg)
    elif arg in ('-pthread', '-pthreads'):
        request.flags.append('-D_REENTRANT')
    elif arg in LINK_VALUE:
        request.link += [arg + next(rest, '')] if arg in ('-L', '-l') else \
            [arg, next(rest, '')]
    elif arg.startswith(('-L', '-l')):
        request.link.append(arg)
    elif arg.startswith('-Wl,'):
        request.link += [a for a in arg[4:].split(',')]
    elif arg in ('-s', '-nostdlib', '-nostartfiles', '-nodefaultlibs', '-r'):
        request.link.append(arg)
    elif arg in WITH_VALUE:
        request.flags += [arg, next(rest, '')]
    elif any(arg == i or (arg.startswith(i) and not i[-1].isalnum()) or
             (i in ('-march=', '-fstack-protector', '-msse', '-mavx',
                    '-flto', '-fcf-protection') and arg.startswith(i))
             for i in IGNORED):
        pass
    else:
        request.flags.append(arg)


def parse(args):
    request = Request()
    rest = iter(args)
    for arg in rest:
        if _own(request, arg):
            continue
        if arg == '-' or not arg.startswith('-'):
            is_c = arg == '-' or arg.endswith(SOURCES) or \
                request.language in ('c', 'cpp-output')
            if arg.endswith(('.cc', '.cpp', '.cxx', '.C')):
                die(f'{arg}: only C')
            if arg.endswith(('.s', '.S')):
                die(f'{arg}: assembly is one ISA\'s: see --isa-specific')
            if is_c:
                request.sources.append(arg)
                request.link.append(('source', arg))
            else:
                request.link.append(arg)
            continue
        _one(request, arg, rest)
    return request
