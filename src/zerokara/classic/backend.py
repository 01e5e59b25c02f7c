"""A backend of matplotlib that writes figures to PNG files instead of opening windows."""

from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

from zerokara.classic.display import Output


class FigureManager(FigureManagerBase):
    """Shows all figures by writing each to the next PNG file, and closes them."""

    waiting = False

    @classmethod
    def pyplot_show(cls, *, block: bool | None = None) -> None:
        """Write the figures of ``pyplot.show()``; calls that do not block are an animation, whose end is written."""
        cls.waiting = block is False
        if cls.waiting:
            return
        for manager in Gcf.get_all_fig_managers():
            Output.save(manager.canvas.figure)
            Gcf.destroy(manager)

    @classmethod
    def finish(cls) -> None:
        """Write the last picture of an animation."""
        if cls.waiting:
            cls.pyplot_show()


class FigureCanvas(FigureCanvasAgg):
    """The canvas class that matplotlib expects in a backend."""

    manager_class = FigureManager
