"""What a prompt or a notebook shows of an object: a line or two, and never its arrays."""

from dataclasses import replace

import pytest

import zerokara as zk

DATA = zk.data.load("digits").first(200).split(validation=0.2, test=0.2, seed=0).scaled("standard")
STUDY = zk.tune(DATA, {"lr": zk.log(1e-3, 1e-1), "dropout": 0.1}, trials=3, epochs=2, ensemble=3)
NETWORK = zk.nn.mlp(64, (8,), 10, dropout=[0.1, 0.2], batch_norm=True, population=2)
TRAINER = zk.Trainer(NETWORK, zk.optim.Adam(lr=[0.001, 0.01]), DATA)
TABLE = zk.data.from_table({"size": [1.0, 2, 3, 400], "kind": ["a", "b", "a", "b"], "t": [1.5, 2, 3, 4]}, "t")


SHOWN = [
    *(DATA, DATA.train, DATA.preprocess, TABLE, TABLE.train),
    *(STUDY, STUDY.space, STUDY.plan, STUDY.best, STUDY.trials[0], STUDY.best.model, STUDY.ensemble(3)),
    *(NETWORK, *NETWORK.layers, TRAINER, TRAINER.optimizer, TRAINER.history),
]


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: type(shown).__name__)
def test_an_object_shows_itself_in_few_words(shown: object) -> None:
    text = repr(shown)
    assert text.startswith(f"{type(shown).__name__}(")
    assert len(text) < 900
    assert "array(" not in text
    assert " at 0x" not in text


def test_a_study_shows_its_winner() -> None:
    best = STUDY.best
    assert f"best trial {best.number}, val_loss {best.val_loss:.4f}" in repr(STUDY)
    lost = [replace(trial, value=float("inf")) for trial in STUDY.trials]
    assert "best" not in repr(replace(STUDY, trials=lost))
