"""The kernel computes what NumPy's layers, losses and optimizers define; faults planted in it are found."""

import numpy as np
import pytest

from tests.cases import CASES, OPTIMIZERS, SCHEDULES, SOAK, optimizer
from tests.native.kernels import COMPILED, SIZED, built, epoch, furthest
from zerokara.native import calls
from zerokara.native.compile import SOURCE, find_compiler, source_text
from zerokara.native.compiled import Compiled
from zerokara.native.library import installed
from zerokara.native.structure import UnsupportedError
from zerokara.nn.cases import POPULATION, Case

pytestmark = pytest.mark.skipif(
    find_compiler() is None or not installed().variants, reason="no C compiler, or a processor without FMA"
)
EQUAL = 1e-9


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_epoch_in_double_precision_is_that_of_numpy(name: str, schedule: str) -> None:
    for case in COMPILED:
        rule = optimizer(name, POPULATION)
        wanted = epoch(case, rule, schedule, None, "float64")
        for kernel in built(real="double"):
            assert furthest(epoch(case, rule, schedule, kernel, "float64"), wanted) < EQUAL, (case.name, kernel.variant)


@pytest.mark.parametrize("case", [case for case in CASES if not case.compiled], ids=lambda case: case.name)
def test_learned_encodings_are_left_to_numpy(case: Case) -> None:
    with pytest.raises(UnsupportedError, match=r"(Periodic|Embedding) is a layer that only NumPy has"):
        Compiled(calls.kernel(installed().variants[0]), case.network("float32"))


@pytest.mark.parametrize("case", SIZED, ids=lambda case: case.name)
def test_networks_of_other_sizes(case: Case) -> None:
    for name in ("sgd", "adam"):
        for clip in (0.0, 0.05):
            rule = optimizer(name, POPULATION)
            rule.clip_norm = np.full(POPULATION, clip)
            wanted = epoch(case, rule, "cosine", None, "float64")
            for kernel in built(real="double"):
                assert furthest(epoch(case, rule, "cosine", kernel, "float64"), wanted) < EQUAL, (name, clip)


def test_with_clipped_gradients() -> None:
    for name in OPTIMIZERS:
        rule = optimizer(name, POPULATION)
        rule.clip_norm = np.full(POPULATION, 0.05)
        for case in COMPILED:
            wanted = epoch(case, rule, "constant", None, "float64")
            got = epoch(case, rule, "constant", built(real="double")[0], "float64")
            assert furthest(got, wanted) < EQUAL, (name, case.name)


@pytest.mark.parametrize("case", COMPILED, ids=lambda case: case.name)
def test_the_losses_after_a_step_in_single_precision(case: Case) -> None:
    rule = optimizer("sgd", POPULATION)
    wanted = epoch(case, rule, "constant", None, "float64", steps=1)["loss"]
    for kernel in built():
        got = epoch(case, rule, "constant", kernel, "float32", steps=1)["loss"]
        assert np.allclose(got, wanted, rtol=1e-6, atol=1e-6)


FAULTS = {
    "the last k is left out of a product": ("for (int k = 0; k < K; k++)", "for (int k = 0; k < K - 1; k++)"),
    "biases decay": ("update(m->optimizer, *r, 0, block_size", "update(m->optimizer, *r, 1, block_size"),
    "W changes before dx": ("real *swap = s->d;", "s->W[at] += 1e-6f; real *swap = s->d;"),
    "dropout does not scale": ("real scale = 1 / (1 - rate);", "real scale = 1 - 0 * rate;"),
    "dropout draws one layer's numbers for another": ("v[l].h), u += out * wide;", "v[l].h);"),
    "label smoothing is not spread": ("/ sum[j] - smooth / C", "/ sum[j] - 0 * smooth / C"),
    "class weights are left out": ("scale[j] *= s->class_weights[label[j]];", "scale[j] *= 1;"),
    "sample weights are left out": ("s->weights ? s->weights[at + i + j] / n : 1 / (real)n", "1 / (real)n"),
    "Adam does not correct its second average": ("(1 - power(h->beta2, t))", "1"),
    "the schedule is ignored": ("double lr = h->lr * factor", "double lr = h->lr + 0 * factor"),
    "a network's rates are those of the first": ("const Numbers *h = numbers + p;", "const Numbers *h = numbers;"),
    "running variance is not kept": ("var[j] = momentum * var[j] +", "var[j] = 1 * var[j] + 0 *"),
    "batch norm forgets the mean's gradient": ("own[i] - b * share", "own[i]"),
    "Huber's gradient is not limited": ("case HUBER: e = limited(e, delta); break;", ""),
    "the high half is drawn first": ("(real)((unsigned)folded >> 8)", "(real)(folded >> 40)"),
    "words beyond the pool are left out of the seed": ("EACH(i, count) EACH(j, 4) {", "EACH(i, 4) EACH(j, 4) {"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS if SOAK else list(FAULTS)[::3])
def test_a_planted_fault_is_found(fault: str) -> None:
    right, wrong = FAULTS[fault]
    source = source_text(SOURCE)
    assert source.count(right) >= 1
    kernel = built(source.replace(right, wrong), real="double", optimize="-O0")[-1]
    worst = 0.0
    for name in ("adam", "sgd"):
        for case in COMPILED:
            rule = optimizer(name, POPULATION)
            wanted = epoch(case, rule, "cosine", None, "float64")
            worst = max(worst, furthest(epoch(case, rule, "cosine", kernel, "float64"), wanted))
    assert not worst < EQUAL
