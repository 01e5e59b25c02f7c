"""The site: `make docs`, or `python -m sphinx -n -W --keep-going -b html docs build/site`."""

import sys
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

from tools import languages, reference

import zerokara as zk

project = "zerokara"
author = "the zerokara authors"
release = version = zk.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["tools", "notebooks", "static"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

# A signature has names and defaults, the docstring the meaning: with types, most of it would be NumPy's unions.
autodoc_typehints = "none"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": False}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Shapes", "Source"]
# Docstrings write `name` for code, as Markdown does.
default_role = "code"
nitpicky = True
# Base classes that are described nowhere here: of Python, of scikit-learn, and four without a page of their own.
PRIVATE_BASES = r"zerokara\.(study\.results\.Results|model\.members\.Members|estimators\.(tuned|base)\.\w+Estimator)"
nitpick_ignore_regex = [("py:class", r"abc\.ABC|sklearn\..*"), ("py:class", PRIVATE_BASES)]

html_theme = "furo"
html_title = "zerokara"
html_theme_options = {
    "source_repository": "https://github.com/zerokara/zerokara",
    "source_branch": "main",
    "source_directory": "docs/",
}
html_show_sphinx = False
html_static_path = ["static"]
html_css_files = ["pages.css"]
smartquotes = False  # They would turn --out into an en dash and a word.


def setup(app: Sphinx) -> None:
    """Write the pages of the reference that come from the program's own tables, and set the language of each page."""
    reference.connect(app)
    app.connect("html-page-context", languages.set_language)
