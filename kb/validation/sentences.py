"""A plain sentence for each kind of constraint: what a shape says that says nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyoxigraph import BlankNode, Literal, NamedNode

from kb.errors import Text
from kb.namespaces import PREFIXES, SH

Node = NamedNode | BlankNode | Literal

SENTENCES: Mapping[str, tuple[str, str, str]] = {
    "Class": ("class", "值必须是 {0} 的实例", "each value must be an instance of {0}"),
    "Datatype": ("datatype", "值的类型必须是 {0}", "each value must be of datatype {0}"),
    "NodeKind": ("nodeKind", "值的种类必须是 {0}", "each value must be of kind {0}"),
    "MinCount": ("minCount", "至少要有 {0} 个值", "at least {0} value(s) needed"),
    "MaxCount": ("maxCount", "最多只能有 {0} 个值", "no more than {0} value(s) allowed"),
    "MinExclusive": ("minExclusive", "值必须大于 {0}", "each value must be greater than {0}"),
    "MinInclusive": ("minInclusive", "值不得小于 {0}", "each value must be {0} or greater"),
    "MaxExclusive": ("maxExclusive", "值必须小于 {0}", "each value must be less than {0}"),
    "MaxInclusive": ("maxInclusive", "值不得大于 {0}", "each value must be {0} or less"),
    "MinLength": ("minLength", "至少要有 {0} 个字符", "at least {0} character(s) needed"),
    "MaxLength": ("maxLength", "不得超过 {0} 个字符", "no more than {0} character(s) allowed"),
    "Pattern": ("pattern", "必须符合格式 {0}", "must match the pattern {0}"),
    "LanguageIn": ("languageIn", "语言必须是 {0} 之一", "the language must be one of {0}"),
    "UniqueLang": ("uniqueLang", "每种语言只能有一个值", "only one value for each language"),
    "Equals": ("equals", "值必须与 {0} 的值相同", "must have the same values as {0}"),
    "Disjoint": ("disjoint", "值不得与 {0} 的值相同", "must share no value with {0}"),
    "LessThan": ("lessThan", "值必须小于 {0} 的值", "must be less than the values of {0}"),
    "LessThanOrEquals": ("lessThanOrEquals", "值不得大于 {0} 的值", "must not exceed the values of {0}"),
    "Not": ("not", "不得满足形状 {0}", "must not conform to the shape {0}"),
    "And": ("and", "必须满足全部形状：{0}", "must conform to every shape of {0}"),
    "Or": ("or", "必须至少满足其中一个形状：{0}", "must conform to at least one shape of {0}"),
    "Xone": ("xone", "必须恰好满足其中一个形状：{0}", "must conform to exactly one shape of {0}"),
    "Node": ("node", "必须满足形状 {0}", "must conform to the shape {0}"),
    "QualifiedMinCount": (
        *("qualifiedMinCount", "至少要有 {0} 个满足规定形状的值"),
        "at least {0} value(s) of the required shape needed",
    ),
    "QualifiedMaxCount": (
        *("qualifiedMaxCount", "满足规定形状的值最多 {0} 个"),
        "no more than {0} value(s) of the given shape allowed",
    ),
    "Closed": ("closed", "不允许有这个属性", "this property is not allowed here"),
    "HasValue": ("hasValue", "必须有值 {0}", "must have the value {0}"),
    "In": ("in", "值必须是以下之一：{0}", "each value must be one of {0}"),
}
"""Component → its parameter, and what is wrong in zh and in en."""
_SHOWN = 12  # members of a list; who has more looks at the shape


def sentence(kind: str, parameters: Mapping[str, Sequence[Node]]) -> Text:
    """Return what is wrong, from the component's *kind* and the values of its parameters (lists opened)."""
    found = SENTENCES.get(kind)
    if found is None:
        return Text(f"不满足约束 {kind}", f"breaks the constraint {kind}")
    name, zh, en = found
    values = parameters.get(name, ())
    shown = [short(value) for value in values[:_SHOWN]] + (["…"] if len(values) > _SHOWN else [])
    return Text(zh.format("、".join(shown)), en.format(", ".join(shown)))


def short(term: Node) -> str:
    """Return *term* as people read it: an IRI with its prefix, a literal without its datatype."""
    if isinstance(term, Literal):
        return term.value
    if isinstance(term, BlankNode):
        return "[…]"
    for prefix, namespace in {**PREFIXES, "sh": SH}.items():
        if term.value.startswith(namespace) and "/" not in (tail := term.value.removeprefix(namespace)):
            return f"{prefix}:{tail}"
    return term.value
