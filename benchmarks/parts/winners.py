"""What `tune` gives, by the rule of who wins and what is done with the winner: test scores, seed by seed."""

from functools import partial
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from benchmarks.parts.asked import Asked, table, verdict
from benchmarks.tables import ROWS, load

SEEDS = 20
FLOORS = {"W1": 0.05, "digits": 0.005, "tables": 0.004}
"""The least mean gain of the model over the rule before."""
TABLES = ("diabetes", "breast cancer", "Chile", "biopsy", "HI", "Computers")
NAMES = ("W1", "W2", "digits", *TABLES)
RULES = {
    "before": "the lowest last loss of all trials, dropped ones too, with a constant rate",
    "any": "the lowest best loss of all trials, dropped ones too",
    "winner": "the lowest best loss of the trials compared to the end",
    "refit of 1": "the winner trained again on training and validation samples",
    "model": "the mean of five such networks from different initial weights: `study.model`",
}

ABOUT = f"""Mean test scores (accuracy, R2) over the seeds, each of which draws split and search: 100 trials, raced, \
50 epochs; W1 on 500 MNIST images with the 10,000 test images, W2 and digits with a fifth for the test, tables of at \
most {ROWS:,} rows with a quarter. Rules: {"; ".join(f"{name}: {text}" for name, text in RULES.items())}. In brackets \
the mean difference to the first rule and its standard error."""


def winners(asked: Asked) -> str:
    scores: dict[str, dict[str, list[float]]] = {}
    for name in NAMES:
        if name in ("W1", "W2") and name not in asked.works:
            continue
        for seed in asked.range(SEEDS):
            run = asked.kept.get(f"winners {name} {seed}", partial(measured, name, seed))
            asked.say(f"winners {name} {seed}: {', '.join(f'{rule} {score:.4f}' for rule, score in run.items())}")
            for rule, score in run.items():
                scores.setdefault(name, {}).setdefault(rule, []).append(score)
    if not scores:
        return ""
    rows = [(name, *(cell(by_rule["before"], by_rule[rule]) for rule in RULES)) for name, by_rule in scores.items()]
    return "\n\n".join(
        ["## Winners: what is done with them", ABOUT, table(("", *RULES), rows), "\n".join(floors(scores, asked.judge))]
    )


def cell(before: list[float], after: list[float]) -> str:
    """Return the mean of a rule, and its mean paired difference to the first rule with the standard error."""
    mean, error = gain(before, after)
    return f"{fmean(after):.4f}" + ("" if before is after else f" ({mean:+.4f} ± {error:.4f})")


def gain(before: list[float], after: list[float]) -> tuple[float, float]:
    """Return the mean paired difference and its standard error."""
    differences = [b - a for a, b in zip(before, after, strict=True)]
    return fmean(differences), stdev(differences) / sqrt(len(differences)) if len(differences) > 1 else float("nan")


def floors(scores: dict[str, dict[str, list[float]]], judge: bool) -> list[str]:
    """Return the lines of the floors: gains, and that no data set loses by more than two standard errors."""
    gains = {name: gain(by_rule["before"], by_rule["model"]) for name, by_rule in scores.items()}
    means = {name: mean for name, (mean, _) in gains.items()}
    if tables := [means[name] for name in TABLES if name in means]:
        means["tables"] = fmean(tables)
    lines = [
        verdict(
            means[name] >= least, f"{name}: the model gains {least} over the rule before", f"{means[name]:+.4f}", judge
        )
        for name, least in FLOORS.items()
        if name in means
    ]
    worst = min(gains, key=lambda name: gains[name][0] + 2 * gains[name][1])
    mean, error = gains[worst]
    return [*lines, verdict(mean > -2 * error, "no data set loses", f"{worst} {mean:+.4f} ± {error:.4f}", judge)]


def measured(name: str, seed: int) -> dict[str, float]:
    """Return the test score of each rule for one data set and seed."""
    import zerokara as zk
    from zerokara.engine.shard import refit_trainer, retrain
    from zerokara.model import Model

    data, space = _data(name, seed), _space(name)
    before = zk.tune(data, space | {"schedule": "constant"}, seed=seed, workers=1, keep_best=False, refit=0)
    study = zk.tune(data, space, seed=seed, workers=1)

    def score(network: Any, of: Any) -> float:
        return Model.of(network, of, {"data_sha256": ""}).evaluate(of)[1]

    def lowest(search: zk.Study) -> float:
        trial = min(search.trials, key=lambda trial: trial.value_key)
        return score(retrain(trial, search.plan).trained(), search.plan.parts[0])

    single = refit_trainer(study.best.trial, study.plan, 1)
    single.fit(study.best.epoch)
    return {
        "before": lowest(before),
        "any": lowest(study),
        "winner": score(study.best.model.network, study.plan.parts[0]),
        "refit of 1": score(single.trained(), study.plan.data.pooled()),
        "model": study.test_score,
    }


def _space(name: str) -> dict[str, Any]:
    import zerokara as zk
    from zerokara.space.defaults import default_space

    if name == "W1":
        rates = {"lr": zk.log(1e-6, 1e-2), "weight_decay": zk.log(1e-8, 1e-4)}
        return rates | {"hidden": (100,) * 6, "optimizer": "sgd"}
    if name == "W2":
        return {"lr": zk.log(1e-4, 1e-1), "weight_decay": zk.log(1e-8, 1e-4), "hidden": (64, 64)}
    return dict(default_space())


def _data(name: str, seed: int) -> Any:
    import zerokara as zk

    if name == "W1":
        return zk.data.load("mnist").first(500).split(0.2, seed=seed, stratify=False)
    if name in ("W2", "digits"):
        return zk.data.load("digits").split(0.2, 0.2, seed=seed)
    frame, target = load(name)
    return zk.data.from_table(frame, target).split(0.2, 0.25, seed=seed)
