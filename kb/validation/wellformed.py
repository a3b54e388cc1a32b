"""What shapes must satisfy before anybody trusts them.

The engine refuses most ill-formed shapes and ignores the rest in silence: a property shape without a path, a
constraint whose name has a slip of the pen. A contract that checks less than it says is worse than none, so
they are refused here. So are recursive shapes, whose meaning the Recommendation leaves open (section 3.4.3),
closed property shapes, which the engine gets wrong (section 4.8.1), and queries nested so deep that a parser
would run out of stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pyoxigraph import BlankNode, Literal, NamedNode
from rapidfuzz import fuzz, process

from kb.errors import Fault, InputError, Text
from kb.namespaces import RDF, SH
from kb.validation.vocabulary import CONSTRAINTS, LISTS, PATHS, SHAPES, TERMS

DEEPEST = 40
"""Levels of shapes within shapes; the engine stops at 48."""
QUERY_DEEPEST = 64
"""Brackets within brackets in a query of a shape."""
STEPS = 1_000
"""Steps of a path once all that it refers to is written out."""
REPEATED = 2
"""Repetitions (``*``, ``+``) within one another; each multiplies the time by the number of nodes."""
FIRST, REST, NIL = (NamedNode(RDF + name) for name in ("first", "rest", "nil"))

Node = NamedNode | BlankNode | Literal
Facts = Mapping[Node, Mapping[str, list[Node]]]
"""Objects by subject and IRI of the predicate."""


class ShapesFault(InputError):
    """Shapes that cannot be compiled or must not be trusted."""


def check(facts: Facts) -> None:
    """Look at the shapes graph *facts*.

    :raises ShapesFault: with all faults that were found.
    """
    faults = [*_terms(facts), *_properties(facts), *_queries(facts)]
    if not faults:
        faults = [*_lists(facts), *_nesting(facts), *_steps(facts)]
    if faults:
        raise ShapesFault(faults)


def fault(code: str, zh: str, en: str, where: object, repair: Text | None = None) -> Fault:
    """Return a fault of shapes at the shape *where*."""
    return Fault(f"validation.{code}", Text(zh, en), str(where)[:200], repair)


def members(facts: Facts, head: Node) -> list[Node] | None:
    """Return what stands in the list *head*; ``None`` if it is not well-formed or bites its tail."""
    found: list[Node] = []
    seen: set[Node] = set()
    while head != NIL:
        cell = facts.get(head, {})
        firsts, rests = cell.get(FIRST.value, []), cell.get(REST.value, [])
        if head in seen or len(firsts) != 1 or len(rests) != 1:
            return None
        seen.add(head)
        found.append(firsts[0])
        head = rests[0]
    return found


def _terms(facts: Facts) -> Iterator[Fault]:
    for subject, properties in facts.items():
        names = [p.removeprefix(SH) for p in properties if p.startswith(SH)]
        if any(
            name in CONSTRAINTS for name in names
        ):  # data may stand beside shapes and use SHACL's old terms
            for name in names:
                if name not in TERMS:
                    near = process.extractOne(name, TERMS, scorer=fuzz.ratio, score_cutoff=70)
                    repair = Text(f"是否应为 sh:{near[0]}？", f"did you mean sh:{near[0]}?") if near else None
                    yield fault("term", f"SHACL 没有 sh:{name}", f"SHACL has no sh:{name}", subject, repair)


def _properties(facts: Facts) -> Iterator[Fault]:
    for subject, properties in facts.items():
        for value in properties.get(SH + "property", []):
            if len(facts.get(value, {}).get(SH + "path", [])) != 1:
                yield fault(
                    "path",
                    "sh:property 的值必须是恰有一个 sh:path 的属性形状",
                    "a value of sh:property must be a property shape with exactly one sh:path",
                    subject,
                )
        if SH + "path" in properties and SH + "closed" in properties:
            yield fault(
                "closed",
                "属性形状不能是封闭的：引擎会去检查焦点节点而不是值",
                "a property shape cannot be closed: the engine looks at its focus node, not at its values",
                subject,
                Text(
                    "把 sh:closed 写进节点形状，用 sh:node 引用它",
                    "close a node shape, and name it by sh:node",
                ),
            )
        if any(SH + "path" in facts.get(value, {}) for value in properties.get(SH + "node", [])):
            zh, en = "sh:node 的值不能是属性形状", "a value of sh:node cannot be a property shape"
            yield fault("node", zh, en, subject, Text("改用 sh:property", "use sh:property"))


def _queries(facts: Facts) -> Iterator[Fault]:
    for subject, properties in facts.items():
        for name in ("select", "ask", "construct"):
            for query in properties.get(SH + name, []):
                if isinstance(query, Literal) and depth(query.value) > QUERY_DEEPEST:
                    zh, en = "查询嵌套过深", "the query is nested too deeply"
                    yield fault("query", zh, en, subject)


def depth(text: str) -> int:
    """Return how deep brackets nest in *text*; those in strings count, too: nobody needs 64 of them."""
    deepest = level = 0
    for letter in text:
        if letter in "([{":
            level += 1
            deepest = max(deepest, level)
        elif letter in ")]}":
            level -= 1
    return deepest


def _lists(facts: Facts) -> Iterator[Fault]:
    for subject, properties in facts.items():
        for predicate in LISTS:
            for head in properties.get(SH + predicate, []):
                if members(facts, head) is None:
                    zh = f"sh:{predicate} 的值不是完整的列表"
                    yield fault("list", zh, f"the value of sh:{predicate} is not a complete list", subject)


def _steps(facts: Facts) -> Iterator[Fault]:
    """Refuse paths that cannot be followed in bounded time: long, circular, much repeated."""
    known: dict[Node, tuple[int, int]] = {}
    for subject, properties in facts.items():
        for path in properties.get(SH + "path", []):
            steps, repeated = _measure(facts, path, known, QUERY_DEEPEST)
            if steps > STEPS or repeated > REPEATED:
                zh, en = (
                    "属性路径太长、循环或重复嵌套",
                    "the path is too long, circular, or repeats what repeats",
                )
                repair = Text("一层重复就够：(p*)* 即 p*", "repeat once: (p*)* is p*")
                yield fault("steps", zh, en, subject, repair)


def _measure(facts: Facts, node: Node, known: dict[Node, tuple[int, int]], deeper: int) -> tuple[int, int]:
    """Return how many steps the path *node* is when written out, and how deep its repetitions nest."""
    if not isinstance(node, BlankNode):
        return 1, 0
    if node not in known:
        cell = facts.get(node, {})
        items = (members(facts, node) or ()) if FIRST.value in cell else ()
        inner = [*items, *(one for name in PATHS for one in cell.get(SH + name, []))]
        if (FIRST.value in cell and not items) or deeper == 0:
            return STEPS + 1, 0
        inner = [
            part
            for one in inner
            for part in ((members(facts, one) or [one]) if SH + "alternativePath" in cell else [one])
        ]
        sizes = [_measure(facts, one, known, deeper - 1) for one in inner]
        repeats = any(SH + name in cell for name in ("zeroOrMorePath", "oneOrMorePath"))
        known[node] = sum(s for s, _ in sizes), max((r for _, r in sizes), default=0) + repeats
    return known[node]


def _inner(facts: Facts, shape: Node) -> Iterator[Node]:
    for predicate in SHAPES:
        for value in facts.get(shape, {}).get(SH + predicate, []):
            if predicate in LISTS:
                yield from members(facts, value) or ()
            else:
                yield value


def _nesting(facts: Facts) -> Iterator[Fault]:
    """Walk from shapes to shapes inside them, without recursion of our own."""
    height: dict[Node, int] = {}
    for root in facts:
        if root in height:
            continue
        open_: dict[Node, Iterator[Node]] = {root: _inner(facts, root)}
        height[root] = 1
        while open_:
            shape = next(reversed(open_))
            inner = next(open_[shape], None)
            if inner is None:
                del open_[shape]
                if open_:
                    outer = next(reversed(open_))
                    height[outer] = max(height[outer], height[shape] + 1)
            elif inner in open_:
                zh, en = "形状递归引用自身", "the shape refers to itself by way of its parts"
                yield fault("recursive", zh, en, inner)
                return
            elif inner in height:
                height[shape] = max(height[shape], height[inner] + 1)
            else:
                height[inner] = 1
                open_[inner] = _inner(facts, inner)
        if height[root] > DEEPEST:
            yield fault("nested", "形状嵌套过深", "shapes are nested too deeply", root)
            return


def paths(facts: Facts) -> Iterable[Node]:
    """Return the nodes that path expressions are made of: in them, blank or not makes a difference."""
    seen: set[Node] = set()
    waiting = [node for properties in facts.values() for node in properties.get(SH + "path", [])]
    while waiting:
        node = waiting.pop()
        if isinstance(node, BlankNode) and node not in seen:
            seen.add(node)
            for predicate in (*(SH + name for name in PATHS), FIRST.value, REST.value):
                waiting += facts.get(node, {}).get(predicate, [])
    return seen
