"""Pictures as SVG that stand alone: what all drawings share.

Colours are presentation attributes, which a strict content security policy lets through. The namespace is an
attribute of the picture, not a prefix that is registered with the library for the whole process: other XML is
written beside it.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

MEDIA_TYPE = "image/svg+xml"
NAMESPACE = "http://www.w3.org/2000/svg"
FONT = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
SIZE = 13
"""Of the letters, in pixels."""
INK, LINE = "#1b2430", "#7d8793"


def picture(
    width: float, height: float, title: str, lang: str, *, name: str = "title", size: int = SIZE
) -> Element:
    """Return an empty picture of *width* by *height* pixels, which screen readers call *title*.

    :param name: the ``id`` of the title, which no other part of a page that holds the picture may have.
    :param size: of the letters, in pixels.
    """
    root = Element(
        "svg",
        {
            "xmlns": NAMESPACE,
            "viewBox": f"0 0 {round(width)} {round(height)}",
            "width": str(round(width)),
            "height": str(round(height)),
            "role": "img",
            "aria-labelledby": name,
            "lang": "zh-CN" if lang == "zh" else "en",
            "font-family": FONT,
            "font-size": str(size),
        },
    )
    add(root, "title", {"id": name}, title)
    return root


def add(
    parent: Element, tag: str, attributes: Mapping[str, str] | None = None, text: str | None = None
) -> Element:
    """Add an element to *parent* and return it."""
    element = ElementTree.SubElement(parent, tag, dict(attributes or {}))
    element.text = text
    return element


def written(root: Element) -> bytes:
    """Return the picture *root* as a document in UTF-8."""
    output = io.BytesIO()
    ElementTree.ElementTree(root).write(output, encoding="utf-8", xml_declaration=True)
    return output.getvalue()


def wrap(text: str, width: float) -> list[str]:
    """Break *text* into lines of at most *width* pixels: Chinese anywhere, other words at spaces."""
    lines, line, used = [], "", 0.0
    for word in _words(text):
        length = text_width(word)
        if used + length > width and line:
            lines.append(line.rstrip())
            line, used, word = "", 0.0, word.lstrip()
            length = text_width(word)
        while length > width:  # one word wider than a line
            cut = next(n for n in range(len(word), 0, -1) if n == 1 or text_width(word[:n]) <= width)
            lines.append(word[:cut])
            word = word[cut:]
            length = text_width(word)
        line, used = line + word, used + length
    return [*lines, line.rstrip()] if line.strip() else lines


def _words(text: str) -> Iterator[str]:
    """Yield pieces that must not be broken; a piece ends with the space after it."""
    piece = ""
    for character in text:
        if _is_wide(character):
            if piece:
                yield piece
            piece = ""
            yield character
        else:
            piece += character
            if character == " ":
                yield piece
                piece = ""
    if piece:
        yield piece


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def text_width(text: str) -> float:
    """Return about how wide *text* is in letters of :data:`SIZE`, in pixels."""
    return sum(SIZE if _is_wide(c) else SIZE * 0.58 for c in text)
