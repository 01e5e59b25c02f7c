"""Which samples of a dataset a model has never seen."""

from zerokara.data import Dataset
from zerokara.errors import InputError
from zerokara.model import Model


def unseen(model: Model, data: Dataset, noun: str, name: str) -> tuple[Dataset, str, str]:
    """Return the data, the part of them that the model has never seen, and what to call that part.

    Of the data that the model was trained on, cut again as they were then, these are the test samples. Data are
    the same by their hash, not by their name: all samples of others are new.
    """
    cut = model.about.get("split_settings") or {}
    try:
        whole = data.first(cut["train_size"]) if cut.get("train_size") else data
        again = whole.split(cut.get("validation"), cut.get("test"), cut.get("seed", 0), bool(cut.get("stratify")))
        trained = again if again.preprocess.kind == model.preprocess.kind else again.scaled(model.preprocess.kind)
    except InputError:  # Too few, or of other classes.
        return data, "train", f"{noun} of {name}"
    if trained.fingerprint() != model.about.get("data_sha256"):
        return data, "train", f"{noun} of {name}"
    if again.test is None:
        return data, "train", f"{noun} of {name}, on which the model was trained"
    return again, "test", f"test {noun} of {name}, held out when the model was trained"
