"""One HTML file with everything inside: data, texts, styles and scripts; it opens from disk and asks for nothing."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from zerokara.version import __version__

STATIC = Path(__file__).parent / "static"
MAIN = "main.js"
IMPORT = re.compile(r'^import\s+(?:\{[^}]*\}\s+from\s+)?"\./([\w.-]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?function\b|const\b|class\b|let\b)", re.MULTILINE)
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
"""What a browser lets the page load: nothing from anywhere."""


def page_html(data: Mapping[str, Any], title: str | None = None, main: str = MAIN, policy: str = POLICY) -> str:
    """Return the page of some data, as `zerokara.report.data.page_data` makes them, as the text of one HTML file.

    ``main`` is the module that starts it, ``policy`` what it may load.

    >>> text = page_html({"search": None, "network": None}, title="empty")
    >>> text.startswith("<!doctype html>"), "http-equiv" in text
    (True, True)
    """
    title = title or str(data.get("title", "zerokara"))
    vendor = STATIC / "vendor"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta name="generator" content="zerokara {__version__}">',
            '<link rel="icon" href="data:,">',
            f"<title>{escape(title)}</title>",
            f"<style>{_static(vendor / 'uPlot.min.css')}{''.join(map(_static, sorted(STATIC.glob('*.css'))))}</style>",
            "</head>",
            '<body><div id="zk-page"></div>',
            f'<script type="application/json" id="zk-data">{as_json(data)}</script>',
            f'<script type="application/json" id="zk-text">{as_json(dictionary())}</script>',
            f"<!--\n{_static(vendor / 'uPlot.VERSION.txt')}{_static(vendor / 'uPlot.LICENSE.txt')}-->",
            f"<script>{_static(vendor / 'uPlot.iife.min.js')}</script>",
            f'<script type="module">{script(main)}</script>',
            "</body></html>",
            "",
        ]
    )


def as_json(content: Any) -> str:
    """Return JSON that may stand within a script element; numbers that are not finite are null.

    >>> as_json({"x": [1.5, float("nan")], "t": "</script>"})
    '{"x":[1.5,null],"t":"\\\\u003c/script>"}'
    """
    text = json.dumps(_finite(content), separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return text.replace("<", "\\u003c")


def dictionary() -> dict[str, list[str]]:
    """Return the texts of the page by key: in English, in Japanese."""
    texts: dict[str, list[str]] = json.loads(_static(STATIC / "dictionary.json"))
    return texts


def script(main: str = MAIN) -> str:
    """Return a module and those that it needs as one, in the order of their imports, without those lines."""
    return "\n".join(EXPORT.sub("", IMPORT.sub("", _static(STATIC / name))) for name in modules(main, []))


def modules(name: str, done: list[str]) -> list[str]:
    """Return the names of the modules that one needs, in the order in which they are run; ``done`` come before."""
    if name in done:
        return done
    for other in _imported(name):
        done = modules(other, done)
    return [*done, name]


def _imported(name: str) -> Iterator[str]:
    yield from IMPORT.findall(_static(STATIC / name))


def _static(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _finite(content: Any) -> Any:
    """Return content with None for numbers that are not finite."""
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, Mapping):
        return {str(key): _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return content
