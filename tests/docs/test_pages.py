"""The pages of the site: their code runs, their links lead somewhere, and translations have the same code."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path.append(str(DOCS))  # The pages' own tools, as `make docs` has them.

from tools import languages, pages  # noqa: E402

RUN = [page for page in pages.pages() if not pages.is_slow(page)]
TRANSLATIONS = [ROOT / "README.ja.md", *sorted((DOCS / "ja").rglob("*.md"))]
WRITTEN = [ROOT / "README.md", ROOT / "README.ja.md", *sorted(DOCS.rglob("*.md"))]
WRITTEN = [page for page in WRITTEN if page.parent.name != "generated"]


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.skipif(sys.platform == "win32", reason="the pages' commands are for a POSIX shell")
@pytest.mark.parametrize("page", RUN, ids=named)
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    pages.run_page(page, tmp_path)


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = link.partition("#")
        if "://" in link or "generated/" in file:
            continue
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}, link


def test_the_site_says_the_language_of_each_page() -> None:
    site = {page.relative_to(DOCS).with_suffix("").as_posix(): page for page in WRITTEN if page.is_relative_to(DOCS)}
    japanese = {name for name, page in site.items() if len(re.findall(r"[ぁ-ん]", page.read_text("utf-8"))) > 200}
    assert japanese, "there are such pages"
    assert {name for name in site if languages.language_of(name) == "ja"} == japanese


def original(page: Path) -> Path:
    return ROOT / "README.md" if page.name == "README.ja.md" else DOCS / page.relative_to(DOCS / "ja")


def without_comments(block: pages.Block) -> tuple[str, str, str | None]:
    """Comments may be translated, nothing else."""
    return block.language, re.sub(r"[ \t]*(^|\s)# .*$", "", block.code, flags=re.MULTILINE), block.expected


@pytest.mark.parametrize("page", TRANSLATIONS, ids=named)
def test_a_translation_has_the_code_of_the_original(page: Path) -> None:
    ours, theirs = (list(map(without_comments, pages.blocks(file))) for file in (page, original(page)))
    assert ours == theirs


@pytest.mark.parametrize("page", TRANSLATIONS, ids=named)
def test_a_translation_has_the_headings_and_pictures_of_the_original(page: Path) -> None:
    for pattern in (r"^#+ ", r"!\["):
        assert count(pattern, page) == count(pattern, original(page)), pattern


def count(pattern: str, page: Path) -> list[str]:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(pattern, text, re.MULTILINE)


def test_what_a_page_prints_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("```python\na = 1\n```\n\n```python\nprint(a + 1)\n```\n\n```text\n2\n```\n", encoding="utf-8")
    assert pages.run_page(page, tmp_path) == []
    for wrong in ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "```console\n$ false\n```\n", "```python\na\n```\n"):
        page.write_text(wrong, encoding="utf-8")
        with pytest.raises(pages.PageError, match=r"page\.md:2"):
            pages.run_page(page, tmp_path)


def test_a_block_that_needs_what_is_not_here_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("<!-- needs: nothing_of_that_name -->\n```python\n1 / 0\n```\n", encoding="utf-8")
    assert pages.run_page(page, tmp_path) == ["page.md:3 needs nothing_of_that_name"]
