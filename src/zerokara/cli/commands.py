"""The commands evaluate, predict, export, import and data."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from zerokara import data as datasets
from zerokara.cli.samples.held_out import load_held_out, load_like, own_data
from zerokara.cli.samples.own_folder import own_folder
from zerokara.cli.samples.tables import predict_rows
from zerokara.cli.show import print_inputs, print_line, print_note, print_prediction
from zerokara.cli.terminal import PlainConsole
from zerokara.data import Dataset
from zerokara.data.table_files.reading import is_table
from zerokara.errors import InputError, ZerokaraError
from zerokara.model import Model
from zerokara.model.weights import from_weights
from zerokara.onnx import read_signature
from zerokara.pictures import is_image, read_picture, write_picture
from zerokara.unpickle import load_pickle


def run_evaluate(model: Path, dataset: str, /, *, encoding: str | None = None) -> int:
    """Print a model's accuracy on the test samples of a dataset (R2 and the error in units for regression).

    Args:
        model: a model file, such as a run's model.safetensors.
        dataset: as for tune.
        encoding: the encoding of a table's text file. [default: UTF-8, or found in the file]
    """
    console, loaded = PlainConsole(), Model.load(model)
    data, part, which = load_held_out(loaded, dataset, encoding)
    _, score = loaded.evaluate(data, part)
    print_line(console, f"{loaded.metric} on the {len(getattr(data, part)):,} {which}: {score:.4f}")
    if loaded.task == "regression":
        errors = zip(loaded.classes, loaded.error(data, part), loaded.absolute_error(data, part), strict=True)
        for name, root, mean in errors:
            print_line(console, f"error of {name}, root mean square: {root:.6g}, mean absolute: {mean:.6g}")
    return 0


def run_predict(
    model: Path,
    input: str | None = None,
    /,
    *,
    index: int | None = None,
    picture: Path | None = None,
    out: Path | None = None,
    keep_columns: Annotated[bool, Parameter(negative="")] = False,
    encoding: str | None = None,
) -> int:
    """Predict one sample and show the probability of every class; without INPUT, ask for samples.

    For a table's file, such as CSV, predict every row in order: the target, and the probability of every class.

    Args:
        model: a model file, such as a run's model.safetensors.
        input: a picture, with --index a dataset, or a table's file with the columns of training.
        index: the index of the sample in the dataset, from 0.
        picture: the file for the sample's picture. [default: a file in the user's cache]
        out: the CSV file for the predictions of a table. [default: they are printed]
        keep_columns: write the table's columns before the predictions.
        encoding: the encoding of a table's text file. [default: UTF-8, or found in the file]
    """
    console = PlainConsole()
    if input is not None and is_table(input):
        return predict_rows(console, model, input, index, out, keep_columns=keep_columns, encoding=encoding)
    if out is not None or keep_columns or encoding is not None:
        option = "--out" if out is not None else "--keep-columns" if keep_columns else "--encoding"
        raise InputError(
            f"{option} is for the rows of a table, such as a CSV file, got {input or 'no file'}: leave it out"
        )
    loaded = Model.load(model)
    if loaded.first.encoder:
        raise InputError(f"the model {model} takes the rows of a table, such as a CSV file, got {input or 'no input'}")
    if input is None:
        return _ask(console, loaded, index, picture)
    if index is None:
        _predict_picture(console, loaded, input)
    else:
        _predict_sample(console, loaded, load_like(loaded, input), index, picture)
    return 0


def _ask(console: Console, model: Model, index: int | None, picture: Path | None) -> int:
    """Ask for samples until an empty line: an index of the model's dataset, or a picture's path."""
    if index is not None:
        raise InputError(f"--index {index} needs a dataset: predict MODEL DATASET --index {index}")
    data = own_data(model)
    what = "a picture's path" if data is None else f"a picture's path, or a number in {data.name}"
    if not (typed := sys.stdin.isatty()):
        print_line(console, "reading samples from standard input, one per line")
    while True:
        try:
            text = console.input(f"{what} (empty to end): ", markup=False, emoji=False).strip()
        except EOFError:
            text = ""
        if not typed:
            print_line(console, text)  # A terminal shows what is typed.
        if not text:
            return 0
        try:
            if data is not None and text.removeprefix("-").isdecimal():
                _predict_sample(console, model, data, int(text), picture)
            else:
                _predict_picture(console, model, text)
        except ZerokaraError as error:
            print_line(console, str(error))


def _predict_picture(console: Console, model: Model, path: str) -> None:
    read = read_picture(path, model.sample_shape, model.about.get("pixels"))
    for note in read.notes:
        print_note(console, note)
    print_prediction(console, model, read.x)


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
        path = picture or own_folder("pictures") / f"{data.name}-{index}.png"
        print_line(console, f"picture: {write_picture(path, x, data.sample_shape, model.about.get('pixels'))}")


def run_export(model: Path, out: Path, /, *, force: bool = False) -> int:
    """Write a model as an ONNX file: raw samples or rows in, labels and probabilities out (needs the package onnx).

    Args:
        model: a model file, such as a run's model.safetensors.
        out: the file to write, such as digits.onnx.
        force: replace an existing file.
    """
    if out.suffix != ".onnx":
        raise InputError(f"OUT must end in .onnx, got {out}: export MODEL OUT.onnx")
    _require_new(out, force)
    console, loaded = PlainConsole(), Model.load(model)
    written = loaded.to_onnx(out)
    inputs, outputs = read_signature(written)
    result = ", ".join(f"{output.name} {output.shape}" for output in outputs)
    if loaded.first.encoder is None:
        for x in inputs:
            print_line(console, f"{written}: {x.name} {x.shape} {x.kind}, in the data's own units -> {result}")
        return 0
    print_line(console, f"{written}: raw rows, each column an input {inputs[0].shape} -> {result}")
    print_inputs(console, inputs)
    return 0


def _require_new(out: Path, force: bool) -> None:
    if out.exists() and not force:
        raise InputError(f"{out} already exists: name another file, or add --force to replace it")


def run_import(
    file: Path, /, *, activation: str, out: Path | None = None, dataset: str | None = None, force: bool = False
) -> int:
    """Convert pickled weights, a dict W1, b1, W2, b2, ... as courses save it, to a model file; the pickle is not run.

    Example: zerokara import weight_bias_params_0.pkl --activation sigmoid --dataset mnist --out model.safetensors

    Args:
        file: the pickle.
        activation: the activation of the hidden layers, which the file does not contain: relu, sigmoid, tanh,
            leaky_relu or gelu.
        out: the model file. [default: FILE with the suffix .safetensors]
        dataset: the training data, for the names of the classes. [default: classes 0, 1, ...]
        force: replace an existing file.
    """
    out = file.with_suffix(".safetensors") if out is None else out
    if out.suffix not in (".safetensors", ""):
        raise InputError(f"--out must end in .safetensors, got {out}: name such a file")
    _require_new(out, force)
    params = load_pickle(file)
    data = None if dataset is None else datasets.load(dataset)
    try:
        model = from_weights(params, activation, data, {"imported": file.name})
    except InputError as error:
        raise InputError(f"{file}: {error}") from error
    model.save(out)
    layers = [layer for layer in model.network.layers if layer.parameters]
    sizes = "-".join(str(layer.shapes()["W"][0]) for layer in layers)
    print_line(PlainConsole(), f"{sizes}-{len(model.classes)}, {activation}: {out}")
    return 0


def run_data_list() -> int:
    """List the datasets with a name, and where each is."""
    console, rows = PlainConsole(), datasets.available()
    width = max(len(row.name) for row in rows)
    for row in rows:
        print_line(console, f"{row.name:<{width}}  {row.description}: {row.where}")
    return 0


def run_data_fetch(name: str, /) -> int:
    """Download a dataset to the user's cache, and check its SHA-256.

    Args:
        name: mnist, fashion-mnist or cifar10.
    """
    print_line(PlainConsole(), f"{name}: {datasets.fetch(name)}")
    return 0
