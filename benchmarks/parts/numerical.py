"""What the numerical gradient of every parameter costs, beside the plain loop that the course has."""

from statistics import median
from typing import Any

import numpy as np

from benchmarks.contestants import PLAIN, Contestant
from benchmarks.parts.asked import Asked, table, verdict
from benchmarks.work import Work

DIFFERENCES = Contestant("zerokara", PLAIN, "benchmarks.differences:run", "one thread", {"warm_up": False})

ITERATIONS = 20
FASTER, APART = 20, 1e-8
WAYS = {
    "loop": "the plain loop, two whole losses for each",
    "ours": "zerokara.nn.numerical_gradient",
    "skipped": "the same, pixels that are 0 in the whole batch left out",
}


def course() -> Work:
    """The course's run: 784-50-10 with sigmoid, batches of 10 of MNIST's first 100 images; its epochs are steps."""
    import zerokara as zk

    train = zk.data.load("mnist").first(100).train
    return Work(
        name="S2",
        x_train=train.x,
        t_train=train.t,
        x_val=train.x[:0],
        t_val=train.t[:0],
        sizes=(784, 50, 10),
        optimizer="sgd",
        batch=10,
        epochs=ITERATIONS,
        lrs=np.array([0.1]),
        decays=np.zeros(1),
    )


def differences(asked: Asked) -> str:
    work = course()
    if asked.quick:
        work = work.shortened(1, 1)
    return section(work, asked.run(DIFFERENCES, work).answers[0], asked.judge)


def section(work: Work, found: dict[str, Any], judge: bool) -> str:
    loop = sum(found["seconds"]["loop"])
    rows = [
        (about, f"{median(taken):.4f}", f"{min(taken):.4f}", f"{max(taken):.4f}", f"1/{loop / sum(taken):.1f}")
        for about, taken in ((about, found["seconds"][name]) for name, about in WAYS.items())
    ]
    ratio = loop / sum(found["seconds"]["ours"])
    return "\n\n".join(
        [
            "## The numerical gradient",
            f"Central differences, h = 1e-4, float64, of each of the {found['parameters']:,} parameters of "
            f"{'-'.join(map(str, work.sizes))} (sigmoid, softmax) on a batch of {work.batch}: {work.epochs} full "
            "iterations of learning, all at the same weights, in turn in one process with one thread.",
            table(("way", "median CPU s", "min", "max", "of the loop's time"), rows),
            "\n".join(
                [
                    verdict(ratio >= FASTER, f"at most 1/{FASTER} of the loop's time", f"1/{ratio:.1f}", judge),
                    verdict(
                        found["difference"] <= APART,
                        f"agrees with the loop to {APART:g}, largest absolute difference",
                        f"{found['difference']:.1e}",
                        judge,
                    ),
                ]
            ),
        ]
    )
