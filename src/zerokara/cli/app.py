"""The command line: its commands and exit codes."""

import os
import sys
import warnings
from typing import Any

from cyclopts import App, Parameter

from zerokara.cli import commands, search
from zerokara.cli.options import from_files
from zerokara.errors import ZerokaraError, ZerokaraWarning
from zerokara.version import __version__

app = App(
    name="zerokara",
    help="Neural networks from first principles on NumPy, tuned by training whole populations at once.",
    version=__version__,
    default_parameter=Parameter(negative=()),
    help_format="markdown",
    config=from_files,
    result_action="return_value",
)
data_app = App(name="data", help="The datasets with a name.")
app.command(data_app)
app.command(search.run_tune, name="tune")
app.command(search.run_resume, name="resume")
app.command(search.run_train, name="train")
app.command(commands.run_evaluate, name="evaluate")
app.command(commands.run_predict, name="predict")
app.command(commands.run_import, name="import")
app.command(commands.run_export, name="export")
app.command(commands.run_gradcheck, name="gradcheck")
data_app.command(commands.run_data_list, name="list")
data_app.command(commands.run_data_fetch, name="fetch")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0, 2 for bad input, 1 for an external failure, 130 after Ctrl-C."""
    tokens = sys.argv[1:] if arguments is None else arguments
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", ZerokaraWarning)
            warnings.showwarning = _print_warning
            code = app(tokens)
        sys.stdout.flush()
    except ZerokaraError as error:
        print(f"zerokara: {error}", file=sys.stderr)
        code = error.exit_code
    except MemoryError as error:
        print(f"zerokara: not enough memory ({error}): use smaller layers or fewer workers", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # The reader of the output has closed it: print nothing more, not even Python's own message at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)


def _print_warning(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    """Print a warning of zerokara as a note, other warnings as Python does."""
    text = f"note: {message}\n" if issubclass(category, ZerokaraWarning) else None
    sys.stderr.write(text or warnings.formatwarning(message, category, *place[:2]))
