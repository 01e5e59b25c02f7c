"""The short help of the commands with many options: those that matter most, on one screen."""

import inspect
import textwrap
from collections.abc import Sequence
from dataclasses import fields

from zerokara.cli.show import print_line
from zerokara.cli.terminal import PlainConsole
from zerokara.space.hyperparameters import HYPERPARAMETERS, to_text
from zerokara.study.defaults import USUAL
from zerokara.study.settings import SearchSettings

FLAGS = ("--help", "-h")
ALL = "--help-all"
SHORT: dict[str, dict[str, str]] = {
    "tune": {
        "--target COLUMN": "the column of a table to predict",
        "--train-size N": "use only the first N training samples",
        "--trials N": "the number of trials",
        "--epochs N": "passes over the training samples",
        "--search NAME=RANGE": "a range to search, such as lr=log:1e-4:1e-1",
        "--hidden SIZES": "the sizes of the hidden layers, such as 100,50",
        "--rank METRIC": "the metric that decides, such as accuracy or f1",
        "--seed N": "the seed of all random draws",
        "--workers N": "the number of threads, or processes",
        "--out FOLDER": "the folder for the results; else runs/DATASET-N",
    },
    "train": {
        "--target COLUMN": "the column of a table to predict",
        "--train-size N": "use only the first N training samples",
        "--from RUN": "the options of a run; with its winner, or --trial N",
        "--epochs N": "passes over the training samples",
        "--hidden SIZES": "the sizes of the hidden layers, such as 100,50",
        "--lr RATE": "the learning rate",
        "--optimizer NAME": "sgd, momentum, rmsprop, adam, adamw and others",
        "--patience N": "stop after N epochs without improvement",
        "--seed N": "the seed of all random draws",
        "--out FOLDER": "the folder for the results; else runs/DATASET-N",
    },
}
"""The ten options of each command, with what they take and do."""
DATASET = (
    ("DATASET", "digits, mnist, fashion-mnist, cifar10, a .npz file, a"),
    ("", "folder of pictures, or a table's file"),
)
OPTION_WIDTH, SCREEN_WIDTH = 20, 79
"""The width of the column of options, and of the screen."""


def print_short_help(tokens: Sequence[str], commands: dict[str, object]) -> bool:
    """Print the short help if these arguments of the command line ask for it; return whether they do."""
    command = tokens[0] if tokens else ""
    if command not in SHORT or not any(flag in tokens for flag in FLAGS):
        return False
    console = PlainConsole()
    about = (inspect.getdoc(commands[command]) or "").splitlines()
    example = next((line for line in about if line.startswith("Example:")), "")
    rows = [*DATASET, *((option, text + default_of(option)) for option, text in SHORT[command].items())]
    for line in (
        *(f"Usage: zerokara {command} DATASET [OPTIONS]", "", *_wrapped(about[0]), ""),
        *(f"  {option:<{OPTION_WIDTH}} {text}" for option, text in rows),
        *("", *_wrapped(example), f"All options: zerokara {command} {ALL}"),
    ):
        print_line(console, line)
    return True


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, SCREEN_WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def default_of(option: str) -> str:
    """Return the default of an option in brackets, if a number or a name says it.

    >>> default_of("--trials N"), default_of("--hidden SIZES"), default_of("--out FOLDER")
    (' [100]', ' [100,100]', '')
    """
    name = option.split()[0].removeprefix("--").replace("-", "_")
    defaults = {row.name: row.default for row in fields(SearchSettings)} | USUAL
    defaults |= {name: row.default for name, row in HYPERPARAMETERS.items()}
    value = defaults.get(name)
    return f" [{to_text(value)}]" if isinstance(value, int | float | str | tuple) else ""
