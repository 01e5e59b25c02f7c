"""The pictures of a study show its trials."""

import numpy as np
from PIL import Image

from zerokara import figures
from zerokara.study.views import series


def test_a_study_is_drawn(study, tmp_path) -> None:
    for figure in (figures.draw_curves(series.curves(study)), figures.draw_scatter(series.scatter(study))):
        with Image.open(figures.save_figure(figure, tmp_path / "some.png")) as image:
            assert image.size[0] >= 1000


def test_each_round_is_a_bar_with_its_trials_in_it(narrowed, tmp_path) -> None:
    data = series.narrowing(narrowed)
    figure = figures.draw_narrowing(data)
    shown = [axes for axes in figure.axes if axes.get_visible() and axes.get_xlabel()]
    assert [axes.get_xlabel() for axes in shown] == ["lr", "dropout", "hidden"]
    assert [axes.get_xscale() for axes in shown] == ["log", "linear", "linear"]
    for axes, ranges, panel in zip(shown, data.ranges, data.panels, strict=True):
        bars = [(bar.get_x(), bar.get_x() + bar.get_width(), bar.get_y() + 0.4) for bar in axes.patches]
        assert len(bars) == sum(map(len, ranges)) if panel.options else len(ranges)
        dots = np.concatenate(
            [np.asarray(axes.collections[-1].get_offsets()), *(line.get_xydata() for line in axes.get_lines())]
        )
        assert len(dots) == 30 + 1  # The winner has a star as well.
        for x, y in dots:
            assert any(left <= x * 1.0001 and x <= right * 1.0001 and abs(y - at) < 0.4 for left, right, at in bars)
    assert shown[0].get_ylim()[0] > shown[0].get_ylim()[1], "the first round is on top"
    assert figure.axes[-1].get_ylabel() == "validation accuracy at epoch 1"
    with Image.open(figures.save_figure(figure, tmp_path / "some.png")) as image:
        assert image.size[0] > 1000
