"""The language of each page of the site, which screen readers, translators and fonts go by."""

from typing import Any

JAPANESE = "ja/"
"""The folder of the Japanese pages."""


def language_of(page: str) -> str:
    """Return the language of a page, by its name without the ending."""
    return "ja" if page.startswith(JAPANESE) else "en"


def set_language(app: object, page: str, template: str, context: dict[str, Any], tree: object) -> None:
    """Set `<html lang>` of a page; Sphinx has one language for all."""
    context["language"] = language_of(page)
