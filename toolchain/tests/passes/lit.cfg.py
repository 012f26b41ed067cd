# SPDX-License-Identifier: GPL-2.0
"""For lit: how the tests of the passes are run."""
import os

import lit.formats

config.name = 'tombolo passes'
config.test_format = lit.formats.ShTest(True)
config.suffixes = ['.ll']
# What the tests leave goes into the folder of the run, not beside them.
config.test_exec_root = os.environ['TOMBOLO_LIT_OUTPUT']
llvm = os.environ.get('TOMBOLO_LLVM', '19')
plugin = os.environ['TOMBOLO_SYSROOT'] + '/tombolo.so'
config.substitutions += [
    ('%llvm', llvm),
    ('%opt', f'opt-{llvm} -load {plugin} -load-pass-plugin {plugin} -S'),
    ('FileCheck', f'/usr/lib/llvm-{llvm}/bin/FileCheck'),
    ('%not', f'/usr/lib/llvm-{llvm}/bin/not'),
]
