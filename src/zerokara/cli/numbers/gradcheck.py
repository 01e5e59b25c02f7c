"""The command gradcheck: every layer and loss, or one network with its numbers."""

from inspect import signature
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter
from rich.table import Table

from zerokara.checks import check_counts
from zerokara.cli.options import DataOptions, NetworkOptions, given
from zerokara.cli.show import print_line
from zerokara.cli.terminal import PlainConsole
from zerokara.data.counts import as_counts
from zerokara.nn import gradcheck
from zerokara.nn.cases import CASES
from zerokara.nn.gradients.differences import require_step
from zerokara.nn.gradients.subjects import TOLERANCE
from zerokara.nn.regression_losses import POISSON
from zerokara.space.hyperparameters import HYPERPARAMETERS
from zerokara.train.build import build

ENTRIES = Parameter(show_default=False)
LIBRARY_DEFAULTS = {name: each.default for name, each in signature(gradcheck).parameters.items()}


def run_gradcheck(
    data: str | None = None,
    *,
    network: NetworkOptions = NetworkOptions(),  # type: ignore[valid-type]
    entry: Annotated[tuple[str, ...], ENTRIES] = (),
    loss: str | None = None,
    samples: int = LIBRARY_DEFAULTS["samples"],
    entries: int = LIBRARY_DEFAULTS["entries"],
    h: float = LIBRARY_DEFAULTS["h"],
    seed: int = LIBRARY_DEFAULTS["seed"],
    options: DataOptions = DataOptions(),
) -> int:
    """Compare the gradients of a network with numerical ones; without options, of every layer, activation and loss.

    Example: zerokara gradcheck digits --hidden 50 --activation sigmoid --entry "W1[20,7]"

    The network has the options under Network, and its initial weights. The table has a row for each parameter, by the
    names of the book: W1, b1, gamma1, beta1, W2 ... A relative error below 1e-6 is right, one above 0.01 is wrong.

    Args:
        data: a dataset, as for tune. [default: digits, if the network has options]
        entry: an element whose two gradients are printed, such as W1[3,7]; may be repeated.
        loss: of a regression: squared, absolute, huber[:DELTA] or poisson. [default: that of the task]
        samples: the first training samples that the loss is computed of.
        entries: the elements of each parameter that are checked at most: those with the largest gradients, and others.
        h: the step of the differences.
        seed: the seed of the initial weights, of the split and of the dropout masks.
    """
    params = given(network)
    how: dict[str, Any] = {"samples": samples, "entries": entries, "h": h, "seed": seed}
    plain = options == DataOptions() and how == {name: LIBRARY_DEFAULTS[name] for name in how}
    if plain and data is None and loss is None and not (params or entry):
        return _check_all()
    check_counts(1, samples=samples, entries=entries)
    check_counts(0, seed=seed)
    require_step(h)
    loaded = options.load(data or "digits", seed)
    loaded = as_counts(loaded) if loss == POISSON else loaded
    values = {name: row.default for name, row in HYPERPARAMETERS.items()} | params
    run = build(values, loaded, seed=seed, dtype=np.float64, loss=loss)
    result = gradcheck(run.network, loaded, run.loss, weight_decay=values["weight_decay"], **how)
    shown = [result.entry(text) for text in entry]  # An entry that is not there is an error before any output.
    console = PlainConsole()
    for part in (result, *shown):
        for line in repr(part).splitlines():
            print_line(console, line)
        print_line(console, "")
    return 0 if result.ok else 1


def _check_all() -> int:
    console, table = PlainConsole(), Table("case", "parameters checked", "largest relative error", "")
    failed = 0
    for case in CASES:
        pair = case.x, case.t
        result = gradcheck(
            case.network("float64"),
            pair,
            case.loss(),
            weights=case.weights,
            weight_decay=case.weight_decay,
            entries=None,
        )
        failed += not result.ok
        names = ", ".join(each.name for each in result)
        table.add_row(case.name, names, f"{max(each.error for each in result):.1e}", "ok" if result.ok else "WRONG")
    console.print(table)
    conclusion = "every gradient is right" if not failed else f"{failed} of {len(CASES)} cases are wrong"
    print_line(console, f"{conclusion}: analytical against numerical, float64, tolerance {TOLERANCE:g}")
    return 1 if failed else 0
