"""The commands evaluate, predict, export, import, gradcheck and data."""

import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from zerokara import data as datasets
from zerokara.cli.held_out import held_out
from zerokara.cli.show import print_inputs, print_line, print_note, print_prediction
from zerokara.cli.tables import read_table
from zerokara.data import Dataset
from zerokara.data.columns.table_file import is_table
from zerokara.errors import InputError, ZerokaraError
from zerokara.model import Model
from zerokara.onnx import read_signature
from zerokara.pictures import is_image, read_picture, write_picture


def run_evaluate(console: Console, path: Path, dataset: str) -> int:
    """Print the score of a model on a dataset's test samples."""
    model = Model.load(path)
    if is_table(dataset) and not model.encoder:
        raise InputError(f"the model {path} was not trained on a table, got {dataset}: name a dataset of samples")
    data = read_table(model, dataset) if model.encoder else datasets.load(dataset)
    data, part, which = held_out(model, data, "rows", dataset) if model.encoder else held_out(model, data)
    _, score = model.evaluate(data, part)
    print_line(console, f"{model.metric} on the {len(getattr(data, part)):,} {which}: {score:.4f}")
    if model.task == "regression":
        errors = zip(model.classes, model.error(data, part), model.absolute_error(data, part), strict=True)
        for name, root, mean in errors:
            print_line(console, f"error of {name}, root mean square: {root:.6g}, mean absolute: {mean:.6g}")
    return 0


def run_predict(console: Console, path: Path, given: str | None, index: int | None, picture: Path | None) -> int:
    """Predict one sample, or ask for samples."""
    model = Model.load(path)
    if model.encoder:
        raise InputError(
            f"the model {path} takes the rows of a table, a CSV or Parquet file, got {given or 'no input'}"
        )
    if given is None:
        return _ask(console, model, index, picture)
    if index is None:
        read = read_picture(given, model.sample_shape, model.about.get("pixels"))
        for note in read.notes:
            print_note(console, note)
        print_prediction(console, model, read.x)
    else:
        _predict_sample(console, model, datasets.load(given), index, picture)
    return 0


def _ask(console: Console, model: Model, index: int | None, picture: Path | None) -> int:
    """Ask for samples until an empty line: an index of the model's dataset, or a picture's path."""
    if index is not None:
        raise InputError(f"--index {index} needs a dataset: predict MODEL DATASET --index {index}")
    name = model.about.get("dataset")
    what = f"a picture's path, or a number in {name}" if name else "a picture's path"
    if not (typed := sys.stdin.isatty()):
        print_line(console, "reading samples from standard input, one per line")
    while True:
        try:
            text = console.input(f"{what} (empty to end): ").strip()
        except EOFError:
            text = ""
        if not typed:
            print_line(console, text)  # A terminal shows what is typed.
        if not text:
            return 0
        try:
            if name and text.removeprefix("-").isdecimal():
                _predict_sample(console, model, datasets.load(str(name)), int(text), picture)
            else:
                print_prediction(console, model, read_picture(text, model.sample_shape, model.about.get("pixels")).x)
        except ZerokaraError as error:
            print_line(console, str(error))


def _predict_sample(console: Console, model: Model, data: Dataset, index: int, picture: Path | None) -> None:
    """Predict one sample of a dataset: of its test samples if it has any, else of all samples."""
    part, which = (data.test, "test samples") if data.test is not None else (data.train, "samples")
    if not 0 <= index < len(part):
        raise InputError(f"the {which} of {data.name} are 0 to {len(part) - 1}, got --index {index}")
    x = part.x[index]
    print_prediction(console, model, x)
    truth = part.t[index]
    if data.task == "classification":
        print_line(console, f"truth: {data.classes[int(truth)]}")
    else:
        print_line(console, "truth: " + ", ".join(f"{n} {v:g}" for n, v in zip(data.classes, truth, strict=True)))
    if is_image(data.sample_shape):
        path = picture or Path(tempfile.gettempdir()) / f"zerokara-{data.name}-{index}.png"
        print_line(console, f"picture: {write_picture(path, x, data.sample_shape, model.about.get('pixels'))}")


def run_export(console: Console, path: Path, out: Path, force: bool) -> int:
    """Write a model as an ONNX file and print its inputs and outputs."""
    if out.suffix != ".onnx":
        raise InputError(f"OUT must end in .onnx, got {out}: export MODEL OUT.onnx")
    if out.exists() and not force:
        raise InputError(f"{out} already exists: name another file, or add --force to replace it")
    model = Model.load(path)
    written = model.to_onnx(out)
    inputs, outputs = read_signature(written)
    result = ", ".join(f"{output.name} {output.shape}" for output in outputs)
    if model.encoder is None:
        for x in inputs:
            print_line(console, f"{written}: {x.name} {x.shape} {x.kind}, in the data's own units -> {result}")
        return 0
    print_line(console, f"{written}: raw rows, each column an input {inputs[0].shape} -> {result}")
    print_inputs(console, inputs)
    return 0


def run_import(console: Console, path: Path, activation: str, out: Path | None, dataset: str | None) -> int:
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
    print_line(console, f"{sizes}-{len(model.classes)}, {activation}: {out}")
    return 0


def run_gradcheck(console: Console) -> int:
    """Print the gradient check of every case and return 1 if any fails."""
    from zerokara.nn.cases import CASES
    from zerokara.nn.gradcheck import TOLERANCE, gradcheck

    table = Table("case", "parameters checked", "largest relative error", "")
    failed = 0
    for case in CASES:
        checks = gradcheck(
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
    result = "every gradient is right" if not failed else f"{failed} of {len(CASES)} cases are wrong"
    print_line(console, f"{result}: analytical against numerical, float64, tolerance {TOLERANCE:g}")
    return 1 if failed else 0


def run_data_list(console: Console) -> int:
    """Print the named datasets and where each is."""
    rows = datasets.available()
    width = max(len(row.name) for row in rows)
    for row in rows:
        print_line(console, f"{row.name:<{width}}  {row.description}: {row.where}")
    return 0


def run_data_fetch(console: Console, name: str) -> int:
    """Download a dataset."""
    print_line(console, f"{name}: {datasets.fetch(name)}")
    return 0
