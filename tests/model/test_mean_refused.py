"""Models that have no mean, and files of means that are damaged, are refused with the reason."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.model.folds import of_folds, rows, samples, table
from zerokara.data import from_table
from zerokara.errors import InputError
from zerokara.model import Model
from zerokara.model.file import pack, unpack
from zerokara.nn import mlp

OTHERS: dict[str, tuple[Any, str]] = {
    "no models": (lambda models: Model.mean([]), "a mean needs one model or more"),
    "a model alone": (lambda models: Model.mean(models[0]), "a mean needs one model or more, got .*: pass a list"),
    "a network": (lambda models: Model.mean([models[0].network]), "a mean needs one model or more"),
    "a weight too few": (lambda models: Model.mean(models, [1]), "the weights of 2 models must be a number for each"),
    "texts": (lambda models: Model.mean(models, ["a", "b"]), "the weights of 2 models must be a number for each"),
    "a weight below 0": (lambda models: Model.mean(models, [1, -1]), r"weights must be 0 or above, .*\[1, -1\]"),
    "no weight": (lambda models: Model.mean(models, [0, 0]), "weights must be 0 or above, and one above 0"),
    "NaN": (lambda models: Model.mean(models, [1, np.nan]), "weights must be finite"),
    "another task": (
        lambda models: Model.mean([models[0], of_folds(samples("multilabel"))[0]]),
        "must have the same task, got classification and multilabel",
    ),
    "other classes": (
        lambda models: Model.mean([models[0], replace(models[0], classes=("a", "b", "d"))]),
        "must have the same classes",
    ),
    "another shape": (
        lambda models: Model.mean([models[0], replace(models[0], sample_shape=(2, 2))]),
        "must have the same shape of samples",
    ),
    "another precision": (
        lambda models: Model.mean([models[0], Model.of(mlp(4, (), 3, dtype="float64"), samples("classification"))]),
        "the members of a mean must have one precision, got float32 and float64",
    ),
    "rows and samples": (
        lambda models: Model.mean([replace(models[0], classes=("high", "low", "middle")), of_table()]),
        r"the same shape of samples, got \(4,\) and rows of a table",
    ),
    "another target": (
        lambda models: Model.mean([of_table(), of_table(price="cost")]),
        "must have one target, got price and cost",
    ),
    "other columns": (
        lambda models: Model.mean([of_table(), of_table(garden="yard")]),
        "must have one set of columns",
    ),
}


def of_table(**renamed: str) -> Model:
    """Return a model of a table with other names of columns."""
    frame = rows().assign(price=lambda f: pd.cut(f["price"], 3, labels=["low", "middle", "high"]).astype(str))
    data = from_table(frame.rename(columns=renamed), renamed.get("price", "price"))
    return Model.of(mlp(data.n_inputs, (), 3), data)


@pytest.mark.parametrize("name", OTHERS)
def test_models_that_have_no_mean_are_refused(name) -> None:
    make, message = OTHERS[name]
    models = of_folds(samples("classification"))[:2]
    with pytest.raises(InputError, match=message):
        make(models)


def changed(description: dict[str, Any], arrays: dict[str, Any], case: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the content of a file of a mean with one part changed."""
    first, second = description["members"][:2]
    if case == "no members":
        description["members"] = []
    elif case == "members that are none":
        description["members"] = [1, 2]
    elif case == "a member too few":
        description["members"].pop()
    elif case == "a member too many":
        description["members"].append(first)
    elif case == "no weight":
        del first["weight"]
    elif case in WEIGHTS_IN_FILES:
        first["weight"] = WEIGHTS_IN_FILES[case]
    elif case == "another target":
        second["table"]["target"] = "cost"
    elif case == "another column":
        second["table"]["columns"][0]["name"] = "length"
    elif case == "another kind of column":
        second["table"]["columns"][0] |= {"kind": "boolean"}
        arrays["members.1.table.0"] = np.array([0.5, 0.0])
    elif case == "no table":
        del second["table"]
    elif case == "other layers":
        second["layers"] = first["layers"][:-1]
    elif case == "an array too many":
        arrays["members.1.network.9.W"] = np.ones((2, 2), np.float32)
    elif case == "an array of none":
        arrays["network.0.W"] = np.ones((2, 2), np.float32)
    elif case == "another sample shape":
        description["sample_shape"] = [4]
    elif case == "NaN in one":
        arrays["members.1.network.0.b"] = arrays["members.1.network.0.b"] * np.nan
    elif case == "two precisions":
        arrays |= {name: a.astype("f8") for name, a in arrays.items() if name.startswith("members.1.network.")}
    return description, arrays


WEIGHTS_IN_FILES = {
    "a weight of 0": 0.0,
    "a negative weight": -1.0,
    "a huge weight": 1e300,
    "a text": "1",
    "true": True,
}
UNSOUND = {
    "no members": "members must be a list of dict",
    "members that are none": "members must be a list of dict",
    "a member too few": "the arrays of its 4 members, got also 'members.4",
    "a member too many": "the scaling|shape|arrays|preprocessing",
    "no weight": "weight must be a float, got 'None'",
    "a weight of 0": "the weight of a member must be a number above 0 and below",
    "a negative weight": "the weight of a member must be a number above 0 and below",
    "a huge weight": "the weight of a member must be a number above 0 and below",
    "a text": "weight must be a float, got '1'",
    "true": "weight must be a float, got 'True'",
    "another target": "the members of a mean must have one target, got price and cost",
    "another column": "the members of a mean must have one set of columns",
    "another kind of column": "the members of a mean must have one set of columns|the scaling must be for",
    "no table": "it must contain the arrays of a network and of its scaling, got others",
    "other layers": "by its layers, the array",
    "an array too many": "by its layers, the array",
    "an array of none": "the arrays of its 5 members, got also 'network.0.W'",
    "another sample shape": "the table's columns must give the sample shape",
    "NaN in one": "got NaN or infinity in layer 0, b",
    "two precisions": "the members of a mean must have one precision",
}


@pytest.mark.parametrize("case", UNSOUND)
def test_a_file_with_a_right_hash_and_wrong_content_is_refused(case, tmp_path) -> None:
    sound = Model.mean(of_folds(table("regression"))).save(tmp_path / "mean.safetensors")
    path = tmp_path / "some.safetensors"
    path.write_bytes(pack(*changed(*unpack(sound.read_bytes()), case)))
    with pytest.raises(InputError, match=f"some.safetensors is not a valid model file: .*{UNSOUND[case]}"):
        Model.load(path)
