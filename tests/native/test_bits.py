"""One result to the last bit: for every vector width and compiler, however the networks are cut."""

import hashlib
import shutil
from collections.abc import Sequence

import numpy as np
import pytest

from tests.cases import OPTIMIZERS, optimizer
from tests.native.kernels import COMPILED, SIZED, Found, built, epoch
from zerokara.data import Part
from zerokara.native.calls import Block, Kernel, kernel
from zerokara.native.compile import find_compiler
from zerokara.native.compiled import Compiled
from zerokara.native.library import installed
from zerokara.nn import SoftmaxCrossEntropy, SquaredError, mlp
from zerokara.nn.cases import POPULATION
from zerokara.nn.losses import Loss
from zerokara.optim import SGD, Adam
from zerokara.rng import stream

pytestmark = pytest.mark.skipif(
    find_compiler() is None or not installed().variants, reason="no C compiler, or a processor without FMA"
)


def digest(found: Found) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in found.values())).hexdigest()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_width_and_compiler_gives_the_same_bits(name: str) -> None:
    kernels = [*installed_kernels(), *built(), *built_by_clang()]
    for case in [*COMPILED, *SIZED]:
        rule = optimizer(name, POPULATION)
        digests = {digest(epoch(case, rule, "cosine", each, "float32")) for each in kernels}
        assert len(digests) == 1, case.name


def installed_kernels() -> list[Kernel]:
    return [kernel(variant) for variant in installed().variants]


def built_by_clang() -> tuple[Kernel, ...]:
    return built(compiler="clang") if shutil.which("clang") else ()


SIZES = (37, (117, 33), 5)
"""Layers whose rows fill no vector."""
N = 95


def trained(kernel: Kernel, rows: Sequence[int], cuts: Sequence[int] = (3, 3, 3)) -> Found:
    """Return some networks of six after nine steps, in calls of so many steps."""
    lr, dropout = np.geomspace(1e-3, 1e-1, 6), np.linspace(0, 0.5, 6)
    inputs, hidden, outputs = SIZES
    network = mlp(inputs, hidden, outputs, "gelu", dropout=dropout, batch_norm=True, population=6).take(rows)
    rule, loss = Adam(lr[rows], weight_decay=0.01).start(network), SoftmaxCrossEntropy(0.1)
    rng = stream(0, "samples")
    x, t = rng.standard_normal((N, inputs)).astype(np.float32), rng.integers(0, outputs, N)
    block = Block.of(Part(x, t), network.dtype, outputs)
    compiled, step, counts = Compiled(kernel, network, loss, rule), 0, [40, 40, 15] * 3
    for cut in cuts:
        samples = [np.arange(s, s + n) for s, n in zip([0, 40, 80] * 3, counts, strict=True)][step : step + cut]
        piece = block.take(x[np.concatenate(samples)], samples)
        compiled.train(network, loss, rule, piece, counts[step : step + cut], [1.0] * cut, step)
        step += cut
    return {**network.arrays(), "m": rule.m, "v": rule.v, "scores": compiled.scores(network, x)}


def test_alone_in_company_and_in_any_cut() -> None:
    for each in installed_kernels():
        company = trained(each, range(6))
        for k in range(6):
            alone = trained(each, [k], cuts=(1, 2, 5, 1))
            assert digest(alone) == digest({name: a[[k]] for name, a in company.items()})


PARTS = (1, 16, 100, 128, 240, 241, 255, 700)
"""Numbers of samples with one chunk of rows or several, and rows whose padding is longer."""


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(), SquaredError()], ids=["classes", "numbers"])
def test_evaluated_with_its_steps_or_afterwards_a_network_is_the_same(loss: Loss) -> None:
    rng = stream(0, "samples")
    inputs, hidden, outputs = SIZES
    x = rng.standard_normal((700, inputs)).astype(np.float32)
    numbers = rng.standard_normal((700, outputs)).astype(np.float32)
    t = rng.integers(0, outputs, 700) if isinstance(loss, SoftmaxCrossEntropy) else numbers
    for first, second in zip(PARTS, PARTS[::-1], strict=True):
        network = mlp(inputs, hidden, outputs, "gelu", batch_norm=True, population=3)
        rule = Adam(1e-2).start(network)
        compiled = Compiled(installed_kernels()[0], network, loss, rule)
        blocks = [compiled.block(Part(x[:n], t[:n], rng.random(n))) for n in (first, second)]
        batch = compiled.block(Part(x[:90], t[:90]))
        finite, evaluated = compiled.train(network, loss, rule, batch, [40, 50], [1.0, 1.0], 0, blocks)
        assert finite.all()
        for block, (sums, tally) in zip(blocks, evaluated, strict=True):
            again, tally_again, _ = compiled.evaluate(network, block)
            assert np.array_equal(sums, again)
            assert np.array_equal(tally, tally_again)


def test_it_is_reported_which_networks_have_numbers_that_are_not_finite() -> None:
    inputs, hidden, outputs = SIZES
    network = mlp(inputs, hidden, outputs, population=3)
    network.params[1, -1] = np.inf
    loss, rule = SoftmaxCrossEntropy(), SGD(1e-3).start(network)
    compiled = Compiled(installed_kernels()[0], network, loss, rule)
    batch = compiled.block(Part(np.zeros((4, inputs), np.float32), np.zeros(4, int)))
    assert compiled.train(network, loss, rule, batch, [4], [1.0], 0)[0].tolist() == [True, False, True]


def test_a_sample_scores_alike_wherever_it_lies() -> None:
    network = mlp(*SIZES[:2], SIZES[2], population=2)
    x = stream(1, "samples").standard_normal((451, SIZES[0])).astype(np.float32)
    compiled = Compiled(installed_kernels()[0], network)
    whole = compiled.scores(network, x)
    for start, stop in ((0, 1), (13, 14), (0, 255), (200, 203), (399, 451)):
        assert np.array_equal(compiled.scores(network, x[start:stop]), whole[:, start:stop])
    assert np.array_equal(compiled.scores(network, x[:0]), whole[:, :0])
