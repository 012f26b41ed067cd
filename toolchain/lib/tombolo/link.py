# SPDX-License-Identifier: GPL-2.0
"""Objects and archives of common IR to one executable that holds every ISA."""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

from tombolo import image, layout
from tombolo.isa import (COMMON_LAYOUT, COMMON_TRIPLE, ISAS, LLC, build_dir,
                         digest, tool)

# What programs name in -l and has its place in libc.a or is not needed
EMPTY = {'m', 'c', 'rt', 'pthread', 'crypt', 'util', 'xnet', 'resolv', 'dl',
         'gcc', 'gcc_s', 'gcc_eh', 'atomic'}


class Failed(Exception):
    pass


def run(command, verbose=False):
    if verbose:
        print(' '.join(map(str, command)), file=sys.stderr)
    done = subprocess.run([str(c) for c in command], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    if done.returncode:
        raise Failed(done.stdout.strip() or f'{command[0]} failed')
    return done.stdout


def builtins(isa):
    """The compiler's own functions: binary128 and __int128 arithmetic."""
    if isa == 'x86_64':
        command = [tool('clang'), '--target=x86_64-linux-gnu',
                   '--rtlib=compiler-rt', '-print-libgcc-file-name']
    else:
        command = [f'{isa}-linux-gnu-gcc', '-print-libgcc-file-name']
    path = pathlib.Path(run(command).strip())
    if not path.exists():
        raise Failed(f'{path} is not installed')
    return path


def clean(inputs):
    """Leaves out what has no meaning for this link."""
    result, skip = [], False
    for item in inputs:
        if skip:
            skip = False
        elif item in ('-z', '-T', '-rpath', '-soname', '-h', '-Xlinker',
                      '-dynamic-linker', '-rpath-link'):
            skip = item != '-Xlinker'
        elif item.startswith('-l') and item[2:] in EMPTY:
            pass
        elif item in ('-nostdlib', '-nostartfiles', '-nodefaultlibs', '-r'):
            raise Failed(f'{item}: the start and the C library are part of '
                         'every program')
        elif item.startswith(('-L', '-l', '-u', '--start-group',
                              '--end-group', '--whole-archive',
                              '--no-whole-archive', '--defsym', '-(', '-)')) \
                or not item.startswith('-'):
            result.append(item)
    return result


def join(inputs, work, verbose):
    """One module, by the linker's own rules for symbols and archives."""
    top = build_dir()
    output = work / 'all.bc'
    run([tool('ld.lld'), '-m', 'elf_x86_64', '-static', '--lto-emit-llvm',
         '--lto-O0', '-o', output, '-u', '__tombolo_flag', '-u',
         'tombolo_start', '--defsym=__tombolo_build=0',
         '--defsym=__tombolo_eh_hdr=0', '--defsym=__tombolo_may_start=0',
         '--defsym=__tombolo_may_end=0', '--defsym=__tombolo_data_start=0',
         '--defsym=__tombolo_data_end=0', top / 'runtime/x86_64/entry.o',
         top / 'runtime/start.o'] + inputs +
        ['--start-group', top / 'musl/lib/libc.a',
         top / 'runtime/x86_64/libruntime.a', builtins('x86_64'),
         '--end-group'], verbose)
    return output


def transform(module, work, debug, verbose):
    plugin = build_dir() / 'tombolo.so'
    output, report = work / 'linked.bc', work / 'report.txt'
    text = run([tool('opt'), '-load=' + str(plugin),
                '-load-pass-plugin=' + str(plugin),
                '-mtriple=' + COMMON_TRIPLE,
                '-data-layout=' + COMMON_LAYOUT,
                '-passes=globaldce,tombolo-link,globaldce',
                f'-tombolo-debug={int(debug)}',
                '-tombolo-report=' + str(report), module, '-o', output],
               verbose)
    if text.strip():
        print(text.strip(), file=sys.stderr)
    return output, report.read_bytes()


def generate(isa, module, work, verbose):
    output = work / f'program.{isa.name}.o'
    run([tool('llc')] + LLC + isa.llc + [module, '-o', output], verbose)
    return output


def finish(isa, program, script, build, work, verbose):
    top = build_dir() / 'runtime' / isa.name
    stamp = work / f'build.{isa.name}.s'
    stamp.write_text('.section .tombolo.build,"a",@progbits\n'
                     f'.quad {build}\n'
                     '.section .note.GNU-stack,"",@progbits\n')
    run([tool('clang')] + isa.clang + ['-c', stamp, '-o',
                                       stamp.with_suffix('.o')])
    output = work / f'image.{isa.name}'
    run([tool('ld.lld'), '-m', isa.emulation, '-static', '--no-relax',
         '--eh-frame-hdr', '-z', 'norelro', '-z', 'max-page-size=4096',
         '--orphan-handling=error', '--defsym=__vdsosym=0', '-T', script, '-o', output,
         stamp.with_suffix('.o'), top / 'entry.o', program, '--start-group',
         top / 'libruntime.a', builtins(isa.name), '--end-group'], verbose)
    return output


def parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        return list(pool.map(function, items))


def build(inputs, output, names, debug, verbose, work):
    isas = [ISAS[n] for n in names]
    module = join(clean(inputs), work, verbose)
    linked, report = transform(module, work, debug, verbose)
    objects = parallel(lambda i: generate(i, linked, work, verbose), isas)
    place = layout.Layout({i.name: o.read_bytes()
                           for i, o in zip(isas, objects)})
    script = work / 'program.lds'
    script.write_text(layout.script(place))
    stamp = int(digest(linked.read_bytes()), 16) >> 1
    images = parallel(lambda p: finish(p[0], p[1], script, stamp, work,
                                       verbose), zip(isas, objects))
    contents = {i.name: p.read_bytes() for i, p in zip(isas, images)}
    layout.check(contents)
    image.write(output, contents, report, place, debug)


def link(inputs, output, isas='', debug=False, verbose=False):
    names = isas.split(',') if isas else list(ISAS)
    unknown = [n for n in names if n not in ISAS]
    if unknown:
        print(f'tombolo-ld: error: no such ISA: {unknown[0]}',
              file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix='tombolo-ld-') as work:
        keep = os.environ.get('TOMBOLO_KEEP')
        place = pathlib.Path(keep or work)
        place.mkdir(exist_ok=True)
        try:
            build(inputs, output, names, debug, verbose, place)
        except (Failed, layout.Mismatch) as reason:
            print(f'tombolo-ld: error: {reason}', file=sys.stderr)
            return 1
    return 0
