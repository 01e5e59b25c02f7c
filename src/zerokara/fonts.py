"""Fonts for characters that a text's own font lacks, such as those of Japanese, Chinese and Korean."""

import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

FAMILIES = (
    *("Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans JP", "IPAexGothic", "IPAGothic", "TakaoPGothic"),
    *("VL PGothic", "Hiragino Sans", "Yu Gothic", "Meiryo", "MS Gothic"),
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei"),
    *("PingFang SC", "PingFang HK", "Heiti TC", "STHeiti", "Microsoft YaHei", "Microsoft JhengHei", "SimHei"),
    *("Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Apple SD Gothic Neo", "AppleGothic", "Malgun Gothic"),
    *("Arial Unicode MS", "Droid Sans Fallback"),
)
"""Preferred, in this order; then any font that is installed."""
NAMED = 8
GENERIC = ("serif", "sans-serif", "cursive", "fantasy", "monospace")
_reported: set[str] = set()
"""The kinds of reports that were made: each is made once, not for every figure."""


def use_installed_fonts(figure: "Figure") -> str:
    """Let texts use installed fonts for the characters that their own lacks; return what is to be reported, or "".

    That are characters that no installed font has, fonts that are not installed, and formulas, whose fonts are fixed.
    """
    from matplotlib.cbook import is_math_text

    characters_of = lru_cache(_characters)
    absent: dict[str, None] = {}
    boxes: dict[str, None] = {}
    formulas: dict[str, None] = {}
    for text in _texts(figure):
        families = tuple(np.atleast_1d(text.get_fontfamily()))
        characters, not_installed = characters_of(families)
        absent.update(dict.fromkeys(not_installed))
        content = text.get_text()
        if content.isascii() or not (missing := set(filter(_is_drawn, content)) - characters):
            continue
        if text.get_parse_math() and is_math_text(content):
            formulas.update(dict.fromkeys(character for character in content if character in missing))
            continue
        added, missing = _fonts_for(missing)
        boxes.update(dict.fromkeys(character for character in content if character in missing))
        text.set_fontfamily([*families, *added])
    reports = {
        f"fonts {' '.join(absent)}": absent and f"the font {' or '.join(absent)} is not installed, another is used",
        "boxes": boxes
        and f"no installed font has the characters {_some(boxes)}, which are drawn as boxes: install one that has "
        "them, such as Noto Sans CJK",
        "formulas": formulas
        and f"the characters {_some(formulas)} beside formulas are drawn as boxes: write such labels without $",
    }
    new = {kind: str(report) for kind, report in reports.items() if report and kind not in _reported}
    _reported.update(new)
    return "; ".join(new.values())


def _texts(figure: "Figure") -> "list[Text]":
    """Return all texts of a figure, with the labels of its ticks, which are made when they are asked for."""
    from matplotlib.axis import Axis
    from matplotlib.text import Text

    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    for axis in figure.findobj(Axis):
        assert isinstance(axis, Axis)
        texts += axis.get_ticklabels() + axis.get_ticklabels(minor=True)
    return texts


def _some(characters: Iterable[str]) -> str:
    shown = list(characters)
    return " ".join(shown[:NAMED]) + (f" and {len(shown) - NAMED} more" if len(shown) > NAMED else "")


def _is_drawn(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ" and unicodedata.category(character) != "Mn"


def _characters(families: tuple[str, ...]) -> tuple[frozenset[str], list[str]]:
    """Return the characters that the first installed fonts of some families have, and the families without any."""
    from matplotlib import font_manager, rcParams

    characters: frozenset[str] = frozenset()
    absent: list[str] = []
    for family in families:
        try:
            path = font_manager.findfont(font_manager.FontProperties(family=[family]), fallback_to_default=False)
            characters |= _of_file(str(path))
        except ValueError:
            settings: Any = rcParams
            absent += settings[f"font.{family}"] if family in GENERIC else [family]
    return characters or _of_file(str(font_manager.findfont("DejaVu Sans"))), absent


def _fonts_for(missing: set[str]) -> tuple[list[str], set[str]]:
    """Return installed families for some characters, one for all of them where possible, and those without a font."""
    from matplotlib.font_manager import fontManager

    files = {entry.name: entry.fname for entry in reversed(fontManager.ttflist) if "Last Resort" not in entry.name}
    preferred = [name for name in FAMILIES if name in files]
    families: list[str] = []
    for names in (preferred, sorted(files.keys() - set(preferred))):
        if not missing:
            break
        best = next((name for name in names if missing <= _of_file(str(files[name]))), None)
        for name in names if best is None else [best]:
            if missing & _of_file(str(files[name])):
                families.append(name)
                missing = missing - _of_file(str(files[name]))
    return families, missing


@cache
def _of_file(path: str) -> frozenset[str]:
    """Return the characters that a font file has; none if it is damaged, or was removed."""
    from matplotlib.font_manager import get_font

    try:
        return frozenset(map(chr, get_font(path).get_charmap()))
    except (OSError, RuntimeError):
        return frozenset()
