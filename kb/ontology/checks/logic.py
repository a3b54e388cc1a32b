"""Contradictions, each with the axioms that together make it and the ways out.

Whether there is one, two reasoners must agree upon (:mod:`kb.ontology.reasoning`); why, rustdl says: a
minimal justification and its repairs (Kalyanpur et al., Finding all justifications of OWL DL entailments,
2007).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rdflib import Graph

from kb.errors import Fault, Text
from kb.ontology import reasoning
from kb.ontology.checks.finding import Finding, Severity, short
from kb.ontology.statements import Place, Places

IRI = re.compile(r"<([^<>]+)>")
SHOWN = 3
"""How many ways out are shown."""


def contradictions(graph: Graph, places: Places, own: Callable[[Path], bool]) -> Iterator[Finding]:
    """Yield a finding for an inconsistent ontology, and one for each class that can have no member.

    :param own: says of a file whether the reader can change it; ways out through it come first.
    :raises KnowledgeFault: where the reasoners disagree.
    """
    verdict = reasoning.verdict(graph)
    if verdict == reasoning.SOUND:
        return
    because = reasoning.justifications(graph)
    if not verdict.consistent:
        words = Text(
            "本体自相矛盾：没有任何世界能同时满足全部公理",
            "the ontology contradicts itself: no world satisfies all its axioms",
        )
        yield _finding("ontology.inconsistent", words, "", because.get("", ((), ())), places, own)
    for iri in sorted(verdict.unsatisfiable):
        words = Text(f"{short(iri)} 不可能有任何成员", f"{short(iri)} can have no member")
        yield _finding("ontology.unsatisfiable", words, iri, because.get(iri, ((), ())), places, own)


def _finding(
    code: str,
    words: Text,
    iri: str,
    because: tuple[Sequence[str], Sequence[Sequence[str]]],
    places: Places,
    own: Callable[[Path], bool],
) -> Finding:
    axioms, repairs = because
    place = places.of(iri) if iri else None
    if place is None and axioms:
        place = next((p for p in (_place(a, places) for a in axioms) if p and own(p.path)), None)
    shown = [_shown(axiom, places) for axiom in axioms]
    if shown:
        words = Text(words.zh + "，因为：" + "；".join(shown), words.en + ", because: " + "; ".join(shown))

    def cost(repair: Sequence[str]) -> tuple[bool, bool, int]:
        """A way out is better the more it concerns what is at fault and lies in the reader's own files."""
        found = [_place(axiom, places) for axiom in repair]
        foreign = not all(p is not None and own(p.path) for p in found)
        return foreign, not any(f"<{iri}>" in axiom for axiom in repair), len(repair)

    ways = [" + ".join(_shown(a, places) for a in repair) for repair in sorted(repairs, key=cost)[:SHOWN]]
    repair = Text("删去其一：" + "；或 ".join(ways), "take out: " + "; or ".join(ways)) if ways else None
    return Finding(Severity.ERROR, Fault(code, words, str(place) if place else short(iri), repair))


def _place(axiom: str, places: Places) -> Place | None:
    first = IRI.search(axiom)
    return None if first is None else places.of(first[1])


def _shown(axiom: str, places: Places) -> str:
    place = _place(axiom, places)
    text = IRI.sub(lambda match: short(match[1]), axiom)
    return f"{text} [{place.path.name}:{place.line}]" if place else text
