"""The entailment rules of W3C, as rules, conclude what another implementation of them concludes: owlrl.

Compared is what is said about terms of the graph itself. Left aside, because owlrl gives it and the rule
files leave it out on purpose: axiomatic triples, everything being a resource and the same as itself, every
property used being a property, and every class or property being below itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

import owlrl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse, serialize
from rdflib import Graph

from kb.inference.interactive.executor import Executor
from kb.inference.program import read
from kb.namespaces import OWL, RDF, RDF_TYPE, RDFS, xz
from kb.resources import folder
from kb.srl.loader import load
from kb.srl.strata import stratify
from kb.srl.wellformed import require_wellformed
from tests.inference.interactive import infer, source_of, store_of

FOLDER = folder("rules") / "entailment"
RULESETS = {name: load(FOLDER / f"{name}.srl") for name in ("rdfs", "owl2-rl")}
SLOT = re.compile(r"{(\w+)}")

EX = "http://example/"
NIL = NamedNode(RDF + "nil")
CLASSES = [NamedNode(f"{EX}C{number}") for number in range(5)]
PROPERTIES = [NamedNode(f"{EX}p{number}") for number in range(4)]
THINGS = [NamedNode(f"{EX}{name}") for name in "abcd"]

RDFS_SCHEMA = [RDFS + name for name in ("subClassOf", "subPropertyOf", "domain", "range")]
OWL_SCHEMA = [OWL + name for name in ("equivalentClass", "equivalentProperty")]
SCHEMA = frozenset(NamedNode(iri) for iri in (*RDFS_SCHEMA, *OWL_SCHEMA))


def owl(name: str) -> NamedNode:
    return NamedNode(OWL + name)


def rdfs(name: str) -> NamedNode:
    return NamedNode(RDFS + name)


# ── random graphs ────────────────────────────────────────────────────────────────────────────

classes, properties, things = st.sampled_from(CLASSES), st.sampled_from(PROPERTIES), st.sampled_from(THINGS)
facts = st.one_of(
    st.builds(Triple, things, properties, things),
    st.builds(Triple, things, st.just(RDF_TYPE), classes),
)
rdfs_axioms = st.one_of(
    st.builds(Triple, classes, st.just(rdfs("subClassOf")), classes),
    st.builds(Triple, properties, st.just(rdfs("subPropertyOf")), properties),
    st.builds(Triple, properties, st.sampled_from([rdfs("domain"), rdfs("range")]), classes),
)
owl_axioms = st.one_of(
    st.builds(Triple, properties, st.just(owl("inverseOf")), properties),
    st.builds(Triple, properties, st.just(owl("equivalentProperty")), properties),
    st.builds(Triple, classes, st.just(owl("equivalentClass")), classes),
    st.builds(
        Triple,
        properties,
        st.just(RDF_TYPE),
        st.sampled_from([owl("TransitiveProperty"), owl("SymmetricProperty")]),
    ),
)


@st.composite
def descriptions(draw: st.DrawFn) -> list[Triple]:
    """A class described: an intersection, a union or a restriction; fillers may be Thing."""
    described = draw(classes)
    kind = draw(st.sampled_from(["intersectionOf", "unionOf", "someValuesFrom", "allValuesFrom", "hasValue"]))
    if kind in ("intersectionOf", "unionOf"):
        members = draw(st.lists(classes, min_size=1, max_size=3))
        cells = [BlankNode() for _ in members]
        triples = [Triple(described, owl(kind), cells[0])]
        for cell, member, rest in zip(cells, members, [*cells[1:], NIL], strict=True):
            triples += [
                Triple(cell, NamedNode(RDF + "first"), member),
                Triple(cell, NamedNode(RDF + "rest"), rest),
            ]
        return triples
    # A restriction is a node of its own: owlrl mixes up two restrictions on one class.
    node = BlankNode()
    filler = draw(things if kind == "hasValue" else st.sampled_from([*CLASSES, owl("Thing")]))
    if kind == "allValuesFrom" and filler == owl("Thing"):
        filler = CLASSES[0]
    return [
        Triple(node, owl("onProperty"), draw(properties)),
        Triple(node, owl(kind), filler),
        *draw(
            st.sampled_from(
                [[Triple(described, rdfs("subClassOf"), node)], [Triple(node, rdfs("subClassOf"), described)]]
            )
        ),
    ]


rdfs_graphs = st.lists(st.one_of(facts, rdfs_axioms), max_size=16)
BELOW_THEMSELVES = [Triple(one, rdfs("subClassOf"), one) for one in CLASSES] + [
    Triple(one, rdfs("subPropertyOf"), one) for one in PROPERTIES
]
"""Said to both: owlrl does not conclude it from a circle (scm-sco), and then misses what follows from it."""
owl_graphs = st.builds(
    lambda triples, described: [*triples, *(triple for one in described for triple in one)],
    st.lists(st.one_of(facts, facts, rdfs_axioms, owl_axioms), max_size=14),
    st.lists(descriptions(), max_size=3),
)


# ── the two implementations ──────────────────────────────────────────────────────────────────


def ours(name: str, base: Sequence[Triple]) -> set[Triple]:
    return compared([*base, *executor(name).derive(base)])


@cache
def executor(name: str) -> Executor:
    """Compile a rule set once; its base graph is what each evaluation is given."""
    return Executor(RULESETS[name].rules, source_of(store_of(())))


def theirs(closure: type, base: Sequence[Triple]) -> set[Triple]:
    graph = Graph().parse(data=serialize(set(base), format=RdfFormat.N_TRIPLES), format="nt")
    owlrl.DeductiveClosure(closure, axiomatic_triples=False, datatype_axioms=False).expand(graph)
    text = graph.serialize(format="nt", encoding="utf-8")
    return compared(quad.triple for quad in parse(text, RdfFormat.N_TRIPLES))


def compared(triples: Iterable[Triple]) -> set[Triple]:
    """Return what is said about the terms of the example, nothing being said to be below itself."""
    return {
        triple
        for triple in triples
        if all(isinstance(t, NamedNode) and t.value.startswith(EX) for t in (triple.subject, triple.object))
        and (triple.predicate in PROPERTIES or triple.predicate == RDF_TYPE or triple.predicate in SCHEMA)
        and (triple.predicate not in SCHEMA or triple.subject != triple.object)
    }


@settings(max_examples=40, deadline=None)
@given(rdfs_graphs)
def test_rdfs_rules_conclude_what_owlrl_concludes(base: list[Triple]) -> None:
    assert ours("rdfs", base) == theirs(owlrl.RDFS_Semantics, base)


@settings(max_examples=40, deadline=None)
@given(owl_graphs)
def test_owl_rules_conclude_what_owlrl_concludes(base: list[Triple]) -> None:
    base = [*base, *BELOW_THEMSELVES]
    assert ours("owl2-rl", base) == theirs(owlrl.OWLRL_Semantics, base)


# ── what owlrl says in another way or not at all ─────────────────────────────────────────────


def test_a_member_of_two_disjoint_classes_is_nothing() -> None:
    a, one, other = THINGS[0], *CLASSES[:2]
    base = [Triple(one, owl("disjointWith"), other), Triple(a, RDF_TYPE, one)]
    assert Triple(a, RDF_TYPE, owl("Nothing")) not in infer(RULESETS["owl2-rl"], base)
    assert Triple(a, RDF_TYPE, owl("Nothing")) in infer(
        RULESETS["owl2-rl"], [*base, Triple(a, RDF_TYPE, other)]
    )


@pytest.mark.parametrize("name", RULESETS)
def test_a_literal_in_the_range_is_no_member_of_it(name: str) -> None:
    base = [Triple(PROPERTIES[0], rdfs("range"), CLASSES[0]), Triple(THINGS[0], PROPERTIES[0], Literal("x"))]
    assert infer(RULESETS[name], base) == set()


def test_declared_classes_and_properties_are_below_themselves_and_what_rdf_puts_above_them() -> None:
    kinds = ["Class", "Datatype", "ContainerMembershipProperty"]
    base = [Triple(term, RDF_TYPE, rdfs(kind)) for term, kind in zip(CLASSES, kinds, strict=False)]
    base.append(Triple(PROPERTIES[0], RDF_TYPE, NamedNode(RDF + "Property")))
    sub_class, sub_property = rdfs("subClassOf"), rdfs("subPropertyOf")
    assert infer(RULESETS["rdfs"], base) == {
        Triple(CLASSES[0], sub_class, CLASSES[0]),
        Triple(CLASSES[0], sub_class, rdfs("Resource")),
        Triple(CLASSES[1], sub_class, rdfs("Literal")),
        Triple(CLASSES[2], sub_property, rdfs("member")),
        Triple(PROPERTIES[0], sub_property, PROPERTIES[0]),
    }


# ── the rules as documents ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", RULESETS)
def test_entailment_rules_have_a_stratification_of_one_layer(name: str) -> None:
    require_wellformed(RULESETS[name])
    assert len(stratify(RULESETS[name].rules).layers) == 1


@pytest.mark.parametrize("name", RULESETS)
def test_every_entailment_rule_has_a_label_a_sentence_and_its_source(name: str) -> None:
    described: dict[object, dict[NamedNode, list[Literal | NamedNode]]] = {}
    for quad in parse(path=FOLDER / f"{name}.ttl", format=RdfFormat.TURTLE):
        described.setdefault(quad.subject, {}).setdefault(quad.predicate, []).append(quad.object)  # type: ignore[arg-type]
    assert described.keys() == {rule.iri for rule in RULESETS[name].rules}
    for rule in RULESETS[name].rules:
        about = described[rule.iri]
        for predicate in (rdfs("label"), xz("sentence")):
            assert sorted(text.language for text in about[predicate]) == ["en", "zh"]  # type: ignore[union-attr]
        slots = [set(SLOT.findall(text.value)) for text in about[xz("sentence")]]
        assert slots[0] == slots[1] != set()
        assert slots[0] <= {variable.value for variable in rule.own_variables}
        (source,) = about[NamedNode("http://purl.org/dc/terms/source")]
        assert source.value.startswith("https://www.w3.org/TR/")


def test_no_city_runs_entailment_rules() -> None:
    program = read(folder("rules"))
    entailment = {rule.iri for ruleset in RULESETS.values() for rule in ruleset.rules}
    assert not entailment & {rule.iri for rule in (*program.background, *program.response)}
    assert not entailment & program.documents.keys()
    assert sum(len(ruleset.rules) for ruleset in RULESETS.values()) == len(entailment)
