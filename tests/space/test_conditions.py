"""Which hyperparameters a trial has depends on the values of others."""

from optuna.distributions import FloatDistribution

from zerokara.optim import OPTIMIZERS
from zerokara.space.conditions import Condition, Questions
from zerokara.space.hyperparameters import HYPERPARAMETERS


def test_the_table_says_of_each_optimizer_what_it_has():
    for name, optimizer in OPTIMIZERS.items():
        for number in ("momentum", "beta1", "beta2"):
            needs = HYPERPARAMETERS[number].needs
            assert needs.met(name) == (number in optimizer.hyperparameters)
    assert [name for name, row in HYPERPARAMETERS.items() if row.needs and row.needs.name == "hidden"] == [
        "dropout",
        "activation",
        "batch_norm",
    ]


UNIT = FloatDistribution(0, 1)


def test_a_plain_mapping_has_no_conditions_and_a_copy_keeps_them():
    assert Questions({"x": UNIT}).asked("x", {})
    conditional = Questions({"x": UNIT, "y": UNIT}, {"y": Condition(("x",), lambda answers: answers["x"] > 0.5)})
    copy = Questions(conditional)
    assert copy.decisive == ["x"]
    assert [copy.asked("y", {"x": x}) for x in (0.4, 0.6)] == [False, True]
    assert list(copy.branches({"x": [0.4, 0.6], "y": [0]})) == [{"x": 0.4}, {"x": 0.6}]
