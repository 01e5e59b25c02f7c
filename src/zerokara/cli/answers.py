"""The commands that answer a question: evaluate, predict, export, gradcheck, data."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from zerokara import data as datasets
from zerokara.cli.held_out import unseen
from zerokara.cli.tables import is_table, show_inputs, test_of
from zerokara.data import Dataset
from zerokara.errors import InputError, ZerokaraError
from zerokara.model import Model
from zerokara.onnx import ports
from zerokara.pictures import is_image, read_picture, write_picture

BAR = 40
"""Characters of the bar of a probability of 1."""


def evaluate(console: Console, path: Path, dataset: str) -> int:
    """Print the score of a model on a dataset's test samples."""
    model = Model.load(path)
    if is_table(dataset) and not model.encoder:
        raise InputError(f"the model {path} was not trained on a table, and takes no rows of one, got {dataset}")
    data, part, which = test_of(model, dataset) if model.encoder else _test_part(model, datasets.load(dataset))
    _, score = model.evaluate(data, part)
    count = len(getattr(data, part))
    _say(console, f"{model.metric} on the {count:,} {which}: {score:.4f}")
    if model.task == "regression":
        errors = zip(model.classes, model.error(data, part), model.absolute_error(data, part), strict=True)
        for name, root, mean in errors:
            _say(console, f"error of {name}, root mean square: {root:.6g}, mean absolute: {mean:.6g}")
    return 0


def _test_part(model: Model, data: Dataset) -> tuple[Dataset, str, str]:
    """Return the data with the part that the model has never seen, and what that part is."""
    if data.test is not None:
        return data, "test", f"test samples of {data.name}"
    return unseen(model, data, "samples", data.name)


def predict(console: Console, path: Path, given: str | None, index: int | None, picture: Path | None) -> int:
    """Predict one sample, or ask for one after the other."""
    model = Model.load(path)
    if model.encoder:
        raise InputError(
            f"the model {path} takes the rows of a table, a CSV or Parquet file, got {given or 'no input'}"
        )
    if given is None:
        return _ask(console, model, index, picture)
    if index is None:
        found = read_picture(given, model.sample_shape, model.about.get("pixels"))
        for note in found.notes:
            _say(console, f"note: {note}")
        answer(console, model, found.x)
    else:
        sample(console, model, datasets.load(given), index, picture)
    return 0


def _ask(console: Console, model: Model, index: int | None, picture: Path | None) -> int:
    """Ask for samples until there is an empty answer: a number of the model's dataset, or a picture's path."""
    if index is not None:
        raise InputError(f"--index {index} needs the dataset that it counts in: predict MODEL DATASET --index {index}")
    name = model.about.get("dataset")
    what = f"a picture's path, or a number in {name}" if name else "a picture's path"
    if not (typed := sys.stdin.isatty()):
        _say(console, "reading samples from the input, one a line")
    while True:
        try:
            text = console.input(f"{what} (empty to end): ").strip()
        except EOFError:
            text = ""
        if not typed:
            _say(console, text)  # A terminal shows what is typed.
        if not text:
            return 0
        try:
            if name and text.removeprefix("-").isdecimal():
                sample(console, model, datasets.load(str(name)), int(text), picture)
            else:
                answer(console, model, read_picture(text, model.sample_shape, model.about.get("pixels")).x)
        except ZerokaraError as error:
            _say(console, str(error))


def sample(console: Console, model: Model, data: Dataset, index: int, picture: Path | None) -> None:
    """Predict one sample of a dataset: its test samples first if it brings some, else all its samples."""
    part, which = (data.test, "test samples") if data.test is not None else (data.train, "samples")
    if not 0 <= index < len(part):
        raise InputError(f"the {which} of {data.name} are 0 to {len(part) - 1}, got --index {index}")
    x = part.x[index]
    answer(console, model, x)
    truth = part.t[index]
    if data.task == "classification":
        _say(console, f"truth: {data.classes[int(truth)]}")
    else:
        _say(console, "truth: " + ", ".join(f"{n} {v:g}" for n, v in zip(data.classes, truth, strict=True)))
    if is_image(data.sample_shape):
        path = picture or Path(tempfile.gettempdir()) / f"zerokara-{data.name}-{index}.png"
        _say(console, f"picture: {write_picture(path, x, data.sample_shape, model.about.get('pixels'))}")


