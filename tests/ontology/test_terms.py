"""Terms and records: named in both languages, grounded in clauses, complete."""

from __future__ import annotations

import datetime

import networkx as nx
import pytest
from rdflib import DCTERMS, OWL, RDF, RDFS, SKOS, XSD, Graph, Literal, Namespace, URIRef

XZ = Namespace("https://w3id.org/xiezhi/ns#")
KB = "https://w3id.org/xiezhi/kb/"

UNNAMED = {
    XZ[name]
    for name in (
        "Criterion",
        "Condition",
        "Duty",
        "ModuleUse",
        "LevelBinding",
        "ReleaseAuthority",
        "FlowClock",
        "ResourceNeed",
        "Cascade",
        "GroupUse",
        "MenuUse",
        "Exposure",
    )
}
PROVISIONS = [
    XZ[name]
    for name in (
        "GradingRegime",
        "WarningRegime",
        "Plan",
        "Duty",
        "ModuleUse",
        "ReportingRule",
        "Cascade",
        "RegradingWindow",
        "Transition",
        "GroupUse",
        "MenuUse",
        "Exposure",
    )
]
PROVISION_PROPERTIES = (XZ.jurisdiction, XZ.validFrom, DCTERMS.source, XZ.evidence)
COMPARISONS = (XZ.atLeast, XZ.moreThan, XZ.below, XZ.atMost, XZ["is"])
EVIDENCE = {"primary", "secondary", "background", "convention"}

CALLERS_WORDS = [
    "火灾",
    "建筑火灾",
    "工厂仓库火灾",
    "人员密集场所火灾",
    "燃气爆炸",
    "燃气泄漏",
    "危险化学品爆炸",
    "危险化学品泄漏",
    "危险化学品火灾",
    "危险化学品道路运输事故",
    "油气管道泄漏爆炸",
    "粉尘爆炸",
    "建筑物坍塌",
    "施工坍塌",
    "矿山事故",
    "暴雨",
    "内涝",
    "洪水",
    "群体性事件",
    "恐怖袭击",
]


def of_class(knowledge: Graph, *classes: URIRef) -> list[URIRef]:
    found = sorted({node for name in classes for node in knowledge.subjects(RDF.type, name)})
    assert found, f"nothing is a {classes}"
    return found


def kinds_of(knowledge: Graph, kind: URIRef) -> set[URIRef]:
    return set(knowledge.transitive_objects(kind, RDFS.subClassOf))


def test_every_term_has_one_label_and_one_definition_in_each_language(knowledge: Graph) -> None:
    terms = {
        subject
        for subject in knowledge.subjects(RDF.type)
        if isinstance(subject, URIRef)
        and str(subject).startswith((XZ, KB))
        and not UNNAMED & set(knowledge.objects(subject, RDF.type))
    }
    assert len(terms) > 250
    for term in sorted(terms):
        for predicate in (RDFS.label, SKOS.definition):
            texts = list(knowledge.objects(term, predicate))
            assert sorted(str(text.language) for text in texts) == ["en", "zh"], f"{term} {predicate}"
            assert all(text.strip() for text in texts), f"{term} {predicate}"


def test_whatever_has_a_label_has_both_labels_and_both_definitions(knowledge: Graph) -> None:
    labelled = set(knowledge.subjects(RDFS.label)) | set(knowledge.subjects(SKOS.definition))
    assert labelled
    for subject in labelled:
        for predicate in (RDFS.label, SKOS.definition):
            languages = sorted(str(text.language) for text in knowledge.objects(subject, predicate))
            assert languages == ["en", "zh"], f"{subject} {predicate}"


def test_every_duty_states_its_task_in_both_languages(knowledge: Graph) -> None:
    for duty in of_class(knowledge, XZ.Duty):
        assert sorted(str(text.language) for text in knowledge.objects(duty, XZ.task)) == ["en", "zh"], duty
        assert len(list(knowledge.objects(duty, XZ.role))) == 1, duty
        assert len(list(knowledge.objects(duty, XZ.function))) == 1, duty


