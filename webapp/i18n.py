"""Both languages: which one a request wants, and the words of the pages in it.

The templates are written in English; ``translations/zh.po`` has the Chinese and is read at the start,
without a compile step that somebody could forget. Words of the knowledge itself (departments, duties,
grades) carry both languages in the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal, cast

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, g, has_request_context, request

from kb.errors import Text

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
COOKIE = "lang"
YEAR = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    """Give the templates ``_()``, ``language`` and the filter ``said``."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.filters["said"] = said
    app.context_processor(lambda: {"language": language()})
    app.after_request(_remember)


def language() -> Language:
    """Return the language of the request: ``?lang=``, the cookie, ``Accept-Language``, else Chinese."""
    if not has_request_context():
        return "zh"
    if "language" not in g:
        asked = [request.args.get(COOKIE), request.cookies.get(COOKIE)]
        asked.append(request.accept_languages.best_match(LANGUAGES))
        g.language = next((choice for choice in asked if choice in LANGUAGES), "zh")
    return cast(Language, g.language)


def gettext(message: str) -> str:
    """Return *message*, a sentence of the pages, in the language of the request."""
    return _translations(language()).gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the form that fits *count*, in the language of the request."""
    return _translations(language()).ngettext(singular, plural, count)


def said(value: Text | Mapping[str, str] | None) -> str:
    """Return the words of *value* in the language of the request.

    *value* is a :class:`~kb.errors.Text`, ``{"zh", "en"}``, or a thing with a label of the recommendation.
    """
    if value is None:
        return ""
    if isinstance(value, Text):
        return value.in_(language())
    words = value.get("label", value)
    return "" if words is None else cast(Mapping[str, str], words)[language()]


@cache
def _translations(chosen: Language) -> NullTranslations:
    if chosen == "en":
        return NullTranslations()
    catalogue = BytesIO()
    with (Path(__file__).parent / "translations" / f"{chosen}.po").open("rb") as file:
        write_mo(catalogue, read_po(file, locale=chosen))
    catalogue.seek(0)
    return Translations(catalogue)


def _remember(response: Response) -> Response:
    """Keep the language that was chosen by ``?lang=``."""
    if (asked := request.args.get(COOKIE)) in LANGUAGES:
        response.set_cookie(COOKIE, cast(str, asked), max_age=YEAR, samesite="Lax", httponly=True)
    return response
