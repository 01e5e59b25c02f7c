"""Running a course script unmodified."""

import re
import sys
import tokenize
from pathlib import Path
from types import CodeType, ModuleType

from zerokara.blas import one_thread
from zerokara.classic.finder import install
from zerokara.classic.shell import get_ipython

USAGE = """python -m zerokara.classic SCRIPT [ARGS]

Run a script of "Deep Learning from Scratch" or CS231n, unmodified. Its common, dataset, cs231n, two_layer_net and
two_layer_net0 are your own modules, beside the script or in a folder that it adds to sys.path, and zerokara's for what
they lack; keras is zerokara's if it is not installed. Commands of IPython are skipped and listed. Without a display,
figures and pictures go to SCRIPT-1.png, SCRIPT-2.png, ... in the current folder."""


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
    module = sys.modules["__main__"] = ModuleType("__main__")
    module.__file__ = str(path)
    with one_thread(), get_ipython():
        exec(compiled(path), vars(module))
    if backend := sys.modules.get("zerokara.classic.backend"):
        backend.FigureManager.finish()


def compiled(path: Path) -> CodeType:
    """Return the code of a script, with two lines of converted notebooks skipped.

    ``from IPython import get_ipython`` would replace `zerokara.classic.shell.get_ipython` by a function that returns
    None. ``from __future__ import print_function``, which may stand in any cell of a notebook, is refused by Python
    below the first lines of a script, and does nothing.
    """
    with tokenize.open(path) as file:
        source = file.read()
    source = re.sub(r"^from IPython import get_ipython *$", "pass", source, flags=re.MULTILINE)
    try:
        return compile(source, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        if "__future__" not in str(error.msg):
            raise
        source = re.sub(r"^from __future__ import .*", "pass", source, flags=re.MULTILINE)
        return compile(source, str(path), "exec", dont_inherit=True)
