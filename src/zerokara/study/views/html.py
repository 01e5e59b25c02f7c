"""What a notebook shows of a study: a small table, and the race as a picture."""

import base64
import math

from zerokara import figures
from zerokara.notebooks import html_table
from zerokara.space.hyperparameters import show
from zerokara.study.results import Results
from zerokara.study.views import series
from zerokara.train.metrics import METRICS

PICTURE_WIDTH = 720
"""The width of the picture, in pixels."""


def study_html(study: Results) -> str:
    """Return a table of a study and, if it has several trials, the race; the test data are not read."""
    states = [trial.state for trial in study.trials]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    rows = {"trials": f"{len(study.trials)} ({counts})", "network-epochs": f"{study.epochs_trained:,}"}
    metric = METRICS[study.plan.task]
    if best := study.winner:
        scores = {
            study.plan.metric.label: study.plan.metric.curve,
            f"val_{metric}": "val_score",
            "val_loss": "val_loss",
        }
        rows["winner"] = f"trial {best.number} at {best.epoch_text}"
        rows |= {name: f"{best.at(curve):.4f}" for name, curve in scores.items()}
        rows |= {name: show(best.params[name]) for name in study.space.searched if name in best.params}
    if math.isfinite(score := vars(study).get("test_score", math.nan)):
        rows[f"test_{metric}"] = f"{score:.4f}"
    if study.interrupted:
        rows["state"] = "not finished"
    return html_table(f"{study.plan.name}: study", rows, _race(study))


def _race(study: Results) -> str:
    if len(study.trials) < 2 or study.winner is None:
        return ""
    try:
        content = figures.png(figures.draw_race(series.race(study)), 100)
    except Exception:  # Of matplotlib, its settings and fonts, memory: the table is enough.
        return ""
    picture = base64.b64encode(content).decode()
    return f'<img width="{PICTURE_WIDTH}" alt="validation losses by epoch" src="data:image/png;base64,{picture}">'
