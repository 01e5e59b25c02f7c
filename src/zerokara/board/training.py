"""The trials of a generation that trains, from the feed of its search."""

import numpy as np

from zerokara.engine.plan import Plan
from zerokara.engine.trial import PLACES, State, Trial
from zerokara.space.space import Space
from zerokara.study.live.feed import Feed
from zerokara.train.metrics import METRICS


def trials_of_feed(feed: Feed, space: Space, plan: Plan) -> list[Trial]:
    """Return the trials of a feed, as far as they have trained; those that train have the state "interrupted".

    Of several networks of a trial the curves are the means of those that have finished an epoch.
    """
    order = np.argsort(feed.numbers, kind="stable")
    numbers = feed.numbers[order]
    trials = []
    for number, raw in sorted(feed.params.items()):
        rows = order[np.searchsorted(numbers, number) : np.searchsorted(numbers, number, "right")]
        epochs = feed.epochs[rows]
        length = int(epochs.max(initial=0))
        counts = np.bincount(epochs, minlength=length + 1)[1:]
        with np.errstate(invalid="ignore"):  # NaN of an epoch that is not in the feed.
            curves = {
                name: np.bincount(epochs, values[rows], length + 1)[1:] / counts for name, values in feed.curves.items()
            }
        objective = plan.metric.objective(curves[plan.metric.curve])
        epoch = int(np.argmin(objective)) + 1 if length and plan.keep_best else length
        value = float(objective[epoch - 1]) if length else np.inf
        ended = feed.ended.get(number, "interrupted")
        state: State = next((each for each in PLACES if each == ended), "diverged")
        value = np.inf if state == "diverged" else value
        trials.append(
            Trial(number, space.decode(raw), state, value, length, epoch, curves, score_name=METRICS[plan.task])
        )
    return trials
