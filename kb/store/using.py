"""The dataset that the SPARQL Protocol names for an update, written into its text (Protocol, 2.2.3).

The engine takes no dataset for an update, but the language has ``USING`` for it. A text that already says
``USING`` or ``WITH`` is an error, as the protocol demands.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyoxigraph import NamedNode

from kb.errors import QueryRefused, XiezhiError
from kb.store.gate import TOKEN


def with_dataset(text: str, default: Sequence[str], named: Sequence[str]) -> str:
    """Return the update *text* with ``USING`` before each ``WHERE``; unchanged where no graph is named.

    :raises QueryRefused: ``query.using`` (HTTP 400); ``query.iri`` where a name is not an IRI.
    """
    if not default and not named:
        return text
    try:
        clauses = [f"USING {NamedNode(iri)}" for iri in default]
        clauses += [f"USING NAMED {NamedNode(iri)}" for iri in named]
    except ValueError as error:
        raise QueryRefused.of("query.iri", f"不是 IRI：{error}", f"not an IRI: {error}") from error
    clause = " ".join(clauses) + " "
    written, done = "", 0
    words: list[str] = []
    depth = 0
    for token in TOKEN.finditer(text):
        if token["mark"] in ("{", "}"):
            depth += 1 if token["mark"] == "{" else -1
        elif depth == 0 and token["mark"] == ";":
            words = []
        elif depth == 0 and token["words"]:
            word = token["words"].upper()
            if word in ("WITH", "USING"):
                raise _conflict(word)
            if word == "WHERE":
                if words[-1:] == ["DELETE"]:
                    raise _short()
                written += text[done : token.start()] + clause
                done = token.start()
            words.append(word)
    return written + text[done:]


def _conflict(word: str) -> XiezhiError:
    return QueryRefused.of(
        "query.using",
        f"请求参数与更新中的 {word} 都指定了数据集",
        f"both the request and {word} in the update name the dataset",
        repair=("只用其中一种", "use one of the two"),
    )


def _short() -> XiezhiError:
    return QueryRefused.of(
        "query.using",
        "DELETE WHERE 的简写形式不能指定数据集",
        "the short form DELETE WHERE takes no dataset",
        repair=("写成 DELETE { … } WHERE { … }", "write DELETE { … } WHERE { … }"),
    )
