"""Running a course script unmodified."""

import runpy
import sys
from pathlib import Path

from zerokara.blas import one_thread
from zerokara.classic.finder import install
from zerokara.classic.shell import get_ipython

USAGE = """python -m zerokara.classic SCRIPT [ARGS]

Run a script of "Deep Learning from Scratch" or CS231n, unmodified: its common, dataset, cs231n, two_layer_net and
two_layer_net0 are zerokara's, unless the script's folder has a module of that name; so is keras, if it is not
installed. Without a display, figures go to SCRIPT-1.png, SCRIPT-2.png, ... in the current folder."""


def main() -> None:
    """Run the script named on the command line, as Python would, and exit with its exit code."""
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(USAGE)
        sys.exit(0 if len(sys.argv) > 1 else 2)
    path = Path(sys.argv[1])
    if not path.is_file():
        print(f"zerokara.classic: there is no script {path}: check the path", file=sys.stderr)
        sys.exit(2)
    del sys.argv[0]
    run(path)


def run(path: Path) -> None:
    """Run a script; ``sys.argv`` already has its arguments."""
    install(path.parent, path.stem)
    # Replaces the current folder, which Python's -m adds unless in safe-path mode.
    sys.path[: not sys.flags.safe_path] = [str(path.parent.resolve())]
    with one_thread(), get_ipython():
        runpy.run_path(str(path), run_name="__main__")
    if backend := sys.modules.get("zerokara.classic.backend"):
        backend.FigureManager.finish()