def answer(console: Console, model: Model, x: Any) -> None:
    """Print what a model says of one sample, or of the first of some, with a bar for each probability."""
    if model.task == "regression":
        values = model.predict(x)[0]
        for name, value in zip(model.classes, values, strict=True):
            _say(console, f"{name}: {value:.6g}")
        return
    probabilities = model.predict_proba(x)[0]
    chosen = [int(probabilities.argmax())] if model.task == "classification" else np.flatnonzero(probabilities > 0.5)
    width = max(map(len, model.classes))
    for k, (name, p) in enumerate(zip(model.classes, probabilities, strict=True)):
        mark = "<" if k in chosen else ""
        _say(console, f"{name:>{width}} {p:6.4f} {'█' * round(BAR * float(p)):<{BAR}} {mark}".rstrip())
    _say(console, "answer: " + (", ".join(model.classes[k] for k in chosen) or "none of the labels"))


def export(console: Console, path: Path, out: Path, force: bool) -> int:
    """Write a model as an ONNX file and say what goes in and what comes out."""
    if out.suffix != ".onnx":
        raise InputError(f"OUT must be a name that ends in .onnx, got {out}: export MODEL OUT.onnx")
    if out.exists() and not force:
        raise InputError(f"{out} must not exist yet: name another file, or add --force to replace it")
    model = Model.load(path)
    written = model.to_onnx(out)
    given, said = ports(written)
    answer = ", ".join(f"{each.name} {each.shape}" for each in said)
    if model.encoder is None:
        for x in given:
            _say(console, f"{written}: {x.name} {x.shape} {x.kind}, in the data's own units -> {answer}")
        return 0
    _say(console, f"{written}: raw rows, each column an input {given[0].shape} -> {answer}")
    show_inputs(console, given)
    return 0


def import_weights(console: Console, path: Path, activation: str, out: Path | None, dataset: str | None) -> int:
    """Write pickled weights as a model file."""
    from zerokara.model.weights import from_weights
    from zerokara.unpickle import load_pickle

    params = load_pickle(path)
    data = None if dataset is None else datasets.load(dataset)
    try:
        model = from_weights(params, activation, data, {"imported": path.name})
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    out = path.with_suffix(".safetensors") if out is None else out
    model.save(out)
    layers = [layer for layer in model.network.layers if layer.parameters]
    sizes = "-".join(str(layer.shapes()["W"][0]) for layer in layers)
    _say(console, f"{sizes}-{len(model.classes)}, {activation}: {out}")
    return 0


def gradcheck(console: Console) -> int:
    """Print the gradient check of every case and return 1 if any fails."""
    from zerokara.nn.cases import CASES
    from zerokara.nn.gradcheck import TOLERANCE
    from zerokara.nn.gradcheck import gradcheck as check

    table = Table("case", "parameters checked", "largest relative error", "")
    failed = 0
    for case in CASES:
        checks = check(
            case.network("float64"),
            case.loss(),
            case.x,
            case.t,
            weights=case.weights,
            weight_decay=case.weight_decay,
        )
        passed = all(each.passed for each in checks)
        failed += not passed
        names = ", ".join(each.name for each in checks)
        table.add_row(case.name, names, f"{max(each.error for each in checks):.1e}", "ok" if passed else "WRONG")
    console.print(table)
    verdict = "every gradient is right" if not failed else f"{failed} of {len(CASES)} cases are wrong"
    _say(console, f"{verdict}: written against numerical, float64, tolerance {TOLERANCE:g}")
    return 1 if failed else 0


def data_list(console: Console) -> int:
    """Print the named datasets and where each is."""
    rows = datasets.available()
    width = max(len(row.name) for row in rows)
    for row in rows:
        _say(console, f"{row.name:<{width}}  {row.description}: {row.where}")
    return 0


def data_fetch(console: Console, name: str) -> int:
    """Bring a dataset to this machine."""
    _say(console, f"{name}: {datasets.fetch(name)}")
    return 0


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True, markup=False)
