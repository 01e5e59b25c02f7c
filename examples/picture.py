"""Saving the pictures of the experiments: 256 colors take a third of the bytes."""

import io
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from zerokara.files import write

PICTURES = Path(__file__).with_name("pictures")


def picture(figure: Figure, name: str) -> str:
    """Write a figure as ``pictures/name.png`` and return that path for `row`.

    Raises:
        OutsideError: the folder is not writable, or the disk is full.
    """
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100)
    Image.open(drawn).convert("RGB").quantize(256).save(small, format="PNG", optimize=True)
    PICTURES.mkdir(exist_ok=True)
    return f"{PICTURES.name}/{write(PICTURES / f'{name}.png', small.getvalue()).name}"
