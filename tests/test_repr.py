"""What a prompt or a notebook shows of an object: a line or two, and never its arrays."""

from dataclasses import replace

import pytest

import zerokara as zk

DATA = zk.data.load("digits").first(200).split(validation=0.2, test=0.2, seed=0).scaled("standard")
NETWORK = zk.nn.mlp(64, (8,), 10, dropout=[0.1, 0.2], batch_norm=True, population=2)
TRAINER = zk.Trainer(NETWORK, zk.optim.Adam(lr=[0.001, 0.01]), DATA)
TABLE = zk.data.from_table({"size": [1.0, 2, 3, 400], "kind": ["a", "b", "a", "b"], "t": [1.5, 2, 3, 4]}, "t")


@pytest.fixture(scope="module")
def study() -> zk.Study:
    return zk.tune(DATA, {"lr": zk.log(1e-3, 1e-1), "dropout": 0.1}, trials=3, epochs=2, ensemble=3)


def holds(shown: object) -> None:
    text = repr(shown)
    assert text.startswith(f"{type(shown).__name__}(")
    assert len(text) < 900
    assert "array(" not in text
    assert " at 0x" not in text


SHOWN = [
    *(DATA, DATA.train, DATA.preprocess, TABLE, TABLE.train),
    *(NETWORK, *NETWORK.layers, TRAINER, TRAINER.optimizer, TRAINER.history),
]


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: type(shown).__name__)
def test_an_object_shows_itself_in_few_words(shown: object) -> None:
    holds(shown)


def test_a_study_and_its_parts_show_themselves_in_few_words(study) -> None:
    for shown in (study, study.space, study.plan, study.best, study.trials[0], study.best.model, study.ensemble(3)):
        holds(shown)


def test_a_study_shows_its_winner(study) -> None:
    best = study.best
    assert f"best trial {best.number}, val_loss {best.val_loss:.4f}" in repr(study)
    lost = [replace(trial, value=float("inf")) for trial in study.trials]
    assert "best" not in repr(replace(study, trials=lost))
