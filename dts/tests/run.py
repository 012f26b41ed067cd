# SPDX-License-Identifier: GPL-2.0
"""All tests of dts/: wrong descriptions, both boards, bindings, QEMU."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "gen"))

import tap                  # noqa: E402
import test_bindings        # noqa: E402
import test_boards          # noqa: E402
import test_errors          # noqa: E402
import test_files           # noqa: E402
import test_mutants         # noqa: E402
import test_qemu            # noqa: E402


def main():
    runner = tap.Tap()
    with tempfile.TemporaryDirectory(prefix="dts-test-") as folder:
        for module in (test_errors, test_mutants, test_boards, test_files,
                       test_bindings, test_qemu):
            for name, test in module.tests(Path(folder)):
                runner.run(name, test)
    return runner.end()


sys.exit(main())
