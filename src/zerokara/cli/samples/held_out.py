"""Which samples of a dataset a model was not trained on."""

import warnings

from zerokara.cli.samples.tables import read_table
from zerokara.data import Dataset, available, load
from zerokara.data.counts import as_counts
from zerokara.data.table_files.reading import is_table
from zerokara.errors import InputError, ZerokaraWarning
from zerokara.model import Model
from zerokara.nn.regression_losses import POISSON
from zerokara.pictures import is_image


def load_like(model: Model, dataset: str) -> Dataset:
    """Return a dataset, with the pictures of a folder in the shape of the model's."""
    return load(dataset, sample_shape=model.sample_shape if is_image(model.sample_shape) else None)


def load_held_out(model: Model, dataset: str, encoding: str | None = None) -> tuple[Dataset, str, str]:
    """Return the dataset of a name, for a model's table prepared as its rows were, and the same as `held_out`."""
    if model.first.encoder:
        return held_out(model, read_table(model, dataset, encoding), "rows", dataset)
    if is_table(dataset):
        raise InputError(f"the model was not trained on a table, got {dataset}: name a dataset of samples")
    return held_out(model, load_like(model, dataset))


def held_out(model: Model, data: Dataset, noun: str = "samples", name: str = "") -> tuple[Dataset, str, str]:
    """Return the data, the part of them that the model was not trained on, and what to call that part.

    If the dataset has no test samples, but is the one that the model was trained on, it is split again as it was then.
    Datasets are compared by hash, not by name: all samples of another one are new.
    """
    name = name or data.name
    if data.test is not None:
        return data, "test", f"test {noun} of {name}"
    again = _as_trained(model, data)
    if again is None:
        return data, "train", f"{noun} of {name}"
    if again.test is None:
        return data, "train", f"{noun} of {name}, on which the model was trained"
    return again, "test", f"test {noun} of {name}, held out when the model was trained"


def own_data(model: Model) -> Dataset | None:
    """Return the dataset with a name that a model was trained on, if it is on this machine: nothing is downloaded.

    A folder or a file may have the name of another dataset, so its content decides.
    """
    name = model.about.get("dataset")
    if name not in {row.name for row in available() if not row.where.startswith("not downloaded")}:
        return None
    data = load(name)
    return data if _as_trained(model, data) is not None else None


def _as_trained(model: Model, data: Dataset) -> Dataset | None:
    """Return the data, split again as in training, if they are those that the model was trained on."""
    settings = model.about.get("split_settings") or {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ZerokaraWarning)  # It was warned of the split when it was trained.
            used = data.first(settings["train_size"]) if settings.get("train_size") else data
            sizes = (settings.get("validation"), settings.get("test"))
            # What was never split keeps its order.
            again = used.split(*sizes, settings.get("seed", 0), bool(settings.get("stratify"))) if any(sizes) else used
            kind = model.first.preprocess.kind
            trained = again if again.preprocess.kind == kind else again.scaled(kind)
            trained = as_counts(trained) if model.about.get("loss") == POISSON else trained
    except InputError:  # Too few, or of other classes.
        return None
    pooled = trained.pooled() if model.about.get("refit") else trained
    return again if pooled.fingerprint() == model.about.get("data_sha256") else None
