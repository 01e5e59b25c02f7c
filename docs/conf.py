"""The site: `make docs`, or `python -m sphinx -n -W --keep-going -b html docs build/site`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from tools import reference

import zerokara as zk

project = "zerokara"
author = "the zerokara authors"
release = version = zk.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["tools", "notebooks", "static"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

# The pages describe what a reader calls: the signature has the types, the docstring the meaning.
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
# Types of Python and NumPy, in `Raises` and signatures: no other site is asked where they are described.
nitpick_ignore_regex = [("py:.*", r"(?!zerokara).*"), ("py:.*", r"zerokara\..*")]

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


def setup(app: object) -> None:
    """Write the pages of the reference that come from the program's own tables."""
    reference.connect(app)
