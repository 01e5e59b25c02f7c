"""The ways of optimizers down a surface are those of the book's scripts."""

import numpy as np
import pytest

from zerokara import optim
from zerokara.optim.descent import BOOK_SURFACE, Surface, descend

BOOK = {
    "SGD": [(-6.335, -1.8), (-5.733175, 1.62), (-5.188523375, -1.458), (-0.350392996, 0.084782317)],
    "Momentum": [(-6.93, 1.6), (-6.7977, 0.92), (-6.610653, 0.124), (0.896413858, 0.088085602)],
    "Nesterov": [(-6.867, 1.24), (-6.679827, 0.4448), (-6.446257587, -0.216704), (0.689614902, -0.000679906)],
    "AdaGrad": [
        (-5.500000214, 0.500000037),
        (-4.573267968, 0.136196583),
        (-3.887842339, 0.03731457),
        (-0.120162322, 0),
    ],
    "RMSprop": [(-4.000004286, -0.99999925), (-2.505946021, 0.347039406), (-1.608320857, -0.11713364), (-5.351e-06, 0)],
    "Adam": [
        (-6.700001355, 1.700000237),
        (-6.400416624, 1.402245741),
        (-6.101549007, 1.108912039),
        (0.136006852, 0.318245376),
    ],
}
"""The points after 1, 2, 3 and 30 steps by the book's common/optimizer.py, from ch06/optimizer_compare_naive.py."""
RATES = {"SGD": 0.95, "Momentum": 0.1, "Nesterov": 0.1, "AdaGrad": 1.5, "RMSprop": 0.3, "Adam": 0.3}


@pytest.mark.parametrize("name", BOOK)
def test_the_points_are_those_of_the_book(name: str) -> None:
    points = descend(getattr(optim, name)(lr=RATES[name]), BOOK_SURFACE, (-7.0, 2.0), 30)
    assert points.shape == (1, 31, 2)
    # The book's epsilon is 1e-7 and that of Adam another one.
    np.testing.assert_allclose(points[0][[0, 1, 2, 3, 30]], [(-7, 2), *BOOK[name]], rtol=0, atol=2e-5)


def test_a_population_is_several_ways_each_as_if_alone() -> None:
    rates = [0.1, 0.95, 1.5]
    together = descend(optim.SGD(lr=rates), BOOK_SURFACE, (-7.0, 2.0), 5)
    for rate, points in zip(rates, together, strict=True):
        np.testing.assert_array_equal(points, descend(optim.SGD(lr=rate), BOOK_SURFACE, (-7.0, 2.0), 5)[0])


def test_a_surface_without_derivatives_has_central_differences() -> None:
    plain = Surface(BOOK_SURFACE.z)
    ways = [descend(optim.Momentum(0.1), surface, (-7.0, 2.0), 10) for surface in (plain, BOOK_SURFACE)]
    np.testing.assert_allclose(*ways, rtol=0, atol=1e-7)


def test_weight_decay_pulls_to_zero() -> None:
    flat = Surface(lambda x, y: 0 * x, lambda x, y: (0 * x, 0 * y))
    points = descend(optim.SGD(lr=0.1, weight_decay=1.0), flat, (1.0, -2.0), 1)
    np.testing.assert_allclose(points[0, 1], [0.9, -1.8])
