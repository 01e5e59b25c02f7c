"""What a page has after the changes is what a page has that is opened then: every number of every trial."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara as zk
from tests.report.browser import module_page
from zerokara.engine.trial import Trial
from zerokara.report.page import as_json
from zerokara.report.search import Live, search_data
from zerokara.study.run_folder import RunFolder

SHOW = """search => {
  const trials = makeTrials(search);
  const plain = values => Array.from(values, value => Number.isNaN(value) ? null : value);
  const rows = [...Array(trials.count).keys()];
  return {
    number: plain(trials.number), state: trials.state, epochs: plain(trials.epochs), epoch: plain(trials.epoch),
    order: plain(trials.order), panels: trials.panels.map(panel => plain(panel.x)), longest: trials.longest,
    ranked: Object.fromEntries(trials.curveNames.map(name => [name, plain(trials.ranked(name))])),
    curves: Object.fromEntries(trials.curveNames.map(name => [name, rows.map(row => plain(trials.curve(name, row)))])),
    error: rows.map(row => trials.error("val_loss", row)).map(one => Number.isNaN(one) ? null : one),
  };
}"""


def begun(trial: Trial, epochs: int) -> Trial:
    """Return a trial as it was after so many epochs."""
    curves = {name: values[:epochs] for name, values in trial.curves.items()}
    return replace(trial, state="interrupted", epochs=epochs, epoch=min(trial.epoch, epochs), curves=curves, rows=())


@pytest.fixture(scope="module", params=[1, 2])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a race with one or two seeds."""
    folder = tmp_path_factory.mktemp("merge") / "race"
    data = zk.data.load("digits").first(300).split(validation=0.2, seed=0)
    space = {"lr": zk.log(1e-3, 1e9), "dropout": zk.uniform(0, 0.5), "hidden": zk.choice([(8,), (16,)])}
    zk.tune(data, space, trials=12, generation=6, epochs=9, seeds=request.param, out=folder, samples=False)
    return folder


def test_changes_make_the_same_page(browser: Any, run: Path) -> None:
    study, config = zk.open(run), RunFolder(run).config()
    done = study.trials

    def shown(trials: Sequence[Trial], live: Live) -> dict[str, Any]:
        return search_data(replace(study, trials=list(trials)), config, {}, run, live)

    # Trials in the middle are missing at first, as of other processes that share a study.
    states = [
        [*done[:2], begun(done[2], 1), *done[6:8]],
        [*done[:2], begun(done[2], 1), begun(done[3], 0), *done[6:8]],
        [*done[:3], begun(done[3], 1), begun(done[5], 1), *done[6:8], *done[9:]],
        done,
    ]
    with module_page(browser, "merge.js") as page:
        kept: list[Trial] = []
        for trials in states:
            before = {trial.number: trial for trial in kept}
            training = [trial.number for trial in trials if trial.state == "interrupted"]
            changed = [trial for trial in trials if before.get(trial.number) is not trial]
            since = {n: before[n].epochs for n in training if n in before and not done[0].rows}
            whole = as_json(shown(trials, Live(training)))
            changes = as_json(shown(trials, Live(training, changed, since)))
            if not kept:
                page.evaluate(f"() => {{ window.search = {whole}; }}")
            else:
                page.evaluate(f"() => {{ window.search = mergeSearch(window.search, {changes}); }}")
            merged, fresh = page.evaluate(f"() => [window.search, {whole}].map({SHOW})")
            assert merged == fresh
            kept = trials
        assert merged["state"] == [trial.state for trial in done]
        for row, trial in zip(merged["curves"]["val_loss"], done, strict=True):
            assert np.array_equal(np.array(row, float), trial.curves["val_loss"], equal_nan=True)
