"""Golden runs: what small searches find, recorded before a change of structure and compared after it.

    python tests/golden_runs.py record FILE
    python tests/golden_runs.py check FILE

The digests hold on one machine only: other processor features give other bits. `tests/test_golden_runs.py` therefore
compares ways of running with one another instead.
"""

import hashlib
import itertools
import json
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import zerokara as zk

SAMPLERS = ("random", "grid", "qmc", "tpe", "cmaes", "narrowing")
RACES = ("none", "halving:2", "hyperband:3")
WORKERS = (2, "processes:2")
STORAGES = ("journal", "sqlite")


def digits(samples: int = 250) -> zk.data.Dataset:
    return zk.data.load("digits").first(samples).split(0.3, 0.2, seed=0, stratify=False).scaled("standard")


SPACE = {"lr": zk.log(1e-4, 1e-1), "dropout": zk.uniform(0.0, 0.4), "hidden": zk.choice([(12,), (8, 8)])}
EVERYTHING = {
    "optimizer": zk.choice(["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]),
    "lr": zk.log(1e-3, 1e-1),
    "weight_decay": zk.log(1e-6, 1e-2),
    "momentum": zk.uniform(0.5, 0.95),
    "beta1": zk.uniform(0.8, 0.95),
    "hidden": zk.layers(depth=(0, 2), width=(8, 16)),
    "activation": zk.choice(["relu", "tanh", "gelu"]),
    "batch_norm": zk.choice([True, False]),
    "batch_size": zk.powers(16, 32),
    "schedule": zk.choice(["constant", "cosine:1", "exponential:0.9"]),
    "label_smoothing": zk.uniform(0.0, 0.1),
    "init_scale": zk.log(0.5, 2.0),
}


def search(data: zk.data.Dataset, space: dict[str, Any], storage: str = "journal", **settings: Any) -> dict[str, Any]:
    """Return what a search leaves in its folder: the trials, the winner, the hash of the winner's file."""
    with tempfile.TemporaryDirectory() as folder:
        if storage == "sqlite":
            settings["storage"] = f"sqlite:///{folder}/studies.db"
        out = Path(folder) / "run"
        study = zk.tune(data, space, out=out, **settings)
        hashes = {path.name: digest(path.read_bytes()) for path in sorted(out.glob("*.safetensors"))}
        seen = {"trials": (out / "trials.csv").read_text(), "winner": study.best.number, **hashes}
        return seen | {"test": study.test_score, "config": config_of(out), "rounds": str(study.rounds)}


def config_of(run: Path) -> str:
    """Return the lines of a run's config, sorted, without its record and the address of its database."""
    lines = (run / "config.toml").read_text().split("[record]")[0].splitlines()
    return "\n".join(sorted(line for line in lines if not line.startswith("storage")))


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def grid() -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    """Yield every way to run one small search."""
    for sampler, race, workers, storage in itertools.product(SAMPLERS, RACES, WORKERS, STORAGES):
        settings = {"sampler": sampler, "race": race, "workers": workers, "storage": storage}
        run = partial(search, digits(), SPACE, trials=15, epochs=6, generation=5, seed=3, **settings)
        yield " ".join(map(str, settings.values())), run


def settings() -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    """Yield searches that use the other settings."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 6)).astype(np.float32)
    numbers = zk.data.from_arrays(x, np.stack([x[:, 0] * x[:, 1], x[:, 2]], axis=1) + 3, name="numbers")
    numbers = numbers.split(validation=0.3, test=0.2, seed=1).scaled("standard")
    pictures = zk.data.load("digits").first(200).split(0.3, seed=0, stratify=False)
    small = {"trials": 10, "epochs": 6, "workers": 2}
    several: dict[str, Any] = {"seeds": 2, "folds": 2, "patience": 2, "keep_best": True, "ensemble": 3, "refit": True}
    for storage in STORAGES:
        yield f"several {storage}", partial(search, digits(), SPACE, storage, **small, **several)
        yield f"unpaired {storage}", partial(search, digits(), SPACE, storage, **small, paired=False, seeds=2)
        yield f"ensemble {storage}", partial(search, digits(), SPACE, storage, **small, ensemble=4, rank="accuracy")
    for sampler in SAMPLERS:
        yield f"everything {sampler}", partial(search, digits(), EVERYTHING, sampler=sampler, **small)
    yield "float64", partial(search, digits(), SPACE, **small, dtype="float64", evaluate_train_every=2, replicate=3)
    yield (
        "augmented",
        partial(search, pictures, SPACE, **small, augment="shift:1"),
    )
    no_smoothing = {name: found for name, found in EVERYTHING.items() if name != "label_smoothing"}
    yield "regression", partial(search, numbers, no_smoothing, **small, patience=3)
    yield (
        "regression kept",
        partial(search, numbers, no_smoothing, **small, keep_best=True, rank="accuracy", refit=True),
    )


def estimators() -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    """Yield the estimators' ways to train."""
    from sklearn.datasets import load_diabetes, load_wine
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from zerokara.estimators import (
        NetworkClassifier,
        NetworkRegressor,
        NetworkSearchCV,
        TunedNetworkClassifier,
        TunedNetworkRegressor,
    )

    wine, diabetes = load_wine(return_X_y=True), load_diabetes(return_X_y=True)

    def fitted(estimator: Any, data: Any, **more: Any) -> dict[str, Any]:
        estimator.fit(*data, **more)
        return seen(estimator, data[0])

    def seen(estimator: Any, x: Any) -> dict[str, Any]:
        answers = estimator.predict_proba(x) if hasattr(estimator, "predict_proba") else estimator.predict(x)
        found = {"answers": digest(np.ascontiguousarray(answers).tobytes())}
        for name in ("history_", "search_results_", "cv_results_"):
            columns = getattr(estimator, name, {}).items()
            found |= {f"{name} {key}": str(np.asarray(column).tolist()) for key, column in columns if "time" not in key}
        for name in ("best_epoch_", "n_iter_", "best_params_", "best_score_", "best_index_"):
            if hasattr(estimator, name):
                found[name] = str(getattr(estimator, name))
        return found

    def warm(estimator: Any, data: Any) -> dict[str, Any]:
        estimator.fit(*data)
        first = seen(estimator, data[0])
        estimator.set_params(epochs=7, lr=0.002, dropout=0.2 if estimator.dropout else 0.0, tol=0.001).fit(*data)
        return first | {f"then {name}": value for name, value in seen(estimator, data[0]).items()}

    def partial_fits(estimator: Any, data: Any, **more: Any) -> dict[str, Any]:
        for start in range(0, 90, 30):
            rows = slice(start, start + 90)
            estimator.partial_fit(data[0][rows], data[1][rows], **(more if start == 0 else {}))
        return seen(estimator, data[0])

    base: dict[str, Any] = {"epochs": 12, "random_state": 0}
    weights = np.linspace(0.0, 2.0, len(wine[0]))
    yield "classifier", partial(fitted, NetworkClassifier(patience=3, **base), wine)
    yield "classifier weighted", partial(fitted, NetworkClassifier(**base), wine, sample_weight=weights)
    yield (
        "classifier scored",
        partial(
            fitted, NetworkClassifier(scoring="accuracy", patience=3, tol=0.01, networks=3, dropout=0.2, **base), wine
        ),
    )
    yield (
        "classifier all",
        partial(
            fitted,
            NetworkClassifier(
                hidden=(8, 8), batch_norm=True, optimizer="rmsprop", schedule="cosine:2", label_smoothing=0.1, **base
            ),
            wine,
        ),
    )
    yield "classifier without validation", partial(fitted, NetworkClassifier(validation=None, **base), wine)
    yield "classifier warm", partial(warm, NetworkClassifier(warm_start=True, networks=2, dropout=0.1, **base), wine)
    yield "classifier warm without", partial(warm, NetworkClassifier(warm_start=True, schedule_epochs=19, **base), wine)
    yield "classifier partial", partial(partial_fits, NetworkClassifier(**base), wine, classes=[0, 1, 2])
    yield "regressor", partial(fitted, NetworkRegressor(patience=2, networks=2, **base), diabetes)
    yield "regressor scored", partial(fitted, NetworkRegressor(scoring="r2", **base), diabetes)
    tuned: dict[str, Any] = {"trials": 8, "epochs": 14, "cv": 3, "random_state": 0, "workers": 2}
    yield "tuned classifier", partial(fitted, TunedNetworkClassifier(**tuned), wine)
    yield "tuned regressor", partial(fitted, TunedNetworkRegressor(**tuned | {"cv": None}), diabetes)
    yield "tuned kept", partial(fitted, TunedNetworkRegressor(**tuned, refit=False, seeds=2), diabetes)
    yield "tuned scored", partial(fitted, TunedNetworkClassifier(**tuned, scoring="accuracy"), wine)
    yield "tuned scored kept", partial(fitted, TunedNetworkClassifier(**tuned, scoring="accuracy", refit=False), wine)
    space = {"lr": zk.log(1e-3, 1e-1), "hidden": [(8,), (6, 6)]}
    cv: dict[str, Any] = {"n_iter": 6, "cv": 3, "random_state": 0, "return_train_score": True}
    yield (
        "search",
        partial(fitted, NetworkSearchCV(NetworkClassifier(patience=3, tol=0.001, **base), space, **cv), wine),
    )
    pipe = make_pipeline(StandardScaler(), NetworkRegressor(schedule="cosine", schedule_epochs=20, **base))
    piped = {f"networkregressor__{name}": found for name, found in space.items()}
    yield "search piped", partial(fitted, NetworkSearchCV(pipe, piped, race="halving", **cv), diabetes)


def runs() -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    yield from grid()
    yield from settings()
    yield from estimators()


def main(action: str, path: Path) -> int:
    warnings.simplefilter("ignore")
    recorded = json.loads(path.read_text()) if action == "check" else {}
    found, wrong = {}, []
    for name, run in runs():
        found[name] = json.loads(json.dumps(run()))
        if action == "check" and found[name] != recorded.get(name):
            wrong.append(name)
            before = recorded.get(name, {})
            print(f"{name}: {[key for key in found[name] if found[name][key] != before.get(key)]}", flush=True)
    if action == "record":
        path.write_text(json.dumps(found, indent=1))
    print(f"{len(found)} runs, {len(wrong)} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("record", "check"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
