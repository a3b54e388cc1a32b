"""What would follow if other facts were reported: the difference to what follows now. Nothing is stored.

For a reader from whom graphs are hidden both sides are derived from the others alone, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pyoxigraph import NamedNode, Triple

from kb.errors import Text, both
from kb.namespaces import RDFS_LABEL, xz
from kb.report.reading import TYPE_KEY
from kb.report.values import Value, in_json
from kb.services.audience import Visible, everything
from kb.services.explaining import Explainer, conclusions
from kb.services.incident import WORKING, Answer, recall
from kb.services.trials import Trial, label_of, report_of, require_known, shown
from kb.services.views import View
from kb.services.words import Node, Words
from kb.services.workspace import Workspace

QUESTIONS = (xz("asks"), xz("openCriterion"))
"""What is open is no part of the response: it changes with every answer."""


def what_if(
    workspace: Workspace,
    identifier: str,
    *,
    changes: Mapping[str, Any],
    remove: Collection[str] = (),
    visible: Visible = everything,
) -> dict[str, Any]:
    """Return how the response to an incident would change.

    :param changes: new values by key of a report, as a report gives them.
    :param remove: keys whose facts are taken away.
    :param visible: which named graphs the reader may see.
    :raises NotFound: there is no such incident.
    :raises Forbidden: the reader may not see what was reported of it.
    :raises ReportRejected: the changed report breaks its contract, or a key is unknown.
    """
    view = View.of(workspace, recall(workspace, identifier), visible)
    require_known(workspace, {*remove})
    view.require_report()
    trial = Trial(view)
    after = trial.derive({**changes, **dict.fromkeys(remove)})
    return {
        "incident": view.answer.id,
        "changes": fact_changes(view, trial.data, report_of(workspace, after)),
        **difference(view, view.seen, after),
        "note": view.note,
        "release": workspace.release,
    }


def response(view: View, answer: Answer) -> dict[tuple[NamedNode, Any], Triple]:
    """Return the conclusions that make up the response: all but working properties and open questions."""
    source = view.audience.source
    working: dict[NamedNode, bool] = {}
    result: dict[tuple[NamedNode, Any], Triple] = {}
    for triple in answer.derivation:
        predicate = triple.predicate
        if predicate not in working:
            working[predicate] = predicate in QUESTIONS or bool(source.values(predicate, WORKING))
        if triple.subject == answer.incident and not working[predicate]:
            result[predicate, triple.object] = triple
    return result


def difference(view: View, before: Answer, after: Answer, *, reasons: bool = True) -> dict[str, Any]:
    """Return what *after* concludes otherwise than *before*, by relation: added, removed, changed.

    Both are answers that *view* gave: :attr:`~View.seen`, or what follows from other facts.

    :param reasons: say with each conclusion which rule drew it.
    """
    old, new = response(view, before), response(view, after)
    views = view.on(before), view.on(after)
    teller = _Teller(views[0], reasons), _Teller(views[1], reasons)
    relations: dict[NamedNode, tuple[list[Triple], list[Triple]]] = {}
    for triple in conclusions(views[1]):
        if new.get((triple.predicate, triple.object)) and (triple.predicate, triple.object) not in old:
            relations.setdefault(triple.predicate, ([], []))[1].append(triple)
    for triple in conclusions(views[0]):
        if old.get((triple.predicate, triple.object)) and (triple.predicate, triple.object) not in new:
            relations.setdefault(triple.predicate, ([], []))[0].append(triple)
    counts = {name: (_count(old, name), _count(new, name)) for name in relations}
    result = []
    for relation, (gone, come) in relations.items():
        removed, added = list(teller[0].tell(gone)), list(teller[1].tell(come))
        changed = []
        if counts[relation] == (1, 1) and removed and added:
            changed, removed, added = [{"from": removed[0], "to": added[0]}], [], []
        if removed or added or changed:
            result.append(
                {
                    "relation": Words(views[1]).named(relation),
                    "added": added,
                    "removed": removed,
                    "changed": changed,
                }
            )
    # What has a name of its own says more to most readers than a record of the knowledge behind it.
    result.sort(key=lambda entry: (not all(_has_name(views[1], thing) for thing in _things(entry)),
                                   not entry["changed"]))  # fmt: skip
    return {"relations": result, "share": share(old, new)}


def share(old: Collection[Any], new: Collection[Any]) -> float:
    """Return which part of the response differs, from 0 to 1: Jaccard's distance."""
    every = {*old, *new}
    return round(1 - len({*old} & {*new}) / len(every), 3) if every else 0.0


class _Teller:
    """Says conclusions with the sentence of the rule that drew them."""

    def __init__(self, view: View, reasons: bool) -> None:
        self._reasons = reasons
        self._explainer = Explainer(view)
        self._words = Words(view)

    def tell(self, triples: Iterable[Triple]) -> Iterable[Node]:
        for triple in triples:
            named = self._words.named(triple.object)
            yield {**named, "because": self._explainer.because(triple)} if self._reasons else named


def _things(entry: Node) -> list[Node]:
    return [*entry["added"], *entry["removed"], *(pair["to"] for pair in entry["changed"])]


def _has_name(view: View, thing: Node) -> bool:
    return thing["iri"] is None or view.names.texts(NamedNode(thing["iri"]), RDFS_LABEL) is not None


def _count(conclusions_: Iterable[tuple[NamedNode, Any]], relation: NamedNode) -> int:
    return sum(1 for predicate, _ in conclusions_ if predicate == relation)


def fact_changes(view: View, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Node]:
    """Return the facts that differ, with their old and new values."""
    keys = [key for key in (TYPE_KEY, *view.workspace.vocabulary.fields) if old.get(key) != new.get(key)]
    return [change(view, key, old.get(key), new.get(key)) for key in keys]


def change(view: View, key: str, old: Value | list[str] | None, new: Value | list[str] | None) -> Node:
    """Return the change of one fact as it stands in JSON."""
    workspace = view.workspace
    label, _ = label_of(workspace, key)
    before = shown(workspace, view.describer.text, key, old)
    after = shown(workspace, view.describer.text, key, new)
    return {
        "key": key,
        "label": both(label),
        "from": before,
        "to": after,
        "text": both(said(label, before, after)),
        "report": {key: in_json(new)},
    }


def said(label: Text, before: Node | None, after: Node | None) -> Text:
    """Say a change in words: ``deaths: 4 people → 10 people``."""
    unknown = Text("未知", "unknown")

    def word(value: Node | None, lang: str) -> str:
        return unknown.in_(lang) if value is None else str(value["label"][lang])

    return Text(
        f"{label.zh}：{word(before, 'zh')} → {word(after, 'zh')}",
        f"{label.en}: {word(before, 'en')} → {word(after, 'en')}",
    )
