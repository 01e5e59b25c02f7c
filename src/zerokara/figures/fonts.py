"""Fonts for characters that a text's own font lacks, such as those of Japanese, Chinese and Korean."""

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FAMILIES = (
    *("Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans JP", "IPAexGothic", "IPAGothic", "TakaoPGothic", "VL PGothic"),
    *("Hiragino Sans", "Yu Gothic", "Meiryo", "MS Gothic"),
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei"),
    *("PingFang SC", "PingFang HK", "Heiti TC", "STHeiti", "Microsoft YaHei", "Microsoft JhengHei", "SimHei"),
    *("Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Apple SD Gothic Neo", "AppleGothic", "Malgun Gothic"),
    *("Arial Unicode MS", "Droid Sans Fallback"),
)
"""Preferred, in this order; then any font that is installed."""
SHOWN = 8
_reported: set[str] = set()
"""The characters and fonts that a message has named: each is named once."""


def use_installed_fonts(figure: "Figure") -> str:
    """Let texts use installed fonts for the characters that their own lacks; return what is to be reported, or "".

    That are characters that no installed font has, which are drawn as boxes, and fonts that are not installed.
    """
    from matplotlib.axis import Axis
    from matplotlib.text import Text

    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    for axis in figure.findobj(Axis):
        assert isinstance(axis, Axis)
        texts += axis.get_ticklabels() + axis.get_ticklabels(minor=True)
    boxes: dict[str, None] = {}
    absent: dict[str, None] = {}
    for text in texts:
        families = text.get_fontfamily()
        families = (families,) if isinstance(families, str) else tuple(families)
        characters, not_installed = _characters(families)
        absent.update(dict.fromkeys(not_installed))
        content = text.get_text()
        if content.isascii() or not (missing := set(filter(_visible, content)) - characters):
            continue
        added, missing = _fonts_for(missing)
        boxes.update(dict.fromkeys(character for character in content if character in missing))
        text.set_fontfamily([*families, *added])
    return _report([name for name in boxes if name not in _reported], [name for name in absent if name not in _reported])


def _report(boxes: list[str], absent: list[str]) -> str:
    _reported.update(boxes, absent)
    parts = []
    if absent:
        parts.append(f"the font {' or '.join(absent)} is not installed, another is used")
    if boxes:
        more = f" and {len(boxes) - SHOWN} more" if len(boxes) > SHOWN else ""
        parts.append(
            f"no installed font has the characters {' '.join(boxes[:SHOWN])}{more}, which are drawn as boxes: "
            "install one that has them, such as Noto Sans CJK"
        )
    return "; ".join(parts)


def _visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ" and unicodedata.category(character) != "Mn"


def _characters(families: tuple[str, ...]) -> tuple[frozenset[str], list[str]]:
    """Return the characters that the first installed fonts of some families have, and the families without any."""
    from matplotlib import font_manager, rcParams

    characters: frozenset[str] = frozenset()
    absent: list[str] = []
    for family in families:
        try:
            path = font_manager.findfont(font_manager.FontProperties(family=family), fallback_to_default=False)
            characters |= _of_file(str(path))
        except ValueError:
            named = rcParams.get(f"font.{family}", [family])
            absent += [named] if isinstance(named, str) else named
    return characters or _of_file(str(font_manager.findfont("DejaVu Sans"))), absent


def _fonts_for(missing: set[str]) -> tuple[list[str], set[str]]:
    """Return installed families for some characters, one for all of them where possible, and those without a font."""
    from matplotlib.font_manager import fontManager

    files = {entry.name: entry.fname for entry in reversed(fontManager.ttflist) if "Last" not in entry.name}
    preferred = [name for name in FAMILIES if name in files]
    families: list[str] = []
    for names in (preferred, sorted(files.keys() - set(preferred))):
        best = next((name for name in names if missing <= _of_file(str(files[name]))), None)
        for name in names if best is None else [best]:
            if missing & _of_file(str(files[name])):
                families.append(name)
                missing = missing - _of_file(str(files[name]))
    return families, missing


@lru_cache(maxsize=None)
def _of_file(path: str) -> frozenset[str]:
    """Return the characters that a font file has."""
    from matplotlib.font_manager import get_font

    return frozenset(map(chr, get_font(path).get_charmap()))
