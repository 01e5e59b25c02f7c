"""The data of a run: loaded, split and scaled as its options say."""

import warnings
from collections.abc import Mapping
from typing import Any

from zerokara.data import Dataset, as_dataset, load
from zerokara.data.dataset import DEFAULT_VALIDATION
from zerokara.data.loaders.given import divided
from zerokara.errors import ZerokaraWarning

COLUMN_OPTIONS = ("drop", "categories", "max_categories", "missing", "decimal", "encoding", "weights")
"""The options of a table."""


def load_data(options: Mapping[str, Any]) -> Dataset:
    """Return the dataset that the options of the command line name, or the same keys of a run's config.

    Raises:
        InputError: there is no such dataset, or an option does not fit it.
    """
    given = {name: options[name] for name in COLUMN_OPTIONS if options.get(name) not in ((), [], None)}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "columns left out", ZerokaraWarning)  # The description of the data has them.
        data = load(options["dataset"], options.get("target"), options.get("task"), size=options.get("size"), **given)
    if options.get("train_size") is not None:
        data = data.first(options["train_size"])
    validation, test = options.get("validation", DEFAULT_VALIDATION), options.get("test")
    validation = validation(data) if callable(validation) else validation or None
    test = None if data.test is not None else test or None
    return divided(data, validation, test, options["seed"], options.get("stratify"), options.get("scaling", "auto"))


def data_again(config: Mapping[str, Any], data: Any, **given: Any) -> Dataset:
    """Return the data of a run, in any form that `tune` takes, with what its config has of their split."""
    names = ["target", "task", "validation", "test", "stratify"]
    if isinstance(data, Dataset):
        names = names[2:] if data.validation is None and config.get("folds", 1) == 1 else []
    elif isinstance(data, tuple):
        names.remove("target")
    recorded = {"validation": None} | {name: config.get(name) or None for name in names}
    if "stratify" in names:
        recorded["stratify"] = config.get("stratify")  # False is another split than none.
    asked = {name: value for name, value in given.items() if value is not None}
    return as_dataset(data, seed=config["seed"], **recorded | asked)