@pytest.mark.parametrize("provision", PROVISIONS, ids=lambda iri: iri.removeprefix(XZ))
def test_every_provision_has_its_five_properties(knowledge: Graph, provision: URIRef) -> None:
    for record in of_class(knowledge, provision):
        assert list(knowledge.objects(record, XZ.appliesTo)), record
        for predicate in PROVISION_PROPERTIES:
            values = list(knowledge.objects(record, predicate))
            assert values, f"{record} {predicate}"
            assert len(values) == 1 or predicate == XZ.jurisdiction, f"{record} {predicate}"
        dates = [knowledge.value(record, XZ.validFrom), knowledge.value(record, XZ.validUntil)]
        for date in filter(None, dates):
            assert date.datatype == XSD.date, record
            assert isinstance(date.toPython(), datetime.date), record
        if dates[1] is not None:
            assert dates[0].toPython() < dates[1].toPython(), record


def test_a_provision_is_not_in_force_before_its_source(knowledge: Graph) -> None:
    for record in of_class(knowledge, *PROVISIONS):
        clause = knowledge.value(record, DCTERMS.source)
        source = knowledge.value(clause, XZ.clauseOf)
        first = knowledge.value(record, XZ.validFrom)
        assert knowledge.value(source, XZ.validFrom).toPython() <= first.toPython(), record
        last = knowledge.value(source, XZ.validUntil)
        if last is not None:
            assert knowledge.value(record, XZ.validUntil).toPython() <= last.toPython(), record


def test_evidence_is_one_of_four_words(knowledge: Graph) -> None:
    words = {str(word) for word in knowledge.objects(None, XZ.evidence)}
    assert words
    assert words <= EVIDENCE


def test_every_source_is_a_clause_of_a_law_that_is_described(knowledge: Graph) -> None:
    clauses = set(knowledge.objects(None, DCTERMS.source))
    assert len(clauses) > 40
    for clause in clauses:
        assert (clause, RDF.type, XZ.Clause) in knowledge, clause
    for clause in of_class(knowledge, XZ.Clause):
        law = knowledge.value(clause, XZ.clauseOf)
        assert (law, RDF.type, XZ.LegalSource) in knowledge, clause
        slug = law.removeprefix(KB + "law/")
        assert clause == URIRef(f"{KB}clause/{slug}-{knowledge.value(clause, XZ.article)}")


def test_every_condition_makes_one_comparison_with_a_measure(knowledge: Graph) -> None:
    for condition in of_class(knowledge, XZ.Condition):
        measure = knowledge.value(condition, XZ.measure)
        assert (measure, RDF.type, XZ.Measure) in knowledge, condition
        compared = [value for name in COMPARISONS for value in knowledge.objects(condition, name)]
        assert len(compared) == 1, condition


def test_every_criterion_gives_one_value_of_the_scale_of_its_regime(knowledge: Graph) -> None:
    for criterion in of_class(knowledge, XZ.Criterion):
        assert list(knowledge.objects(criterion, XZ.condition)), criterion
        assert len(list(knowledge.objects(criterion, DCTERMS.source))) == 1, criterion
        regime = knowledge.value(criterion, XZ.regime)
        grading = (regime, RDF.type, XZ.GradingRegime) in knowledge
        grades = list(knowledge.objects(criterion, XZ.setsGrade))
        warnings = list(knowledge.objects(criterion, XZ.setsWarning))
        assert (len(grades), len(warnings)) == ((1, 0) if grading else (0, 1)), criterion


def test_every_regime_reaches_all_four_values_of_its_scale(knowledge: Graph) -> None:
    """But for signals, as of heat and fog, that the meteorological authority has not given a blue level."""
    for regime in of_class(knowledge, XZ.GradingRegime, XZ.WarningRegime):
        values = {
            value
            for criterion in knowledge.subjects(XZ.regime, regime)
            for name in (XZ.setsGrade, XZ.setsWarning)
            for value in knowledge.objects(criterion, name)
        }
        without_blue = {URIRef(f"{KB}warning/{colour}") for colour in ("red", "orange", "yellow")}
        assert len(values) == 4 or values == without_blue, regime


