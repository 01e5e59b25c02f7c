"""The command line: its commands and exit codes."""

import errno
import sys
import warnings
from typing import Any, Literal

from cyclopts import App, CycloptsPanel, Parameter

from zerokara import signals
from zerokara.cli import search
from zerokara.cli.options import from_files
from zerokara.cli.short_help import ALL, FLAGS, print_short_help
from zerokara.cli.show import print_line
from zerokara.cli.terminal import GONE, PlainConsole, print_csv, print_error, printable, safe_streams
from zerokara.errors import InputError, ZerokaraError, ZerokaraWarning, install
from zerokara.version import __version__

DEPENDENCIES = {
    "filelock": "filelock",
    "platformdirs": "platformdirs",
    "safetensors": "safetensors",
    "threadpoolctl": "threadpoolctl",
    "tomli_w": "tomli-w",
}
"""Modules that an installation to serve models may lack, and their names for pip."""
Shell = Literal["bash", "zsh", "fish"]
SHORT_HELP: dict[str, object] = {"tune": search.run_tune, "train": search.run_train}

app = App(
    name="zerokara",
    help="Neural networks from first principles on NumPy, tuned by training whole populations at once.",
    version=__version__,
    default_parameter=Parameter(negative=()),
    help_flags=[*FLAGS, ALL],
    help_format="markdown",
    config=from_files,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
    error_formatter=lambda error: CycloptsPanel(printable(str(error), keep="\n")),
)
data_app = App(name="data", help="The datasets with a name.")
app.command(data_app)
app.command(search.run_tune, name="tune")
app.command(search.run_resume, name="resume")
app.command(search.run_train, name="train")
# As texts: these are imported when they run.
app.command("zerokara.cli.trials:run_trials", name="trials")
app.command("zerokara.cli.pages:run_report", name="report")
app.command("zerokara.cli.pages:run_board", name="board")
app.command("zerokara.cli.commands:run_evaluate", name="evaluate")
app.command("zerokara.cli.commands:run_predict", name="predict")
app.command("zerokara.cli.commands:run_import", name="import")
app.command("zerokara.cli.commands:run_export", name="export")
app.command("zerokara.cli.numbers.gradcheck:run_gradcheck", name="gradcheck")
app.command("zerokara.cli.numbers.inspect:run_inspect", name="inspect")
app.command("zerokara.cli.info:run_info", name="info")
data_app.command("zerokara.cli.commands:run_data_list", name="list")
data_app.command("zerokara.cli.commands:run_data_fetch", name="fetch")


@app.command(name="completion")
def run_completion(shell: Shell | None = None, /, *, install: bool = False) -> int:
    """Print the completion script of a shell, or install it: then Tab completes commands and options.

    Example: zerokara completion bash --install

    Args:
        shell: bash, zsh or fish. [default: the shell that runs this]
        install: write the script to the shell's folder, and load it in the shell's startup file.
    """
    from cyclopts.completion import detect_shell

    try:
        name = shell or detect_shell()
    except RuntimeError as error:
        raise InputError("a completion is for bash, zsh or fish, got an unknown shell: name it") from error
    if not install:
        print_csv(app.generate_completion(shell=name))
        return 0
    print_line(PlainConsole(), f"written: {app.install_completion(shell=name)}; start a new shell to use it")
    return 0


def run(tokens: list[str]) -> int:
    """Run a command and return its exit code, without those of signals."""
    with safe_streams() as output, warnings.catch_warnings():
        warnings.simplefilter("always", ZerokaraWarning)
        warnings.showwarning = _print_warning
        code = _run(tokens)
        output.flush()
        if error := output.error:
            if error.errno not in GONE:
                print_error(f"standard output must be writable, got: {error.strerror}; free disk space")
            return code or 1
        return code


def _run(tokens: list[str]) -> int:
    try:
        if print_short_help(tokens, SHORT_HELP):
            return 0
        return app(tokens) or 0  # None after --help.
    except ZerokaraError as error:
        print_error(str(error))
        return error.exit_code
    except ModuleNotFoundError as error:
        package = DEPENDENCIES.get((error.name or "").partition(".")[0])
        if package is None:
            raise
        print_error(f"this command needs {package}, which is not installed: {install(package)}")
        return InputError.exit_code
    except MemoryError as error:
        print_error(f"not enough memory ({error}): use smaller layers or fewer workers")
    except OSError as error:
        file = f": {error.filename}" if error.filename else ""
        limit = ". Raise the limit with ulimit -n" if error.errno in (errno.EMFILE, errno.ENFILE) else ""
        print_error(f"{error.strerror or error}{file}{limit}")
    except Exception as error:
        if not signals.exit_code():
            raise
        # What a signal has interrupted fails in many ways.
        print_error(f"interrupted ({type(error).__name__}: {error})")
    return 1


def _print_warning(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    """Print a warning of zerokara as a note, other warnings as Python does."""
    note = f"note: {printable(str(message))}\n"
    ours = issubclass(category, ZerokaraWarning)
    sys.stderr.write(note if ours else warnings.formatwarning(message, category, *place[:2]))
