"""The base graph behind its cache: whatever is committed, and by whomever, no answer is ever stale."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad

from kb.inference.interactive.dictionary import Dictionary
from kb.inference.interactive.executor import Executor
from kb.inference.interactive.source import Source
from kb.namespaces import graph
from kb.srl.parser import parse
from kb.srl.syntax import Term
from kb.store.embedded import EmbeddedStore, open_store
from kb.store.protocol import Change

NODES = [NamedNode(f"urn:{name}") for name in "abcd"]
PREDICATES = [NamedNode(f"urn:{name}") for name in "pq"]
OBJECTS: list[Term] = [*NODES, Literal(1), Literal("two", language="en")]
SHOWN, ALSO_SHOWN, HIDDEN = graph("knowledge/a"), graph("knowledge/b"), graph("incident/x")
quads = st.builds(
    Quad,
    st.sampled_from(NODES),
    st.sampled_from(PREDICATES),
    st.sampled_from(OBJECTS),
    st.sampled_from([SHOWN, ALSO_SHOWN, HIDDEN]),
)
changes = st.builds(Change, st.lists(quads, max_size=3), st.lists(quads, max_size=3))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with open_store(tmp_path / "store", reserve=0) as opened:
        yield opened


def new_source(store: EmbeddedStore) -> Source:
    """A source that nothing has been asked of, and that no commit has to tell anything."""

    def match(s: Term | None, p: NamedNode | None, o: Term | None) -> Iterator[Quad]:
        if isinstance(s, Literal):
            return iter(())
        return store.match(s, p, o)  # type: ignore[arg-type]

    return Source(match, Dictionary(), visible=lambda name: name != HIDDEN)


def subscribed(store: EmbeddedStore) -> Source:
    source = new_source(store)
    store.subscribe(lambda change: source.invalidate((*change.additions, *change.removals)))
    return source


def answers(source: Source) -> dict[tuple[object, ...], set[Term] | set[tuple[Term, ...]]]:
    """Ask *source* everything that rules could ask of these terms."""
    identify, terms = source.dictionary.id, source.dictionary.terms
    found: dict[tuple[object, ...], set[Term] | set[tuple[Term, ...]]] = {}
    for predicate in PREDICATES:
        for subject in NODES:
            numbers = source.objects(identify(subject), identify(predicate))
            assert len(set(numbers)) == len(numbers), "each once"
            found["objects", subject, predicate] = {terms[number] for number in numbers}
        for object_ in OBJECTS:
            numbers = source.subjects(identify(object_), identify(predicate))
            found["subjects", predicate, object_] = {terms[number] for number in numbers}
    for s in (None, *NODES):
        for p in (None, *PREDICATES):
            for o in (None, *OBJECTS):
                pattern = [None if term is None else identify(term) for term in (s, p, o)]
                rows = source.triples(*pattern)
                assert len(set(rows)) == len(rows), "each once"
                found["triples", s, p, o] = {tuple(terms[number] for number in row) for row in rows}
    for predicate in PREDICATES:
        for object_ in OBJECTS:
            some = source.some(identify(predicate), identify(object_))
            found["some", predicate, object_] = {object_} if some else set()
    return found


@settings(deadline=None, max_examples=20)
@given(commits=st.lists(changes, min_size=1, max_size=6))
def test_after_every_commit_remembered_answers_equal_fresh_ones(
    tmp_path_factory: pytest.TempPathFactory, commits: list[Change]
) -> None:
    with open_store(tmp_path_factory.mktemp("store"), reserve=0) as store:
        source = subscribed(store)
        answers(source)
        for change in commits:
            store.commit(change, actor="test", action="change")
            assert answers(source) == answers(new_source(store))


@settings(deadline=None, max_examples=10)
@given(change=changes)
def test_after_a_change_too_large_to_look_at_nothing_is_remembered(
    tmp_path_factory: pytest.TempPathFactory, change: Change
) -> None:
    with open_store(tmp_path_factory.mktemp("store"), reserve=0) as store:
        source = new_source(store)
        answers(source)
        store.commit(change, actor="test", action="change")
        source.forget()
        assert len(source) == 0
        assert answers(source) == answers(new_source(store))


def test_whether_any_subject_has_a_value_is_asked_without_reading_the_others(store: EmbeddedStore) -> None:
    """A rule that finds nothing on record must not read a million records to find that there are some."""
    many = [Quad(NamedNode(f"urn:n{n}"), PREDICATES[0], NODES[0], SHOWN) for n in range(100)]
    hidden = Quad(NODES[1], PREDICATES[1], NODES[0], HIDDEN)
    store.commit(Change([*many, hidden]), actor="test", action="add")
    source, read = new_source(store), 0
    ask = source._match

    def counting(s: Term | None, p: NamedNode | None, o: Term | None) -> Iterator[Quad]:
        nonlocal read
        for quad in ask(s, p, o):
            read += 1
            yield quad

    source._match = counting
    rules = parse("PREFIX : <urn:> RULE { :it :has :none } WHERE { NOT { ?x :p :a } }").rules
    assert len(Executor(rules, source).derive()) == 0
    assert read == 1
    rules = parse("PREFIX : <urn:> RULE { :it :has :none } WHERE { NOT { ?x :q :a } }").rules
    assert len(Executor(rules, source).derive()) == 1, "what lies in a hidden graph is not there"


@pytest.mark.parametrize("pattern", ["sp?", "?po", "s?o", "s??", "?p?", "??o", "spo", "???"])
def test_an_answer_is_forgotten_when_a_triple_that_fits_it_comes_or_goes(
    store: EmbeddedStore, pattern: str
) -> None:
    source = subscribed(store)
    s, p, o = NODES[0], PREDICATES[0], NODES[1]
    asked = [
        source.dictionary.id(term) if letter != "?" else None
        for term, letter in zip((s, p, o), pattern, strict=True)
    ]
    quad = Quad(s, p, o, SHOWN)
    assert len(source.triples(*asked)) == 0
    store.commit(Change([quad]), actor="test", action="add")
    assert len(source.triples(*asked)) == 1
    store.commit(Change([], [quad]), actor="test", action="remove")
    assert len(source.triples(*asked)) == 0


@pytest.mark.parametrize(
    "body",
    [
        "?x :p ?y",
        ":a :p ?y . ?x :q ?y",
        "?x ?anything :new",
        ":a :has ?m . :a ?m ?x",
        ":a :has ?m . ?x ?m :new",
    ],
)
def test_rules_see_what_was_committed_since_they_last_ran(store: EmbeddedStore, body: str) -> None:
    """Whatever way a rule looks at the base graph: here are all that the compiler knows."""
    rules = parse(f"PREFIX : <urn:> RULE {{ ?x :found true }} WHERE {{ {body} }}").rules
    executor = Executor(rules, subscribed(store))
    known = parse("PREFIX : <urn:> DATA { :a :has :p . :b :q :new }").data
    store.commit(Change([Quad(*triple, SHOWN) for triple in known]), actor="test", action="add")
    before = len(executor.derive())
    quad = Quad(NODES[0], PREDICATES[0], NamedNode("urn:new"), SHOWN)
    store.commit(Change([quad]), actor="test", action="add")
    assert len(executor.derive()) > before
    store.commit(Change([], [quad]), actor="test", action="remove")
    assert len(executor.derive()) == before


def test_a_triple_in_two_graphs_is_one_answer_until_both_are_gone(store: EmbeddedStore) -> None:
    source = subscribed(store)
    one, two = (Quad(NODES[0], PREDICATES[0], NODES[1], name) for name in (SHOWN, ALSO_SHOWN))
    store.commit(Change([one, two]), actor="test", action="add")
    assert source.values(NODES[0], PREDICATES[0]) == (NODES[1],)
    store.commit(Change([], [one]), actor="test", action="remove")
    assert source.values(NODES[0], PREDICATES[0]) == (NODES[1],)
    store.commit(Change([], [two]), actor="test", action="remove")
    assert source.values(NODES[0], PREDICATES[0]) == ()


def test_terms_are_found_from_either_end(store: EmbeddedStore) -> None:
    source = subscribed(store)
    change = Change([Quad(node, PREDICATES[0], NODES[3], SHOWN) for node in NODES[:2]])
    store.commit(change, actor="test", action="add")
    assert source.value(NODES[0], PREDICATES[0]) == NODES[3]
    assert set(source.holders(NODES[3], PREDICATES[0])) == set(NODES[:2])
    assert source.holders(NODES[0], PREDICATES[0]) == ()


def test_what_lies_in_a_hidden_graph_is_not_in_the_base_graph(store: EmbeddedStore) -> None:
    source = subscribed(store)
    store.commit(Change([Quad(NODES[0], PREDICATES[0], NODES[1], HIDDEN)]), actor="test", action="add")
    assert source.values(NODES[0], PREDICATES[0]) == ()
    assert source.value(NODES[0], PREDICATES[0]) is None
    assert source.triples(None, None, None) == ()


def test_a_commit_to_a_hidden_graph_forgets_nothing(store: EmbeddedStore) -> None:
    """Every report is such a commit; it must not empty the cache."""
    source = subscribed(store)
    answers(source)
    remembered = len(source)
    assert remembered
    store.commit(Change([Quad(NODES[0], PREDICATES[0], NODES[1], HIDDEN)]), actor="test", action="report")
    assert len(source) == remembered


def test_an_answer_is_fetched_once(store: EmbeddedStore) -> None:
    source = new_source(store)
    fetched: list[object] = []
    ask = source._match

    def counting(s: Term | None, p: NamedNode | None, o: Term | None) -> Iterator[Quad]:
        fetched.append((s, p, o))
        return iter(ask(s, p, o))

    source._match = counting
    for _ in range(5):
        source.values(NODES[0], PREDICATES[0])
    assert len(fetched) == 1


def test_an_answer_that_a_commit_overtook_is_given_but_not_remembered(store: EmbeddedStore) -> None:
    """Read, then overtaken, then to be remembered: the order that makes caches lie for ever."""
    quad = Quad(NODES[0], PREDICATES[0], NODES[1], SHOWN)
    source = subscribed(store)
    ask, overtaken = source._match, False

    def slow(s: Term | None, p: NamedNode | None, o: Term | None) -> list[Quad]:
        nonlocal overtaken
        found = list(ask(s, p, o))
        if not overtaken:
            overtaken = True
            store.commit(Change([quad]), actor="test", action="overtake")
        return found

    source._match = slow
    assert source.values(NODES[0], PREDICATES[0]) == ()
    assert source.values(NODES[0], PREDICATES[0]) == (NODES[1],)


@pytest.mark.parametrize("seed", range(3))
def test_threads_that_read_while_another_commits_leave_no_stale_answer(
    store: EmbeddedStore, seed: int
) -> None:
    source = subscribed(store)
    chance = random.Random(seed)
    stop = threading.Event()
    failures: list[BaseException] = []

    def reader() -> None:
        try:
            while not stop.is_set():
                answers(source)
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            failures.append(error)

    readers = [threading.Thread(target=reader) for _ in range(3)]
    for thread in readers:
        thread.start()
    try:
        for _ in range(15):
            quad = Quad(chance.choice(NODES), chance.choice(PREDICATES), chance.choice(OBJECTS), SHOWN)
            change = Change([quad]) if chance.random() < 0.6 else Change([], [quad])
            store.commit(change, actor="test", action="change")
            for predicate in PREDICATES:  # a commit that has returned is seen by whoever asks next
                expected = {q.object for q in store.match(NODES[0], predicate, None, SHOWN)}
                assert set(source.values(NODES[0], predicate)) == expected
    finally:
        stop.set()
        for thread in readers:
            thread.join()
    assert not failures
    assert answers(source) == answers(new_source(store))


def test_terms_that_no_triple_can_have_are_answered_with_nothing(store: EmbeddedStore) -> None:
    source = new_source(store)
    literal, node = source.dictionary.id(Literal(1)), source.dictionary.id(NODES[0])
    assert source.objects(literal, node) == ()
    assert source.subjects(node, literal) == ()
    assert source.triples(literal, None, None) == ()


def test_threads_that_meet_a_term_at_once_give_it_one_number() -> None:
    dictionary = Dictionary("urn:private/")
    terms = [NamedNode(f"urn:private/{n}") for n in range(2000)] + [Literal(n) for n in range(2000)]
    numbers: list[list[int]] = []

    def meet() -> None:
        numbers.append([dictionary.id(term) for term in terms])

    threads = [threading.Thread(target=meet) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found == numbers[0] for found in numbers)
    assert len(dictionary) == len(terms)
    assert [dictionary.terms[number] for number in numbers[0]] == terms
    assert len(dictionary.private) == len(dictionary.iris) == 2000
    assert dictionary.find(NamedNode("urn:never")) is None
