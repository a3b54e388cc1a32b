"""Words for syntax errors: what is expected, and repairs for what people bring from other languages.

Those are SPARQL, the SHACL Rules drafts before August 2026, and rule languages at large.
"""

from __future__ import annotations

from collections.abc import Mapping

from kb.errors import Text
from kb.srl.functions import ARITY

_ABSENT = Text("SPARQL-RL 没有这种写法", "SPARQL-RL has no such form")
_NOT = Text("写 NOT { … }", "write NOT { … }")
_SET = Text("写 SET(?变量 := 表达式)", "write SET(?variable := expression)")
_FORM = Text("写 RULE { 结论 } WHERE { 条件 }", "write RULE { conclusion } WHERE { conditions }")
_ALTERNATIVES = Text("给每种情况各写一条 RULE", "write one RULE for each alternative")
_RECURSION = Text(
    "写两条规则：一步，以及“一步之后再来一次”", "write two rules: one step, and one step followed by the rest"
)

REPAIRS: dict[str, Text] = {
    "IF": _FORM,
    "THEN": _FORM,
    "CONSTRUCT": _FORM,
    "INSERT": _FORM,
    "SELECT": _FORM,
    "FOR": Text(
        "删去 FOR … IN …，在 WHERE 中写类型，如 ?x a :Class",
        "leave FOR … IN … out, and ask for the type in WHERE, as ?x a :Class",
    ),
    "BIND": _SET,
    "LET": _SET,
    "AS": _SET,
    "EXISTS": _NOT,
    "MINUS": _NOT,
    "NOT": Text(
        "NOT { … } 单独成句，不写在 FILTER 或另一个 NOT 里",
        "write NOT { … } by itself, neither in a FILTER nor in another NOT",
    ),
    "@": Text(
        "写 PREFIX 或 BASE，不加 @，行末不加句点", "write PREFIX or BASE, without @ and without a full stop"
    ),
    "BOUND": Text(
        "规则体里的变量总有值；写 NOT { … }", "variables of a body always have values; write NOT { … }"
    ),
    "OPTIONAL": Text(
        "写两条 RULE：一条含此模式，一条用 NOT { … }",
        "write two RULEs: one with the pattern, one with NOT { … }",
    ),
    "COALESCE": Text("写两条 RULE，或用 IF(…)", "write two RULEs, or use IF(…)"),
    "UNION": _ALTERNATIVES,
    "|": _ALTERNATIVES,
    "VALUES": Text("把这些值写进 DATA { … }", "put the values into DATA { … }"),
    "GRAPH": _ABSENT,
    "SERVICE": _ABSENT,
    "RAND": Text("规则必须可重复；没有随机数", "rules must be repeatable; there are no random numbers"),
    "*": _RECURSION,
    "+": _RECURSION,
    "?": Text("写两条规则：一条含这一步，一条不含", "write two rules: one with this step, one without it"),
    "<": Text(
        "IRI 中不能有空格或引号，且须以 > 结束；小于号后面要留空格",
        "an IRI holds no space or quote and ends with >; a less-than sign needs a space behind it",
    ),
    '"': Text(
        "字符串没有在本行结束；多行用三个引号", "the string does not end on this line; use three quotes"
    ),
    "'": Text(
        "字符串没有在本行结束；多行用三个引号", "the string does not end on this line; use three quotes"
    ),
    ".": Text("删去多余的句点", "leave out the superfluous full stop"),
}
"""By the word, in capitals, or the sign that stands where it cannot."""

_PATH_SIGNS = frozenset("*+?|")


def repair_of(found: str, before: str, signs: Mapping[str, str]) -> Text | None:
    """Return the repair for the word or sign *found* behind the word *before*, if one is known.

    *signs* are the terminals that were possible.
    """
    if found in _PATH_SIGNS and "NAME" in signs:
        return None  # inside an expression it is no path
    return REPAIRS.get(found.upper()) or (
        REPAIRS.get(before.upper()) if before.upper() not in ARITY else None
    )


_TERM = Text("项（变量、IRI、字面量或空白节点）", "a term (variable, IRI, literal or blank node)")
_KINDS: tuple[tuple[str, Text], ...] = (
    ("NAME VAR", Text("表达式", "an expression")),
    ("NAME IRIREF", Text("括号中的条件或函数", "a condition in brackets or a function")),
    ("VAR IRIREF STRING1", _TERM),
    ("IRIREF STRING1", Text("IRI、字面量或空白节点", "an IRI, a literal or a blank node")),
    ("VAR IRIREF", Text("变量或 IRI", "a variable or an IRI")),
    ("PNAME_LN IRIREF", Text("IRI", "an IRI")),
    ("VAR", Text("变量", "a variable")),
    ("IRIREF", Text("<IRI>", "an <IRI>")),
    ("PNAME_NS", Text("前缀（如 ex:）", "a prefix, as ex:")),
    ("RELATION", Text("运算符", "an operator")),
    ("STRING1", Text("短字符串", "a short string")),
)
_KIND_TERMINALS = frozenset(
    kind.upper()
    for names in (
        "var iriref pname_ln pname_ns blank_node_label anon nil true false lang_dir name a",
        "integer decimal double integer_signed decimal_signed double_signed",
        "string1 string2 string_long1 string_long2 relation plus minus times divide bang",
    )
    for kind in names.split()
)


def expected(signs: Mapping[str, str]) -> list[Text]:
    """Word the terminals of the grammar that are possible: a kind of term first, then keywords and signs.

    *signs* maps the name of each terminal to how it is written.
    """
    words = [text for names, text in _KINDS if all(name in signs for name in names.split())][:1]
    # Brackets that open a term or an expression say nothing new once that is named.
    known = ("(", "[", "<<", "<<(") if "IRIREF" in signs and {"NAME", "STRING1"} & signs.keys() else ()
    others = sorted(sign for name, sign in signs.items() if name not in _KIND_TERMINALS and sign not in known)
    return words + [Text(sign, sign) for sign in others]
