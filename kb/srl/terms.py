"""The leaves of a rule document: tokens to terms, under the BASE and PREFIX declarations so far."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from lark import Token
from pyoxigraph import BaseDirection, BlankNode, Literal, NamedNode, Variable

from kb.srl import errors
from kb.srl.iris import resolve
from kb.srl.syntax import Span

XSD = "http://www.w3.org/2001/XMLSchema#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDF_TYPE, RDF_REIFIES = NamedNode(RDF + "type"), NamedNode(RDF + "reifies")
RDF_FIRST, RDF_REST, RDF_NIL = NamedNode(RDF + "first"), NamedNode(RDF + "rest"), NamedNode(RDF + "nil")

Node: TypeAlias = Any
"""A Lark token or tree. Its shape is what grammar.lark says, which no type can."""

_NUMBERS = {kind: NamedNode(XSD + kind.lower()) for kind in ("INTEGER", "DECIMAL", "DOUBLE")}
_BOOLEAN = NamedNode(XSD + "boolean")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_LOCAL_ESCAPE = re.compile(r"\\(.)")
_CONTROL = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


class Terms:
    """Reads tokens of one document; the builder tells it the declarations as they come."""

    def __init__(self, source: str, base: str | None) -> None:
        """Begin a document named *source*, retrieved from *base* if that is known."""
        self.base = base
        self.prefixes: dict[str, str] = {}
        self._source = source
        self._iris: dict[str, NamedNode] = {}
        self._fresh = 0

    def span(self, node: Node) -> Span:
        """Return the place of the first token of *node* (that of a bracket is not kept)."""
        while not isinstance(node, Token):
            node = next(child for child in node.children if child is not None)
        return Span(self._source, node.line or 1, node.column or 1)

    def declare_base(self, token: Token) -> None:
        """``BASE``: later relative IRIs, a later BASE too, are relative to this one."""
        self.base = self.iri(token).value
        self._iris.clear()

    def declare_prefix(self, name: Token, iri: Token) -> None:
        """``PREFIX``; a second declaration of the same prefix holds from there on."""
        self.prefixes[name[:-1]] = self.iri(iri).value
        self._iris.clear()

    def iri(self, token: Token) -> NamedNode:
        """Return the IRI of ``<…>``, a prefixed name or ``a``; raise ``srl.iri`` or ``srl.prefix``."""
        found = self._iris.get(token)
        if found is None:
            found = self._iris[str(token)] = self._new_iri(token)
        return found

    def _new_iri(self, token: Token) -> NamedNode:
        if token.type == "A":
            return RDF_TYPE
        if token.type == "IRIREF":
            text = self._unescape(token, token[1:-1])
            if self.base is not None:
                text = resolve(self.base, text)
        else:
            prefix, local = token.split(":", 1)
            if prefix not in self.prefixes:
                raise errors.prefix_unknown(self.span(token), prefix)
            text = self.prefixes[prefix] + _LOCAL_ESCAPE.sub(r"\1", local)
        try:
            return NamedNode(text)
        except ValueError:
            raise errors.iri_invalid(self.span(token), text) from None

    def fresh(self) -> BlankNode:
        """Return a blank node that the author did not name."""
        self._fresh += 1
        return BlankNode(f"f{self._fresh}")

    def leaf(self, node: Node) -> NamedNode | BlankNode | Literal | Variable:
        """Return the term of a token or of a ``literal``."""
        if not isinstance(node, Token):
            return self._literal(node)
        match node.type:
            case "VAR":
                return Variable(node[1:])
            case "IRIREF" | "PNAME_LN" | "PNAME_NS" | "A":
                return self.iri(node)
            case "BLANK_NODE_LABEL":
                # "u" keeps the author's labels apart from fresh ones, which begin with "f".
                return BlankNode("u" + node[2:])
            case "ANON":
                return self.fresh()
            case "NIL":
                return RDF_NIL
            case "TRUE" | "FALSE":
                return Literal(node.lower(), datatype=_BOOLEAN)
        return Literal(str(node), datatype=_NUMBERS[node.type.removesuffix("_SIGNED")])

    def string(self, token: Token) -> str:
        """Return the text of a string token, its escapes resolved."""
        quotes = 3 if token.type.startswith("STRING_LONG") else 1
        return self._unescape(token, token[quotes:-quotes])

    def _literal(self, tree: Node) -> Literal:
        token, suffix = tree.children
        text = self.string(token)
        if suffix is None:
            return Literal(text)
        if suffix.type != "LANG_DIR":
            return Literal(text, datatype=self.iri(suffix))
        language, _, direction = suffix[1:].partition("--")
        if direction not in ("", "ltr", "rtl"):
            zh, en = "文字方向只能是 --ltr 或 --rtl", "a direction is --ltr or --rtl, in small letters"
            raise errors.literal_invalid(self.span(suffix), suffix, zh, en)
        try:
            return Literal(text, language=language, direction=BaseDirection(direction) if direction else None)
        except ValueError:
            zh, en = "不是合法的语言标记", "not a language tag"
            raise errors.literal_invalid(self.span(suffix), suffix, zh, en) from None

    def _unescape(self, token: Token, text: str) -> str:
        if "\\" not in text:
            return text

        def character(match: re.Match[str]) -> str:
            short, long, control = match.groups()
            if control is not None:
                return _CONTROL.get(control, control)
            number = int(short or long, 16)
            if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
                zh, en = "不是 Unicode 字符", "not a Unicode character"
                raise errors.literal_invalid(self.span(token), match[0], zh, en)
            return chr(number)

        return _ESCAPE.sub(character, text)
