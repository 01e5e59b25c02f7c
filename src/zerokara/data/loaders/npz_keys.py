"""What the arrays of an .npz file are, by their names."""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from zerokara.data.loaders.layout import part_of
from zerokara.errors import InputError, warn

KEYS = ("x", "t", "x_val", "t_val", "x_test", "t_test", "weights", "classes")
"""The names that need no warning."""
SAMPLE_NAMES = ("x", "image", "images", "img", "imgs", "data", "features", "inputs", "samples")
TARGET_NAMES = ("t", "y", "label", "labels", "target", "targets")
OTHERS = {
    "classes": ("classes", "class_names", "label_names", "target_names"),
    "weights": ("weights", "sample_weight", "sample_weights"),
}
SIMILAR = 0.83
"""A name this similar to one of `KEYS` is taken for a typing error."""


def find_keys(names: Iterable[str], path: Path) -> dict[str, str]:
    """Return for each of `KEYS` that a file has the name of its array; warn of names that were guessed or ignored.

    >>> find_keys(["x", "t", "x_test", "t_test"], Path("a.npz"))["t_test"]
    't_test'
    """
    found: dict[str, list[str]] = {}
    ignored = []
    for name in names:
        if (key := _key(name)) is not None:
            found.setdefault(key, []).append(name)
        elif near := difflib.get_close_matches(name, KEYS, n=1, cutoff=SIMILAR):
            raise InputError(f"unknown array in {path}: {name!r}: did you mean {near[0]!r}? Known: {', '.join(KEYS)}")
        else:
            ignored.append(name)
    for key, several in found.items():
        if len(several) > 1:
            raise InputError(
                f"{path} must hold one array of {_meaning(key)}, got {' and '.join(several)}: save it with one of them"
            )
    keys = {key: name for key, (name,) in found.items()}
    if missing := [key for key in ("x", "t") if key not in keys]:
        got = ", ".join([*keys.values(), *ignored]) or "no arrays"
        raise InputError(
            f"{path} must hold training samples and targets, as x and t, X and y, x_train and y_train or train_images "
            f"and train_labels, got {got}: add {missing[0]}, as in numpy.savez(file, x=..., t=...)"
        )
    if ignored or any(name != key for key, name in keys.items()):
        used = ", ".join(f"{name} as {_meaning(key)}" for key, name in keys.items())
        warn(f"{path}: read {used}" + (f"; ignored {', '.join(ignored)}" if ignored else ""))
    return keys


def _key(name: str) -> str | None:
    """Return which of `KEYS` a name stands for: x_train, X_train, train_images, trainX and so on."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace("-", "_").replace(" ", "_").strip("_")
    for key, names in OTHERS.items():
        if words in names:
            return key
    parts = [part for word in words.split("_") if (part := part_of(word))]
    kinds = [word for word in words.split("_") if not part_of(word)]
    if len(parts) > 1 or len(kinds) != 1 or kinds[0] not in SAMPLE_NAMES + TARGET_NAMES:
        return None
    what = "x" if kinds[0] in SAMPLE_NAMES else "t"
    return what + {"train": "", "validation": "_val", "test": "_test"}[(parts or ["train"])[0]]


def _meaning(key: str) -> str:
    part = {"val": "validation ", "test": "test "}.get(key[2:], "training ")
    return {"x": f"{part}samples", "t": f"{part}targets"}.get(key.split("_")[0], key)
