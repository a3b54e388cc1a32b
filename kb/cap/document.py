"""XML into elements with their lines, or a refusal that says why.

The parser is expat, which ships with Python: it stops at a document type before any entity exists, knows
the line of every element, and fetches nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from kb.cap import CapRefused
from kb.errors import Fault, Text
from kb.store import nesting

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
DEPTH = 16
"""How deep elements may nest; a signed alert reaches 9."""
ELEMENTS = 50_000
"""The most elements of an alert; the largest seen in practice have a few thousand."""
_NEWLINE = b"\n"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_GB = re.compile(rb"""^(?:\xef\xbb\xbf)?<\?xml[^>]{0,100}encoding\s*=\s*["']gb(?:2312|k|18030)["']""", re.I)
_DECLARATION = re.compile(r"^<\?xml[^>]*\?>")
_OTHERS = {
    "http://www.incident.com/cap/1.0": ("CAP 1.0 警报", "an alert in CAP 1.0"),
    "urn:oasis:names:tc:emergency:cap:1.1": ("CAP 1.1 警报", "an alert in CAP 1.1"),
    "http://www.w3.org/2005/Atom": ("Atom 订阅源", "an Atom feed"),
    "urn:oasis:names:tc:emergency:EDXL:DE:1.0": ("EDXL-DE 信封", "an EDXL-DE envelope"),
}
"""What comes instead of an alert in CAP 1.2, by the namespace of its root."""
_OLD = Text("请发送方改用 CAP 1.2", "ask the sender for CAP 1.2")
_WRAPPED = Text(
    "逐条报送其中的 CAP 1.2 警报", "send the alerts in CAP 1.2 that it holds or links to, one by one"
)


@dataclass(slots=True)
class Element:
    """An element of the document; *name* is without namespace where that is CAP's.

    *foreign* says that it has attributes, which no element of CAP has.
    """

    name: str
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)
    foreign: bool = False

    def all(self, name: str) -> list[Element]:
        """Return the children of that name."""
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> str:
        """Return the text of the first child of that name, or nothing."""
        return next((child.text.strip() for child in self.children if child.name == name), "")

    def encoded(self) -> list[Any]:
        """Return it as lists, numbers and texts, which JSON can say."""
        return [self.name, self.line, self.text, self.foreign, [one.encoded() for one in self.children]]

    @classmethod
    def decoded(cls, data: Any) -> Element:
        """Return the element that *data*, as :meth:`encoded` made it, says.

        :raises ValueError: where it says something else.
        """
        match data:
            case [str(name), int(line), str(text), bool(foreign), list(children)]:
                return cls(name, line, text, [cls.decoded(one) for one in children], foreign)
        raise ValueError("element")


def parse(text: bytes) -> Element:
    """Return the alert in *text*.

    :raises CapRefused: where it is no XML, carries a document type, nests too deep, or is no CAP 1.2.
    """
    text = _readable(text)
    parser = expat.ParserCreate(namespace_separator=" ")
    root = Element("", 0)
    path, count = [root], 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        namespace, _space, local = name.rpartition(" ")
        element = Element(local if namespace == NAMESPACE else name, parser.CurrentLineNumber)
        element.foreign = any(not key.startswith(_INSTANCE) for key in attributes)
        if len(path) == 1 and element.name != "alert":
            raise _something_else(name, element.line)
        path[-1].children.append(element)
        path.append(element)
        if len(path) > DEPTH or count > ELEMENTS:
            raise refusal(
                "too-deep", f"元素超过 {ELEMENTS} 个，或者嵌套超过 {DEPTH} 层",
                f"there are more than {ELEMENTS} elements, or they nest deeper than {DEPTH}",
                f"line {element.line}",
            )  # fmt: skip

    def end(_: str) -> None:
        path.pop()

    def characters(data: str) -> None:
        path[-1].text += data

    def doctype(*_: object) -> None:
        raise _doctype(f"line {parser.CurrentLineNumber}")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = characters, doctype
    parser.buffer_text = True
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError) as error:  # ValueError: an encoding of several bytes that is not GB
        line = getattr(error, "lineno", 1)
        raise refusal(
            "format", f"XML 语法错误：{error}", f"not well-formed XML: {error}", f"line {line}",
            Text("改正该行；编码用 UTF-8", "mend that line; write it in UTF-8"),
        ) from error  # fmt: skip
    return root.children[0]


def refusal(code: str, zh: str, en: str, where: str = "", repair: Text | None = None) -> CapRefused:
    """Return the refusal of a document as a whole."""
    return CapRefused([Fault(f"cap.{code}", Text(zh, en), where, repair)])


def _readable(text: bytes) -> bytes:
    """Return *text* in an encoding that the parser knows and in which no document type can hide."""
    if text[:4].startswith((b"\xff\xfe", b"\xfe\xff", b"\x00", b"<\x00")):
        raise refusal(
            "encoding", "XML 须用 UTF-8 编码", "XML must be in UTF-8",
            repair=Text("另存为 UTF-8", "save it as UTF-8"),
        )  # fmt: skip
    if _GB.match(text):
        text = _DECLARATION.sub("", text.decode("gb18030", "replace")).encode()
    if found := nesting.DOCTYPE.search(text):
        raise _doctype(f"line {1 + text.count(_NEWLINE, 0, found.start())}")
    return text


def _doctype(where: str) -> CapRefused:
    return refusal(
        "doctype",
        "不接受带 DOCTYPE 或实体声明的 XML",
        "XML with a DOCTYPE or with entity declarations is not accepted",
        where,
        Text("删去 DOCTYPE", "leave the DOCTYPE out"),
    )


def _something_else(name: str, line: int) -> CapRefused:
    namespace, _, local = name.rpartition(" ")
    found = _OTHERS.get(namespace) or (("RSS 订阅源", "an RSS feed") if local in ("rss", "RDF") else None)
    if found is None:
        return refusal(
            "format", "不是 CAP 1.2 警报", "this is no alert in CAP 1.2", f"line {line}",
            Text(f"根元素须为 {NAMESPACE} 的 alert", f"its root must be alert of {NAMESPACE}"),
        )  # fmt: skip
    zh, en = found
    old = local == "alert"
    return refusal(
        "version" if old else "wrapped", f"这是{zh}，不是 CAP 1.2 警报", f"this is {en}, no alert in CAP 1.2",
        f"line {line}", _OLD if old else _WRAPPED,
    )  # fmt: skip
