"""Labels in any language: an installed font that has the characters is used, or one line says that there is none."""

import logging
import warnings
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import rcParams
from matplotlib.font_manager import fontManager

from zerokara import fonts
from zerokara.errors import ZerokaraWarning
from zerokara.figures.style import new_figure, save_figure

JAPANESE, CHINESE, KOREAN = "精度の曲線", "学习率", "정확도"


@pytest.fixture(autouse=True)
def fonts_of_matplotlib(monkeypatch):
    """The fonts that come with matplotlib, whatever is installed here."""
    own = [font for font in fontManager.ttflist if "mpl-data" in font.fname]
    monkeypatch.setattr(fontManager, "ttflist", own)
    monkeypatch.setattr(fonts, "_reported", set())
    yield
    fontManager._findfont_cached.cache_clear()


def install(folder: Path, name: str, characters: str) -> None:
    """Install a font in which each of the characters is a black square."""
    builder = FontBuilder(1000, isTTF=True)
    pen = TTGlyphPen(None)
    for k, point in enumerate([(0, 0), (0, 900), (900, 900), (900, 0)]):
        (pen.lineTo if k else pen.moveTo)(point)
    pen.closePath()
    names = [".notdef", *(f"uni{ord(character):04X}" for character in characters)]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap(dict(zip(map(ord, characters), names[1:], strict=True)))
    builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": name, "styleName": "Regular", "psName": name.replace(" ", "")})
    builder.setupOS2()
    builder.setupPost()
    builder.save(folder / f"{name}.ttf")
    fontManager.addfont(str(folder / f"{name}.ttf"))


def drawn(path: Path, **labels: str) -> tuple[list[str], bytes]:
    """Draw the labels; return what was warned of, and the file."""
    figure = new_figure(4, 3)
    axes = figure.subplots()
    axes.set(**labels)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        save_figure(figure, path)
    assert all(warning.category is ZerokaraWarning for warning in caught)
    return [str(warning.message) for warning in caught], path.read_bytes()


@pytest.mark.parametrize("content", [JAPANESE + CHINESE, f"epochs ({KOREAN})"], ids=["alone", "mixed"])
def test_an_installed_font_is_used(content: str, tmp_path: Path, caplog) -> None:
    _, boxes = drawn(tmp_path / "boxes.png", xlabel=content)
    install(tmp_path, "Squares", "".join({*JAPANESE, *CHINESE, *KOREAN}))
    assert drawn(tmp_path / "a.png", xlabel=content) == ([], (tmp_path / "a.png").read_bytes())
    assert (tmp_path / "a.png").read_bytes() != boxes
    warned, pdf = drawn(tmp_path / "a.pdf", xlabel=content)
    assert (warned, b"Squares" in pdf) == ([], True)
    assert b"Squares" not in drawn(tmp_path / "a.pdf", xlabel="epochs − ε")[1]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_font_for_all_characters_is_preferred_then_several(tmp_path: Path) -> None:
    install(tmp_path, "Noto Sans CJK JP", JAPANESE + CHINESE[0])
    install(tmp_path, "Noto Sans CJK SC", CHINESE)
    install(tmp_path, "Another", CHINESE + KOREAN)
    used = {content: drawn(tmp_path / "a.pdf", title=content)[1] for content in (JAPANESE, CHINESE, KOREAN)}
    names = (b"NotoSansCJKJP", b"NotoSansCJKSC", b"Another")
    assert [[name in used[content] for name in names] for content in used] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]
    warned, pdf = drawn(tmp_path / "a.pdf", title=JAPANESE + KOREAN)
    assert (warned, [name in pdf for name in names]) == ([], [True, False, True])


def test_characters_without_a_font_are_one_line(tmp_path: Path) -> None:
    install(tmp_path, "Squares", JAPANESE)
    (warned,), _ = drawn(tmp_path / "a.png", title=JAPANESE, xlabel=CHINESE + KOREAN, ylabel="はいいえ北南")
    assert warned == (
        f"{tmp_path / 'a.png'}: no installed font has the characters 学 习 率 정 확 도 は い and 3 more, which are "
        "drawn as boxes: install one that has them, such as Noto Sans CJK"
    )
    assert drawn(tmp_path / "b.png", title="東西")[0] == [], "once"


def test_a_font_that_was_removed_is_passed_over(tmp_path: Path) -> None:
    install(tmp_path, "A font", JAPANESE)
    (tmp_path / "A font.ttf").unlink()
    fonts._of_file.cache_clear()
    assert "no installed font has" in drawn(tmp_path / "a.png", title=JAPANESE)[0][0]
    install(tmp_path, "Squares", JAPANESE)
    assert b"Squares" in drawn(tmp_path / "a.pdf", title=JAPANESE)[1]


def test_labels_of_ticks_are_covered(tmp_path: Path) -> None:
    install(tmp_path, "Squares", JAPANESE)
    assert b"Squares" in drawn(tmp_path / "a.pdf", xticks=[0, 1], xticklabels=["精度", "曲線"])[1]
    figure = new_figure(4, 3)
    figure.subplots().bar(["精度", "曲線"], [1, 2])
    assert b"Squares" in save_figure(figure, tmp_path / "b.pdf").read_bytes()


def test_fonts_that_are_not_installed_are_named(tmp_path: Path, monkeypatch) -> None:
    assert drawn(tmp_path / "a.png", title="plain")[0] == []
    monkeypatch.setitem(rcParams, "font.family", ["SimHei"])
    with warnings.catch_warnings():
        report = fonts.use_installed_fonts(labelled("a"))
    assert report == "the font SimHei is not installed, another is used"
    assert fonts.use_installed_fonts(labelled("a")) == ""
    monkeypatch.setitem(rcParams, "font.family", ["sans-serif"])
    monkeypatch.setitem(rcParams, "font.sans-serif", ["SimSun", "KaiTi"])
    assert fonts.use_installed_fonts(labelled("a")) == "the font SimSun or KaiTi is not installed, another is used"


def test_labels_with_formulas_are_named(tmp_path: Path) -> None:
    install(tmp_path, "Squares", JAPANESE)
    assert fonts.use_installed_fonts(labelled("精度 $L$")) == (
        "the characters 精 度 beside formulas are drawn as boxes: write such labels without $"
    )
    assert fonts.use_installed_fonts(labelled("epoch $L$")) == ""


def labelled(content: str):
    figure = new_figure(4, 3)
    figure.subplots().set_title(content)
    return figure
