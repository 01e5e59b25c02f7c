"""The entry point: it handles signals before the slow imports, and ends with the exit code."""

import gc
import os
import sys

from zerokara import signals

COMMAND_LINE = ("cyclopts", "rich")
"""The packages that only the command line needs."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0, 2 for bad input, 1 for an external failure, 128 plus a signal's number.

    Ctrl-C, SIGTERM and SIGHUP end every command in the same order: what a search has trained is kept. A signal that is
    ignored when the command starts, as SIGHUP by nohup, stays ignored.

    Args:
        arguments: by default those of the process, which then ends with this call.
    """
    signals.forget()
    open_closed_streams()
    # Until there is something to keep, and after it was kept, a signal ends the process at once.
    idle = signals.end_at_once if arguments is None else signals.interrupt
    before, hook = signals.handle(idle), sys.unraisablehook
    sys.unraisablehook = signals.send_again
    try:
        try:
            if arguments is None:
                # All products of a command are computed by one thread, see `zerokara.blas`: others would only wait.
                os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
                gc.disable()  # What is imported stays: to search it for garbage again and again takes long.
            try:
                from zerokara.cli.app import run
            except ModuleNotFoundError as error:
                if error.name not in COMMAND_LINE:
                    raise
                packages = " ".join(COMMAND_LINE)
                sys.exit(f"zerokara: the command line needs {error.name}: python -m pip install {packages}")

            if arguments is None:
                gc.freeze()
                gc.enable()
                gc.set_threshold(20_000)  # Fewer searches: a search and its pictures make little garbage.
            signals.handle(signals.interrupt)
            code = run(sys.argv[1:] if arguments is None else arguments)
        finally:
            signals.handle(idle)
            if arguments is not None:
                signals.restore_handlers(before)
                sys.unraisablehook = hook
    except KeyboardInterrupt:
        code = 0
        exec("")  # Else Python ends by SIGINT if code from a text was interrupted, as in the decorator of a dataclass.
    if arguments is None:
        gc.freeze()  # Else Python searches everything for garbage several times before it ends.
    sys.exit(signals.exit_code(code))


def open_closed_streams() -> None:
    """Open standard streams that are closed, as by ``>&-``: else the next file that is opened would be one of them."""
    for number, (name, mode) in enumerate({"stdin": "r", "stdout": "w", "stderr": "w"}.items()):
        if getattr(sys, name) is None:
            file = os.open(os.devnull, os.O_RDWR)
            if file != number:
                os.dup2(file, number)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))
