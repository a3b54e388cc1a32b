"""How two editions differ: provisions that came, went or changed, and what changed in them, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.errors import Text, both
from kb.namespaces import DCTERMS_SOURCE
from kb.services.naming import named
from kb.services.plans.content import Provision
from kb.services.plans.keeping import Kept
from kb.services.workspace import Workspace
from kb.store.protocol import Term


def difference(
    workspace: Workspace, before: Mapping[NamedNode, Kept], after: Mapping[NamedNode, Kept]
) -> dict[str, Any]:
    """Return how what *after* keeps differs from what *before* keeps, as JSON.

    ``added`` and ``removed`` are provisions; of each that ``changed``, ``changes`` says property by property
    what it said ``before`` and ``after``, and ``text`` says the same in a sentence.
    """
    changed = [node for node in before if node in after and before[node].digest != after[node].digest]
    return {
        "added": [told(workspace, kept) for node, kept in after.items() if node not in before],
        "removed": [told(workspace, kept) for node, kept in before.items() if node not in after],
        "changed": [_changed(workspace, before[node], after[node]) for node in changed],
        "same": sum(1 for node in before if node in after) - len(changed),
    }


def told(workspace: Workspace, kept: Kept) -> dict[str, Any]:
    """Return a kept provision as JSON: what it was called, of which kind it is, its clauses, its digest."""
    clauses = kept.provision.objects(DCTERMS_SOURCE)
    return {
        "iri": kept.provision.node.value,
        "label": both(kept.label),
        "kind": named(workspace, kept.kind),
        "clauses": [named(workspace, clause) for clause in clauses],
        "digest": kept.digest,
    }


def _changed(workspace: Workspace, before: Kept, after: Kept) -> dict[str, Any]:
    old, new = _by_property(before.provision), _by_property(after.provision)
    changes, zh, en = [], [], []
    for property_ in sorted(old.keys() | new.keys(), key=lambda one: one.value):
        lost, won = (
            _values(workspace, values)
            for values in (old[property_] - new[property_], new[property_] - old[property_])
        )
        if not lost and not won:
            continue
        name = workspace.describer.text(property_)
        was, now = _listed(lost), _listed(won)
        changes.append({"property": named(workspace, property_), "before": lost, "after": won})
        if lost and won:
            zh.append(f"{name.zh}由“{was.zh}”改为“{now.zh}”")
            en.append(f"{name.en} “{was.en}” became “{now.en}”")
        elif won:
            zh.append(f"新增{name.zh}“{now.zh}”")
            en.append(f"{name.en} “{now.en}” is new")
        else:
            zh.append(f"不再有{name.zh}“{was.zh}”")
            en.append(f"{name.en} “{was.en}” is gone")
    return {
        **told(workspace, after),
        "before": before.digest,
        "changes": changes,
        "text": both(
            Text(f"{after.label.zh}：{'；'.join(zh)}", f"{after.label.en}: {'; '.join(en)}"),
        ),
    }


def _by_property(provision: Provision) -> defaultdict[NamedNode, set[Term]]:
    found: defaultdict[NamedNode, set[Term]] = defaultdict(set)
    for statement in provision.statements:
        found[statement.predicate].add(statement.object)
    return found


def _values(workspace: Workspace, terms: set[Term]) -> list[dict[str, str]]:
    """Return *terms* in words; of a text in both languages each reader gets his own, once."""
    texts, found = dict[str, str](), []
    for term in sorted(terms, key=str):
        if isinstance(term, Literal) and term.language in ("zh", "en"):
            texts[term.language] = term.value
        else:
            found.append(both(workspace.describer.text(term)))
    if texts:
        zh, en = texts.get("zh"), texts.get("en")
        found.append({"zh": zh or en or "", "en": en or zh or ""})
    return found


def _listed(values: list[dict[str, str]]) -> Text:
    return Text("、".join(v["zh"] for v in values), ", ".join(v["en"] for v in values))
