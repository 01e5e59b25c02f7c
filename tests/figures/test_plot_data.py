"""What plot data know of themselves."""

import numpy as np
import pytest

from zerokara.figures.plot_data import Curve, Curves, points


def test_points_join_over_what_was_not_measured() -> None:
    x, y = points([np.nan, 0.2, np.nan, np.inf, 0.5])
    assert (x.tolist(), y.tolist()) == ([2, 5], [0.2, 0.5])


@pytest.mark.parametrize(("values", "below"), [([0.0, 0.5], False), ([np.nan, 0.5], False), ([0.5, -0.1], True)])
def test_tells_whether_a_score_is_below_the_axis(values, below) -> None:
    curve = Curve(1, 0, 0.5, np.array([0.5]), np.array(values), {}, 1)
    assert Curves((curve,), "r2").below == below
    assert Curves((curve,), "r2").epochs == 2
