"""What can be wrong with a rule document: one constructor per code, in words for a SPARQL author.

All are faults of :class:`kb.errors.SyntaxFault`, placed ``file:line:column``::

    XiezhiError > InputError > SyntaxFault
    ├── srl.syntax            the text is not SPARQL-RL (`sparql-rl-grammar`)
    │   ├── srl.data-variable     a variable in a DATA block
    │   ├── srl.path-place        a path outside a body
    │   ├── srl.function          no built-in has this name, or not with so many arguments
    │   ├── srl.prefix            a prefix that was not declared
    │   ├── srl.iri               not an IRI, or relative where no base is known
    │   ├── srl.literal           a language tag, direction or escape that RDF does not know
    │   └── srl.version           a version other than "1.2"
    ├── srl.encoding, srl.too-large, srl.too-deep     limits on what is read at all
    ├── srl.unbound-filter, srl.unbound-set, srl.set-in-scope, srl.head-variable   (`wellformed`)
    ├── srl.stratification    rules that wait for one another (`stratification`)
    └── srl.import            a document that IMPORTS names cannot be read (`process-imports`)

``ExpressionError`` (:mod:`kb.srl.values`) is no fault: it is SPARQL's error value, and stays inside.
"""

from __future__ import annotations

from collections.abc import Sequence

from kb.errors import Fault, SyntaxFault, Text
from kb.srl.syntax import Span


def fault(code: str, where: Span | str, zh: str, en: str, repair: tuple[str, str] | None = None) -> Fault:
    """Build a fault at a place; *repair* is ``(zh, en)``."""
    return Fault(code, Text(zh, en), str(where), Text(*repair) if repair else None)


def unexpected(where: Span, found: Text, expected: Sequence[Text], repair: Text | None = None) -> SyntaxFault:
    """The document goes on differently from what the grammar allows at this place."""
    zh, en = f"此处不应出现 {found.zh}", f"{found.en} cannot stand here"
    if expected:
        zh += "；应为 " + "、".join(text.zh for text in expected)
        en += "; expected " + " or ".join(text.en for text in expected)
    return SyntaxFault([Fault("srl.syntax", Text(zh, en), str(where), repair)])


def unreadable(where: Span | str, zh: str, en: str) -> SyntaxFault:
    """The text is not UTF-8, or holds half a surrogate pair."""
    repair = ("请用 UTF-8 编码保存文件", "save the file as UTF-8")
    return SyntaxFault([fault("srl.encoding", where, zh, en, repair)])


def too_large(source: str, limit: int) -> SyntaxFault:
    """The document is longer than the limit."""
    zh, en = f"规则文档超过 {limit} 个字符", f"the rule document is longer than {limit} characters"
    return SyntaxFault(
        [fault("srl.too-large", source, zh, en, ("请拆成几个文件", "split it into several files"))]
    )


def too_deep(where: Span, limit: int) -> SyntaxFault:
    """Brackets or operators are nested deeper than the limit."""
    zh, en = f"嵌套超过 {limit} 层", f"nested more than {limit} levels deep"
    repair = (
        "给内层命名：节点用变量，表达式用 SET 分步",
        "name the inner parts: a variable for a node, SET for a step of an expression",
    )
    return SyntaxFault([fault("srl.too-deep", where, zh, en, repair)])


def data_variable(where: Span, variable: str) -> SyntaxFault:
    """A DATA block holds facts; a variable has no value there."""
    zh, en = f"DATA 块中不能用变量 {variable}", f"a DATA block cannot hold the variable {variable}"
    repair = (
        "写成具体的项，或改用 RULE { … } WHERE { … }",
        "write the term itself, or use RULE { … } WHERE { … }",
    )
    return SyntaxFault([fault("srl.data-variable", where, zh, en, repair)])


def path_place(where: Span) -> SyntaxFault:
    """A path can be looked for (body) but not concluded (head) or stated (DATA)."""
    zh, en = "属性路径只能写在规则体中", "a property path can stand in a rule body only"
    repair = ("把路径的每一步写成一个三元组", "write one triple for each step of the path")
    return SyntaxFault([fault("srl.path-place", where, zh, en, repair)])


def path_annotated(where: Span) -> SyntaxFault:
    """A path is no triple, so nothing can be said of it."""
    zh, en = "不能给属性路径加注解", "a property path cannot be annotated"
    repair = ("先把路径写成单个三元组", "write the path as single triples first")
    return SyntaxFault([fault("srl.path-place", where, zh, en, repair)])


def function_unknown(where: Span, name: str, repair: Text | None) -> SyntaxFault:
    """No built-in function has this name."""
    message = Text(f"没有名为 {name} 的内置函数", f"there is no built-in function {name}")
    return SyntaxFault([Fault("srl.function", message, str(where), repair)])


def function_arity(where: Span, name: str, found: int, low: int, high: int) -> SyntaxFault:
    """A built-in function has more or fewer arguments than it takes."""
    span = str(low) if low == high else f"{low}–{high}"
    zh = f"{name} 需要 {span} 个参数，这里写了 {found} 个"
    en = f"{name} takes {span} argument{'' if span == '1' else 's'}, here are {found}"
    return SyntaxFault([fault("srl.function", where, zh, en)])


