"""A rare class: ranked by average precision with balanced class weights, more of it is found."""

import warnings

import numpy as np
from sklearn.metrics import precision_recall_curve

import zerokara as zk

SPACE = {
    "lr": zk.log(1e-4, 1e-1),
    "weight_decay": zk.log(1e-6, 1e-2),
    "dropout": zk.uniform(0, 0.5),
    "schedule": "constant",
}
ROWS, RARE, COLUMNS = 1000, 0.03, 6


def table(rows: int, seed: int) -> dict[str, np.ndarray]:
    """Return rows of which 3 % are late; three of six numbers are higher by one standard deviation for these."""
    rng = np.random.default_rng(seed)
    late = np.zeros(rows, bool)
    late[rng.permutation(rows)[: round(RARE * rows)]] = True
    x = rng.standard_normal((rows, COLUMNS))
    x[late, :3] += 1
    return {f"x{k}": x[:, k] for k in range(COLUMNS)} | {"late": np.where(late, "yes", "no")}


def test_a_rare_class_is_found_twice_as_often_at_the_same_precision() -> None:
    """Four tables, each judged on 10,000 new rows: ranked by the loss, a network rarely says yes."""
    right = said = there = 0
    found = []
    for seed in range(4):
        data = zk.data.from_table(table(ROWS, seed), "late").split(0.2, 0.2, seed=seed)
        new = table(10_000, 1000 + seed)
        t = new["late"] == "yes"
        options = {"trials": 40, "epochs": 30, "workers": 1}
        yes = zk.tune(data, SPACE, **options, keep_best=False, refit=0).best.model.predict(new) == "yes"
        ranked = zk.tune(data, SPACE, rank="average_precision", class_weight="balanced", **options)
        found.append((t, ranked.model.predict_proba(new)[:, 1]))
        right, said, there = right + (t & yes).sum(), said + yes.sum(), there + t.sum()
    precision, recall = right / said, right / there
    assert 0.2 < precision < 0.9  # It is no accident of a few rows.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        curves = [precision_recall_curve(t, p) for t, p in found]
    at_the_same = [recalls[precisions >= precision].max() for precisions, recalls, _ in curves]
    assert np.mean(at_the_same) >= 2 * recall, (precision, recall, at_the_same)
