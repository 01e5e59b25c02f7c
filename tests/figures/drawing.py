"""What the tests of figures read from a figure."""

import io

from matplotlib.figure import Figure
from PIL import Image


def drawn(figure: Figure) -> tuple[int, int]:
    """Return the size of the picture as it is written; a warning of matplotlib would show here."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    with Image.open(file) as image:
        return image.size


def lines(axes) -> dict[str, object]:
    """Return the lines of an axes by their labels."""
    return {line.get_label(): line for line in axes.get_lines()}