def test_the_thresholds_of_decree_493_are_those_of_its_third_article(knowledge: Graph) -> None:
    found = {}
    for criterion in knowledge.subjects(XZ.regime, URIRef(KB + "regime/production")):
        grade = knowledge.value(criterion, XZ.setsGrade).rpartition("/")[2]
        (condition,) = knowledge.objects(criterion, XZ.condition)
        measure = knowledge.value(condition, XZ.measure).removeprefix(XZ)
        (comparison,) = (name for name in COMPARISONS if (condition, name, None) in knowledge)
        found[grade, measure] = comparison.removeprefix(XZ), knowledge.value(condition, comparison).toPython()
    assert found == {
        ("particularly-major", "deaths"): ("atLeast", 30),
        ("particularly-major", "seriousOrPoisoned"): ("atLeast", 100),
        ("particularly-major", "directLoss"): ("atLeast", 100_000_000),
        ("major", "deaths"): ("atLeast", 10),
        ("major", "seriousOrPoisoned"): ("atLeast", 50),
        ("major", "directLoss"): ("atLeast", 50_000_000),
        ("larger", "deaths"): ("atLeast", 3),
        ("larger", "seriousOrPoisoned"): ("atLeast", 10),
        ("larger", "directLoss"): ("atLeast", 10_000_000),
        ("ordinary", "deaths"): ("below", 3),
        ("ordinary", "seriousOrPoisoned"): ("below", 10),
        ("ordinary", "directLoss"): ("below", 10_000_000),
    }


def test_every_level_scheme_has_one_initial_binding_and_no_rank_twice(knowledge: Graph) -> None:
    for scheme in of_class(knowledge, XZ.LevelScheme):
        bindings = list(knowledge.subjects(XZ.scheme, scheme))
        ranks = [knowledge.value(binding, XZ.rank).toPython() for binding in bindings]
        assert len(ranks) == len(set(ranks)), scheme
        initial = [binding for binding in bindings if (binding, XZ.initial, Literal(True)) in knowledge]
        assert len(initial) == 1, scheme
        for binding in bindings:
            assert list(knowledge.objects(binding, DCTERMS.source)), binding
            assert list(knowledge.objects(binding, XZ.evidence)), binding
            for name in (XZ.activationTier, XZ.commandTier, XZ.leadTier):
                assert len(list(knowledge.objects(binding, name))) == 1, f"{binding} {name}"


def test_every_plan_follows_a_level_scheme(knowledge: Graph) -> None:
    for plan in of_class(knowledge, XZ.Plan):
        assert len(list(knowledge.objects(plan, XZ.levelScheme))) == 1, plan


def test_the_order_of_modules_has_no_cycle(knowledge: Graph) -> None:
    order = nx.DiGraph(
        (str(before), str(module))
        for module, state in knowledge.subject_objects(XZ.needs)
        for before in knowledge.subjects(XZ.achieves, state)
    )
    assert len(order) >= 16
    assert nx.is_directed_acyclic_graph(order), nx.find_cycle(order)


def test_every_state_that_a_module_needs_some_module_achieves(knowledge: Graph) -> None:
    assert set(knowledge.objects(None, XZ.needs)) <= set(knowledge.objects(None, XZ.achieves))
    for module in of_class(knowledge, XZ.PlanModule):
        assert list(knowledge.objects(module, XZ.achieves)), module


def test_every_module_has_a_phase_and_someone_responsible(knowledge: Graph) -> None:
    for module in of_class(knowledge, XZ.PlanModule):
        assert len(list(knowledge.objects(module, XZ.phase))) == 1, module
        function = list(knowledge.objects(module, XZ.responsibleFunction))
        lead = (module, XZ.ledByLead, Literal(True)) in knowledge
        assert len(function) + lead == 1, module


def test_every_module_is_used_by_something_or_waits_for_the_health_pack(knowledge: Graph) -> None:
    unused = set(of_class(knowledge, XZ.PlanModule)) - set(knowledge.objects(None, XZ.module))
    assert unused <= {URIRef(KB + "module/epidemiology")}


def test_every_reporting_rule_says_who_tells_whom_by_when(knowledge: Graph) -> None:
    for rule in of_class(knowledge, XZ.ReportingRule):
        assert sorted(str(text.language) for text in knowledge.objects(rule, XZ.sender)) == ["en", "zh"], rule
        for predicate in (XZ.recipientFunction, XZ.recipientTier, XZ.dueWithin):
            assert len(list(knowledge.objects(rule, predicate))) == 1, f"{rule} {predicate}"
        assert knowledge.value(rule, XZ.dueWithin).datatype == XSD.duration, rule


