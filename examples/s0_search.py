"""S0: a hyperparameter search on MNIST, as in section 6.5 of the book.

Test images must not be used to choose hyperparameters, or the test accuracy would be biased. So a fifth of the 500
training images is held out: a hundred networks, each with a random learning rate and weight decay, are trained on 400
images and validated on the other 100.
"""

from picture import picture
from row import row

import zerokara as zk
from zerokara import figures
from zerokara.report.run import leaderboard
from zerokara.study.views import series

SPACE = {
    "lr": zk.log(1e-6, 1e-2),
    "weight_decay": zk.log(1e-8, 1e-4),
    "hidden": (100,) * 6,
    "optimizer": "sgd",
    "batch_size": 100,
}


def search(trials: int = 100, epochs: int = 50) -> zk.Study:
    """Train all trials together for all epochs, and rank them by validation accuracy, as in the course."""
    data = zk.data.load("mnist").first(500).split(validation=0.2, seed=0, stratify=False)
    # The course judges the last epoch by accuracy, and keeps the one network.
    course = {"rank": "accuracy", "keep_best": False, "refit": 0}
    return zk.tune(data, SPACE, trials=trials, epochs=epochs, race="none", seed=0, **course)


def learned(study: zk.Study, least: float = 0.5) -> dict[str, tuple[float, float]]:
    """Return the smallest and largest value of each hyperparameter among trials of at least this accuracy."""
    good = [trial.params for trial in study.trials if trial.val_score >= least]
    return {name: (min(p[name] for p in good), max(p[name] for p in good)) for name in study.space.searched}


def main() -> None:
    """Search, print the twenty best trials and draw their curves."""
    study = search()
    print("\n".join(leaderboard(study.ranking(20), study)))
    ends = learned(study)
    row(
        "S0",
        "Hyperparameter search: 100 random trials on 500 MNIST images",
        "learns well at a learning rate of 0.001 to 0.01 and a weight decay of 1e-8 to 1e-6",
        f"best {study.best.val_accuracy:.2f} at a learning rate of {study.best.params['lr']:.4f}; 0.5 or more only at "
        "{:.4f} to {:.4f}, with weight decays of {:.0e} to {:.0e}".format(*ends["lr"], *ends["weight_decay"]),
        study.seconds,
        picture(figures.draw_curves(series.curves(study, 20)), "s0_search"),
    )


if __name__ == "__main__":
    main()
