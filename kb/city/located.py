"""YAML whose every value knows its file and line, and a reader whose every complaint names them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from rapidfuzz import process

from kb.errors import Fault, KnowledgeFault, Text


@dataclass(frozen=True, slots=True)
class Item:
    """A value and where it stands, as ``file:line``."""

    value: Value
    where: str


Value = str | int | float | bool | None | list[Item] | dict[str, Item]


def read(path: Path, area: str = "city") -> Item:
    """Return the document in *path*; codes of faults begin with *area*.

    :raises KnowledgeFault: no such file, no YAML, or a key that stands twice in one mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KnowledgeFault.of(
            f"{area}.no-file", f"文件 {path} 不存在", f"there is no file {path}", where=str(path)
        ) from None
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        return Item({}, f"{path}:1") if node is None else _item(loader, node, path, area)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise KnowledgeFault.of(
            f"{area}.no-yaml", "不是合法的 YAML", f"this is no YAML: {error}", where=where
        ) from None
    finally:
        loader.dispose()


def _item(loader: yaml.SafeLoader, node: yaml.Node, path: Path, area: str) -> Item:
    where = f"{path}:{node.start_mark.line + 1}"
    if isinstance(node, yaml.SequenceNode):
        return Item([_item(loader, child, path, area) for child in node.value], where)
    if not isinstance(node, yaml.MappingNode):
        return Item(loader.construct_object(node), where)
    mapping: dict[str, Item] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in mapping:
            raise KnowledgeFault.of(
                f"{area}.duplicate-key",
                f"键 {key} 重复",
                f"the key {key} stands twice",
                where=f"{path}:{key_node.start_mark.line + 1}",
            )
        mapping[key] = _item(loader, value_node, path, area)
    return Item(mapping, where)


@dataclass
class Reader:
    """Reads items as what they should be, and notes every one that is not.

    Each method returns something harmless where it notes a fault, so that reading goes on and one
    run finds all; :meth:`stop` then raises them together. Codes of faults begin with *area*.
    """

    faults: list[Fault] = field(default_factory=list)
    area: str = "city"

    def mapping(self, item: Item, known: Collection[str] = (), *, whole: bool = False) -> dict[str, Item]:
        """Return a mapping with no keys but *known* (any, if that is empty); all of them if *whole*."""
        if not isinstance(item.value, dict):
            self.wrong(item, "映射", "a mapping")
            return {}
        for key, entry in item.value.items():
            if known and key not in known:
                self.unknown(("键", "key"), key, known, entry.where)
        for key in known if whole else ():
            if key not in item.value:
                self.missing(key, item.where)
        return item.value

    def items(self, item: Item | None) -> list[Item]:
        """Return a list; nothing is an empty one."""
        if item is None:
            return []
        if isinstance(item.value, list):
            return item.value
        self.wrong(item, "列表", "a list")
        return []

    def text(self, item: Item) -> str:
        """Return a text that is not empty."""
        if isinstance(item.value, str) and item.value:
            return item.value
        self.wrong(item, "文字", "a text")
        return ""

    def count(self, item: Item, most: int) -> int:
        """Return a whole number from 1 to *most*."""
        if isinstance(item.value, int) and not isinstance(item.value, bool) and 1 <= item.value <= most:
            return item.value
        self.wrong(item, f"1 至 {most} 的整数", f"a whole number from 1 to {most}")
        return 1

    def choice(self, item: Item, choices: Collection[str], what: tuple[str, str]) -> str:
        """Return one of *choices*; *what* says in Chinese and in English what it is."""
        word = self.text(item)
        if word and word not in choices:
            self.unknown(what, word, choices, item.where)
        return word

    def unknown(self, what: tuple[str, str], word: str, known: Collection[str], where: str) -> None:
        """Note a word that is none of *known*, and name the nearest of them."""
        near = [choice for choice, _, _ in process.extract(word, sorted(known), limit=3, score_cutoff=50)]
        names = ", ".join(near or sorted(known)) or "–"
        self.fault(
            f"{self.area}.unknown-{what[1]}",
            f"未知的{what[0]} {word}",
            f"unknown {what[1]} {word}",
            where,
            repair=Text(f"可用的相近项：{names}", f"the nearest are: {names}"),
        )

    def missing(self, key: str, where: str) -> None:
        """Note a key that has to be there and is not."""
        self.fault(f"{self.area}.missing-key", f"缺少键 {key}", f"the key {key} is missing", where)

    def wrong(self, item: Item, zh: str, en: str) -> None:
        """Note a value of the wrong kind."""
        self.fault(f"{self.area}.wrong-value", f"应为{zh}", f"expected {en}", item.where)

    def fault(self, code: str, zh: str, en: str, where: str, repair: Text | None = None) -> None:
        """Note anything else."""
        self.faults.append(Fault(code, Text(zh, en), where, repair))

    def stop(self) -> None:
        """Raise what was noted, if anything was.

        :raises KnowledgeFault: with all the faults.
        """
        if self.faults:
            raise KnowledgeFault(self.faults)
