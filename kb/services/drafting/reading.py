"""What is wrong in one text by itself, whether it can be read at all: for an editor, while one types."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import pyoxigraph
import yaml
from pyoxigraph import RdfFormat

from kb.errors import Fault, SyntaxFault, Text, both
from kb.srl.parser import parse
from kb.srl.wellformed import require_wellformed

KNOWN = (
    (re.compile(r"A dot is expected at the end of statements"), "语句末尾缺少句号"),
    (re.compile(r"The prefix (\S+:) has not been declared"), r"前缀 \1 没有声明"),
    (re.compile(r"(.+) is not a valid predicate"), r"\1 不能作谓词"),
    (re.compile(r"(.+) is not a valid RDF object|(.+) is not a valid object"), r"\1\2 不能作宾语"),
    (re.compile(r"(.+) is not a valid subject.*"), r"\1 不能作主语"),
    (re.compile(r"Unexpected end( of file)?"), "文件在此中断"),
    (re.compile(r"[Uu]nexpected (.+)"), r"此处不应出现 \1"),
)
"""What the parser of Turtle says most, in Chinese; what else it says stands as it is."""
BEFORE_PLACE = re.compile(r" at line \d+ column \d+$|^Parser error at line \d+[^:]*: ")


def faults(path: str, text: str) -> list[Fault]:
    """Return what is wrong in *text*, the file *path*; places are ``path:line:column``.

    Only what can be told from the text alone: what its terms mean is for the check.
    """
    match PurePosixPath(path).suffix:
        case ".srl":
            return _rules(path, text)
        case ".ttl":
            return _turtle(path, text)
        case _:
            return _cases(path, text)


def told(fault: Fault) -> dict[str, Any]:
    """Return *fault* as JSON."""
    return {
        "code": fault.code,
        "where": fault.where,
        "message": both(fault.message),
        "repair": both(fault.repair) if fault.repair else None,
    }


def _rules(path: str, text: str) -> list[Fault]:
    try:
        require_wellformed(parse(text, source=path))
    except SyntaxFault as error:
        return list(error.faults)
    return []


def _turtle(path: str, text: str) -> list[Fault]:
    try:
        for _ in pyoxigraph.parse(text, format=RdfFormat.TURTLE, without_named_graphs=True):
            pass
    except SyntaxError as error:
        told = BEFORE_PLACE.sub("", str(error.msg))
        where = f"{path}:{error.lineno or 1}:{error.offset or 1}"
        message = Text(f"Turtle 语法错误：{_in_chinese(told)}", f"not well-formed Turtle: {told}")
        return [Fault("knowledge.turtle", message, where, _advice(told))]
    return []


def _in_chinese(told: str) -> str:
    for pattern, words in KNOWN:
        if pattern.fullmatch(told):
            return pattern.sub(words, told)
    return told


def _advice(told: str) -> Text:
    """Return what mends the most frequent errors of Turtle."""
    if "prefix" in told:
        return Text(
            "在文件开头用 @prefix 声明它，或检查拼写",
            "declare it with @prefix at the top, or check the spelling",
        )
    return Text(
        "检查这一处之前是否少了分号、句号或引号",
        "look before this place for a missing semicolon, full stop or quote",
    )


def _cases(path: str, text: str) -> list[Fault]:
    try:
        found = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        problem = getattr(error, "problem", None) or "?"
        message = Text(f"不是合法的 YAML：{problem}", f"this is no YAML: {problem}")
        repair = Text(
            "检查缩进、冒号后的空格和引号", "check indentation, the space behind a colon, and quotes"
        )
        return [Fault("cases.format", message, where, repair)]
    if not isinstance(found, yaml.SequenceNode):
        message = Text("用例文件必须是列表", "a file of cases must be a list")
        repair = Text("每个用例以“- title: ”开头", "begin each case with “- title: ”")
        return [Fault("cases.format", message, f"{path}:1:1", repair)]
    return []
