"""Text to rule set: :func:`parse` (`sparql-rl-grammar`)."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, UnexpectedCharacters, UnexpectedInput
from lark.lexer import PatternStr

from kb.errors import Text
from kb.srl import errors
from kb.srl.builder import build
from kb.srl.hints import expected, repair_of
from kb.srl.iris import is_absolute
from kb.srl.syntax import RuleSet, Span
from kb.srl.terms import Node, Terms

MAX_CHARACTERS = 8 * 1024 * 1024
"""The longest document that :func:`parse` reads unless it is told otherwise."""

MAX_BRACKETS = 64
"""How many brackets of any kind may be open at once."""

_OPENING = frozenset(("(", "{", "[", "<<", "<<(", "{|"))
_CLOSING = frozenset((")", "}", "]", ">>", ")>>", "|}"))
_SURROGATE = re.compile("[\ud800-\udfff]")
_FOUND = re.compile(r"[?$]?\w{1,40}|\S")
_WORD_BEFORE = re.compile(r"(\w+)\s*\Z")


def parse(
    text: str, *, source: str = "<text>", base: str | None = None, max_characters: int = MAX_CHARACTERS
) -> RuleSet:
    """Read a rule document.

    *source* names it in errors, *base* is the absolute IRI that relative ones are resolved against until
    the document says ``BASE``. Imports are listed, not followed: :func:`kb.srl.loader.load` does that.

    :raises SyntaxFault: the text is no rule document; one fault, the first. Whether the rules are well-formed
        and can be stratified is not looked at here.
    :raises ValueError: *base* is not absolute.
    """
    if base is not None and not is_absolute(base):
        raise ValueError(f"not an absolute IRI: {base}")
    text = text.removeprefix("\ufeff")  # a byte order mark, which some editors write
    if len(text) > max_characters:
        raise errors.too_large(source, max_characters)
    if half := _SURROGATE.search(text):
        zh, en = "此处不是合法的 Unicode 字符", "this is not a Unicode character"
        raise errors.unreadable(_place(text, half.start(), source), zh, en)
    with _collector_paused():
        return build(_tree(text, source), Terms(source, base), text, source)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the garbage collector from looking through the growing tree again and again.

    Trees have no cycles, so nothing waits for it; it takes a third of the time. It is one for the process: of
    threads that parse at once, whoever found it running sets it running again.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@cache
def _lark() -> Lark:
    """Return the parser, built at first use. It keeps no state between documents, so threads may share it."""
    grammar = files("kb.srl").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="basic", maybe_placeholders=True)


def _tree(text: str, source: str) -> Node:
    """Return Lark's tree, reading token by token so as to stop where brackets are nested too deep."""
    # Lark knows "" as "continue where you are", so the empty document gets one space.
    parsing: Any = _lark().parse_interactive(text or " ")
    depth = 0
    try:
        for token in parsing.iter_parse():
            if token in _OPENING:
                depth += 1
                if depth > MAX_BRACKETS:
                    raise errors.too_deep(_place(text, token.start_pos or 0, source), MAX_BRACKETS)
            elif token in _CLOSING:
                depth -= 1
        return parsing.feed_eof()
    except UnexpectedInput as error:
        raise _explained(error, parsing, text, source) from None


def _explained(error: UnexpectedInput, parsing: Any, text: str, source: str) -> Exception:
    """Say in words what *error* is: what stands there, what could have, and how to mend it."""
    token = getattr(error, "token", None)
    if isinstance(error, UnexpectedCharacters) or (token is not None and token.type != "$END"):
        position = error.pos_in_stream or 0
    else:
        position = len(text)
    where, signs = _place(text, position, source), _signs(parsing)
    match = _FOUND.match(text, position)
    if match is None:
        return errors.unexpected(where, Text("文档结尾", "the end of the document"), expected(signs))
    before = _WORD_BEFORE.search(text, max(0, position - 60), position)
    repair = repair_of(match[0], before[1] if before else "", signs)
    shown = f"“{match[0]}”" if match[0].isprintable() else f"U+{ord(match[0]):04X}"
    return errors.unexpected(where, Text(shown, shown), expected(signs), repair)


def _signs(parsing: Any) -> dict[str, str]:
    """Return the terminals that could stand where *parsing* has come to, and how they are written."""
    signs = {}
    for name in parsing.accepts() - {"$END"}:
        pattern = _lark().get_terminal(name).pattern
        signs[name] = pattern.value if isinstance(pattern, PatternStr) else name.removeprefix("_")
    return signs


def _place(text: str, position: int, source: str) -> Span:
    line = text.count("\n", 0, position) + 1
    return Span(source, line, position - (text.rfind("\n", 0, position) + 1) + 1)