def test_every_cascade_leads_from_one_type_to_another(knowledge: Graph) -> None:
    types = set(knowledge.subjects(RDF.type, XZ.IncidentType))
    for cascade in of_class(knowledge, XZ.Cascade):
        (source,) = knowledge.objects(cascade, XZ.appliesTo)
        (target,) = knowledge.objects(cascade, XZ.mayCause)
        assert {source, target} <= types, cascade
        assert source != target, cascade


def test_every_type_of_incident_is_a_class_below_incident(knowledge: Graph) -> None:
    for kind in of_class(knowledge, XZ.IncidentType):
        assert (kind, RDF.type, OWL.Class) in knowledge, kind
        assert XZ.Incident in kinds_of(knowledge, kind), kind
        assert len(list(knowledge.objects(kind, RDFS.subClassOf))) == (kind != XZ.Incident), kind


def test_no_wording_means_two_types_of_incident(knowledge: Graph) -> None:
    meaning: dict[str, URIRef] = {}
    for kind in of_class(knowledge, XZ.IncidentType):
        for predicate in (RDFS.label, SKOS.altLabel):
            for text in knowledge.objects(kind, predicate):
                word = str(text).casefold()
                assert word not in meaning, f"{word}: {meaning.get(word)} and {kind}"
                meaning[word] = kind
    assert set(CALLERS_WORDS) <= set(meaning)


def test_every_type_below_the_four_families_has_words_of_callers(knowledge: Graph) -> None:
    families = {XZ.Incident, *knowledge.subjects(RDFS.subClassOf, XZ.Incident)}
    assert len(families) == 5
    for kind in of_class(knowledge, XZ.IncidentType):
        if kind not in families:
            languages = [text.language for text in knowledge.objects(kind, SKOS.altLabel)]
            assert languages.count("zh") >= 2, kind
            assert "en" in languages, kind


@pytest.mark.parametrize("date", ["2010-07-16", "2021-06-13", "2024-10-31", "2024-11-01", "2026-01-01"])
def test_every_type_of_a_pack_has_one_most_specific_lead_and_plan_on(knowledge: Graph, date: str) -> None:
    day = datetime.date.fromisoformat(date)
    lead = {(XZ.role, URIRef(KB + "role/lead"))}

    def best(kind: URIRef, provision: URIRef, wanted: set[tuple[URIRef, URIRef]]) -> list[URIRef]:
        kinds = kinds_of(knowledge, kind)
        held = [
            record
            for record in knowledge.subjects(RDF.type, provision)
            if knowledge.value(record, XZ.appliesTo) in kinds
            and knowledge.value(record, XZ.validFrom).toPython() <= day
            and (knowledge.value(record, XZ.validUntil) or Literal(day)).toPython() >= day
            and all((record, *pair) in knowledge for pair in wanted)
        ]
        return [
            record
            for record in held
            if not any(
                knowledge.value(other, XZ.appliesTo) != knowledge.value(record, XZ.appliesTo)
                and knowledge.value(record, XZ.appliesTo)
                in kinds_of(knowledge, knowledge.value(other, XZ.appliesTo))
                for other in held
            )
        ]

    families = {XZ.Incident, *knowledge.subjects(RDFS.subClassOf, XZ.Incident)}
    tested = [kind for kind in of_class(knowledge, XZ.IncidentType) if kind not in families]
    assert len(tested) > 20
    for kind in tested:
        assert len(best(kind, XZ.Duty, lead)) == 1, f"{kind} lead"
        assert len(best(kind, XZ.Plan, set())) == 1, f"{kind} plan"


def test_social_security_events_name_the_clause_by_which_they_have_no_grade(knowledge: Graph) -> None:
    (clause,) = knowledge.objects(XZ.SocialSecurityEvent, XZ.notGradedUnder)
    assert clause == URIRef(KB + "clause/emergency-response-law-2024-3")


def test_a_superseded_law_names_its_successor(knowledge: Graph) -> None:
    ended = {law for law in of_class(knowledge, XZ.LegalSource) if (law, XZ.validUntil, None) in knowledge}
    assert ended
    for law in ended:
        assert (knowledge.value(law, DCTERMS.isReplacedBy), RDF.type, XZ.LegalSource) in knowledge, law