def prefix_unknown(where: Span, prefix: str) -> SyntaxFault:
    """A prefixed name uses a prefix that was not declared before it."""
    zh, en = f"前缀 {prefix}: 没有声明", f"the prefix {prefix}: is not declared"
    repair = (f"在文件开头加 PREFIX {prefix}: <…>", f"add PREFIX {prefix}: <…> at the top of the file")
    return SyntaxFault([fault("srl.prefix", where, zh, en, repair)])


def iri_invalid(where: Span, iri: str) -> SyntaxFault:
    """The text between the angle brackets is not an IRI, or is relative and nothing says to what."""
    zh, en = f"<{iri}> 不是完整的 IRI", f"<{iri}> is not an absolute IRI"
    repair = (
        "写出完整的 IRI，或在前面用 BASE <…> 声明基准",
        "write the whole IRI, or declare BASE <…> before it",
    )
    return SyntaxFault([fault("srl.iri", where, zh, en, repair)])


def literal_invalid(where: Span, literal: str, zh: str, en: str) -> SyntaxFault:
    """RDF does not know such a literal; *zh* and *en* say why."""
    return SyntaxFault([fault("srl.literal", where, f"{literal}：{zh}", f"{literal}: {en}")])


def version_unknown(where: Span, version: str) -> SyntaxFault:
    """``VERSION`` names a version of the language that this reader does not know."""
    zh, en = f"不支持版本 {version}", f"version {version} is not supported"
    return SyntaxFault([fault("srl.version", where, zh, en, ('写 VERSION "1.2"', 'write VERSION "1.2"'))])


def unbound_filter(where: Span, variable: str) -> Fault:
    """A FILTER mentions a variable that no earlier pattern binds (`wellformed`)."""
    zh = f"FILTER 用到 {variable}，但它前面没有任何模式给出它的值"
    en = f"FILTER uses {variable}, but no pattern before it gives {variable} a value"
    repair = (
        f"把 FILTER 移到绑定 {variable} 的三元组之后，或检查拼写",
        f"move the FILTER behind the triple that binds {variable}, or check the spelling",
    )
    return fault("srl.unbound-filter", where, zh, en, repair)


def unbound_set(where: Span, target: str, variable: str) -> Fault:
    """The expression of a SET mentions a variable that no earlier element binds (`wellformed`)."""
    zh = f"SET({target} := …) 用到 {variable}，但它前面没有任何模式给出它的值"
    en = f"SET({target} := …) uses {variable}, but nothing before it gives {variable} a value"
    repair = (
        f"把 SET 移到绑定 {variable} 的三元组之后，或检查拼写",
        f"move the SET behind the triple that binds {variable}, or check the spelling",
    )
    return fault("srl.unbound-set", where, zh, en, repair)


def set_in_scope(where: Span, variable: str) -> Fault:
    """SET assigns a variable that already has a value (`wellformed`)."""
    zh, en = f"SET 要给 {variable} 赋值，但它已经有值", f"SET assigns {variable}, which already has a value"
    repair = (
        f"换一个变量名；若要比较，写 FILTER({variable} = …)",
        f"use another variable; to compare, write FILTER({variable} = …)",
    )
    return fault("srl.set-in-scope", where, zh, en, repair)


def head_variable(where: Span, variable: str) -> Fault:
    """A head mentions a variable that the body does not bind (`wellformed`)."""
    zh = f"规则头用到 {variable}，但规则体没有给出它的值（只在 NOT 里出现不算）"
    en = f"the head uses {variable}, but the body gives it no value (inside NOT does not count)"
    repair = (
        f"在 WHERE 中加一个含 {variable} 的三元组，或用 SET({variable} := …)",
        f"add a triple with {variable} to the WHERE part, or SET({variable} := …)",
    )
    return fault("srl.head-variable", where, zh, en, repair)


def unstratified(where: Span, zh: str, en: str) -> Fault:
    """Rules wait for one another through NOT or a run-once rule; *zh* and *en* name the cycle."""
    repair = (
        "若只需查看原始数据，改用 NOT DATA { … } 或 WHERE DATA { … }；否则让结论使用另一个属性",
        "if the original data is meant, use NOT DATA { … } or WHERE DATA { … }; "
        "otherwise let the conclusion use another property",
    )
    return fault("srl.stratification", where, zh, en, repair)


def import_failed(where: Span | str, iri: str, zh: str, en: str) -> SyntaxFault:
    """IMPORTS names a document that cannot be read; *zh* and *en* say why."""
    zh, en = f"无法导入 <{iri}>：{zh}", f"cannot import <{iri}>: {en}"
    repair = (
        "IMPORTS 只读取规则文件夹内的文件，请写相对路径，如 IMPORTS <common.srl>",
        "IMPORTS reads only files inside the rules folder; write a relative name, as IMPORTS <common.srl>",
    )
    return SyntaxFault([fault("srl.import", where, zh, en, repair)])
