"""Rules and Turtle with their words coloured, for reading: spans with classes, no inline style."""

from __future__ import annotations

from typing import Any, ClassVar

from markupsafe import Markup
from pygments import highlight as rendered
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer, inherit
from pygments.lexers.data import YamlLexer
from pygments.lexers.rdf import SparqlLexer, TurtleLexer
from pygments.token import Keyword, Operator


class RuleLexer(SparqlLexer):
    """SPARQL-RL: SPARQL with rules, data blocks and assignments."""

    name = "SPARQL-RL"
    tokens: ClassVar[dict[str, list[Any]]] = {
        "root": [
            (r"(?i)\b(rule|data|set|not|imports|version)\b(?!:)", Keyword),
            (r":=", Operator),
            inherit,
        ]
    }


_LEXERS: dict[str, Lexer] = {"srl": RuleLexer(), "ttl": TurtleLexer(), "yaml": YamlLexer()}
_FORMATTER = HtmlFormatter(nowrap=True, classprefix="tok-")


def highlight(text: str, language: str) -> Markup:
    """Return *text* as HTML: ``srl``, ``ttl`` or ``yaml``; everything in it is escaped."""
    return Markup(rendered(text, _LEXERS[language], _FORMATTER))  # noqa: S704 - the formatter escapes
