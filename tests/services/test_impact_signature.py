"""What makes incidents alike: values between the same bounds, facts read apart, facts that matter."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Variable

from kb.errors import InputError
from kb.inference.relational.keys import key
from kb.namespaces import RDF_TYPE, XSD, xz
from kb.services.impact.archive import klass, values
from kb.services.impact.dividing import early, units
from kb.services.impact.reading import Reading
from kb.services.impact.usage import Usage, usage_of
from kb.services.impact.useful import Usefulness, classed
from kb.services.impact.versions import Cities, Version
from kb.services.workspace import Workspace
from kb.srl.expressions import compile_condition
from kb.srl.syntax import Call, Term

NUMBERS = ("deaths", "missing", "seriousInjuries", "poisoned", "directLoss")
REPORTED = frozenset(map(xz, (*NUMBERS, "fire", "occurredOn", "place", "warningSignal"))) | {RDF_TYPE}
NOW = Literal("2026-01-01T00:00:00Z", datatype=NamedNode(XSD + "dateTime"))
VALUE, BOUND = Variable("value"), Variable("bound")
numbers = st.one_of(
    st.integers(-50, 50).map(str),
    st.decimals(-50, 50, places=2).map(lambda d: f"{d:f}"),
).map(lambda t: Literal(t, datatype=NamedNode(XSD + ("decimal" if "." in t else "integer"))))
odd = st.sampled_from(["1e3", "", "x", "007", "+5", "9" * 25, "-0"])
terms = st.one_of(
    numbers,
    odd.map(lambda t: Literal(t, datatype=NamedNode(XSD + "integer"))),
    st.floats(-5, 5).map(lambda f: Literal(repr(f), datatype=NamedNode(XSD + "double"))),
    st.dates().map(lambda d: Literal(d.isoformat(), datatype=NamedNode(XSD + "date"))),
    st.sampled_from([Literal("a"), Literal(True), NamedNode("urn:it's")]),
)
bounds = st.one_of(
    numbers, st.dates().map(lambda d: Literal(d.isoformat(), datatype=NamedNode(XSD + "date")))
)


def classes(usage: Usage, found: list[Term]) -> list[str]:
    with duckdb.connect() as database:
        database.execute("CREATE TABLE val (o INTEGER, okey VARCHAR)")
        database.executemany("INSERT INTO val VALUES (?, ?)", [(i, key(t)) for i, t in enumerate(found)])
        database.execute("CREATE TABLE fact AS SELECT 0 AS p, o FROM val")
        sql = f"SELECT {klass(usage)} FROM ({values(0)}) ORDER BY o"
        return [row[0] for row in database.execute(sql).fetchall()]


@given(
    st.lists(terms, min_size=2, max_size=30),
    st.frozensets(bounds, max_size=6),
    st.frozensets(terms, max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_values_of_one_class_compare_alike_with_every_bound(
    found: list[Term], given_bounds: frozenset[Term], equals: frozenset[Term]
) -> None:
    tests = [
        compile_condition(Call(operator, (VALUE, BOUND)), now=NOW)
        for operator in ("<", "<=", "=", "!=", ">=", ">")
    ]
    seen: dict[str, object] = {}
    for term, name in zip(found, classes(Usage(given_bounds, equals), found), strict=True):
        outcome = (
            tuple(
                test({VALUE: term, BOUND: bound}.__getitem__)
                for test in tests
                for bound in sorted(given_bounds, key=str)
            ),
            tuple(term == other for other in sorted(equals, key=str)),
        )
        assert seen.setdefault(name, outcome) == outcome, (term, name)


def test_few_classes_are_left_of_many_values() -> None:
    bound = frozenset((Literal(3), Literal(10)))
    many: list[Term] = [Literal(n) for n in range(100)]
    assert len(set(classes(Usage(bound), many))) == 5


@pytest.fixture(scope="module")
def version(workspace: Workspace) -> Version:
    return Version("old", workspace, Cities(workspace))


def first(version: Version, relation: str) -> Reading:
    return Reading(version, early(version, xz(relation), REPORTED), REPORTED)


def reading(version: Version, *targets: str, given: tuple[str, ...] = ()) -> Reading:
    known = frozenset(map(xz, given))
    return Reading(version, version.stage(map(xz, targets), known), REPORTED, known)


def test_two_sums_are_two_units_and_a_number_read_alone_is_a_unit_of_its_own(version: Version) -> None:
    stage = first(version, "satisfies")
    found = {frozenset(p.value.rsplit("#")[-1] for p in u.predicates): u.alone for u in units([stage])}
    assert found[frozenset(("deaths", "missing"))] is False
    assert found[frozenset(("seriousInjuries", "poisoned"))] is False
    assert found[frozenset(("directLoss",))] is True


def test_what_rests_on_the_type_is_left_to_where_incidents_have_one(version: Version) -> None:
    assert RDF_TYPE not in first(version, "satisfies").read()
    late = {rule.iri for rule in version.stage([xz("grade")], frozenset((xz("satisfies"),)))}
    by_type = {
        rule.iri
        for rule in version.rules
        if any(t.predicate == xz("satisfies") for t in rule.head)
        and id(rule) not in version.early[xz("satisfies")]
    }
    assert by_type <= late


def test_only_the_bounds_of_the_measure_itself_count(version: Version) -> None:
    conditions = version.subjects(xz("measure"), xz("directLoss"))
    usage = usage_of([first(version, "satisfies")], xz("directLoss"))
    assert usage is not None
    wanted = {
        o for p in ("atLeast", "below", "moreThan", "atMost") for o in version.objects(xz(p), conditions)
    }
    assert usage.bounds == wanted
    assert usage_of([first(version, "satisfies")], xz("deaths")) is None  # it is added to another number


def test_what_only_other_types_ask_for_is_not_useful(version: Version, workspace: Workspace) -> None:
    stage = reading(version, "grade", given=("satisfies", "reports", "within"))
    finder = Usefulness(stage, frozenset((xz("grade"),)), classed([stage]))
    areas = list(version.objects(xz("jurisdiction")))
    every = {s for p in ("atLeast", "is", "below") for s in version.subjects(xz(p), None)}
    about = {xz("occurredOn"): [Literal("2025-01-01", datatype=NamedNode(XSD + "date"))],
             xz("within"): areas, xz("satisfies"): sorted(every, key=str)}  # fmt: skip
    types = [m.iri for m in workspace.names.members(xz("IncidentType"))]
    found = [finder.of({**about, RDF_TYPE: [t]}).objects.get(xz("satisfies"), set()) for t in types]
    assert any(found)
    assert all(useful < every for useful in found)
    assert len(set(map(frozenset, found))) > 1


def test_a_rule_that_speaks_of_other_incidents_is_refused(version: Version) -> None:
    with pytest.raises(InputError):
        Reading(version, version.stage([xz("satisfies")], frozenset()), REPORTED | {xz("atLeast")})
