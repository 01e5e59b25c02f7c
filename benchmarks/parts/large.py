"""A network large enough that products are all that counts, on one thread: against PyTorch."""

from dataclasses import replace

import numpy as np

from benchmarks.contestants import ALONE, Contestant
from benchmarks.parts.asked import Asked
from benchmarks.parts.pairs import Pairs, Seconds, in_turn, section
from benchmarks.work import Work, mnist

ROUNDS, FLOOR = 5, 1.0
EPOCHS, LR = 2, {"adam": 1e-3, "sgd": 0.05}
OURS = Contestant("zerokara", ALONE, "benchmarks.mixed:one_by_one", "zk.Trainer")
THEIRS = Contestant("PyTorch", ALONE, "benchmarks.rivals.torch_eager:run", "eager")

ABOUT = f"""One network 784-512-512-10 on the 60,000 images of MNIST, batch 128, {EPOCHS} epochs, each of which also \
scores the training and the test images, on one thread, in fresh processes in turn; medians of {ROUNDS} pairs. PyTorch \
is eager, with its fused optimizer."""


def work(optimizer: str) -> Work:
    sizes = (784, 512, 512, 10)
    lrs, structures = np.array([LR[optimizer]]), np.array(["512,512|relu|128"])
    shape = replace(mnist(), sizes=sizes, optimizer=optimizer, batch=128, epochs=EPOCHS)
    return replace(shape, name=f"784-512-512-10, {optimizer}", lrs=lrs, structures=structures)


def large(asked: Asked) -> str:
    if "W1" not in asked.works:  # The work that has MNIST.
        return ""
    pairs = [measure(asked, work(optimizer)) for optimizer in LR]
    return section("A large network, one thread", ABOUT, THEIRS.name, pairs, asked.judge)


def measure(asked: Asked, work: Work) -> Pairs:
    work = work.shortened(1, 1) if asked.quick else work

    def side(contestant: Contestant, k: int) -> Seconds:
        run = asked.run(contestant, work, repetition=k)
        return run.seconds, run.cpu

    rounds = asked.range(ROUNDS)
    return in_turn(work.name, FLOOR, rounds, lambda k: side(OURS, k), lambda k: side(THEIRS, k))
