"""No query tells anybody anything about a graph that he may not see (reliability.md, attacks 14 and 26).

What is shown is noninterference (Goguen and Meseguer, "Security Policies and Security Models", 1982): two
stores that differ in nothing but what a reader may not see answer him the same, whatever he asks. That
covers what no search for forbidden words would find: counts, orders, ``ASK`` and errors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from pyoxigraph import NamedNode, RdfFormat, parse

from kb.access.policy import Policy
from kb.errors import XiezhiError
from kb.store.embedded import EmbeddedStore, open_store
from kb.store.views import EVERYTHING, Reader
from kb.store.workers import Limits, Service
from tests.access.questions import Question, Questions
from tests.access.world import GRAPHS, fill, principals, secret

ROLES = 12
QUERIES = 1000
"""For each role."""
LIMITS = Limits(deadline=0.5)
"""A query that takes longer is stopped, and tells nothing either way."""
STOPPED, CUT = "query.timeout", "cut"


@pytest.fixture(scope="module")
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture(scope="module")
def make(
    stack: ExitStack, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., tuple[EmbeddedStore, Service]]:
    """Make a store and the service on it."""

    def made(world: Callable[[NamedNode], str]) -> tuple[EmbeddedStore, Service]:
        path = tmp_path_factory.mktemp("world")
        store = stack.enter_context(open_store(path / "store"))
        fill(store, world)
        return store, stack.enter_context(Service(store, path / "checkpoints", limits=LIMITS))

    return made


@pytest.fixture(scope="module")
def ours(make: Callable[..., tuple[EmbeddedStore, Service]]) -> tuple[EmbeddedStore, Service]:
    """The world as it is."""
    return make(lambda name: "here")


def answers(service: Service, reader: Reader, questions: list[Question]) -> list[str]:
    """Return what *service* answers, each as a text that is equal for equal answers."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda question: answer(service, reader, question), questions))


def answer(service: Service, reader: Reader, question: Question) -> str:
    try:
        found = service.select(question.text, reader=reader, dataset=question.dataset)
    except XiezhiError as error:
        return error.faults[0].code
    if found.truncated:
        return CUT
    if found.media_type == "application/sparql-results+json":
        told = json.loads(found.body)
        return (
            str(told["boolean"])
            if "boolean" in told
            else "\n".join(sorted(map(str, told["results"]["bindings"])))
        )
    return "\n".join(sorted(map(str, parse(found.body, format=RdfFormat.from_media_type(found.media_type)))))


def different(first: list[str], second: list[str]) -> list[int]:
    pairs = enumerate(zip(first, second, strict=True))
    undecided = {STOPPED, CUT}  # which rows are left of too many is up to the engine
    return [number for number, pair in pairs if undecided.isdisjoint(pair) and pair[0] != pair[1]]


@pytest.mark.parametrize("number", range(ROLES))
def test_what_a_role_may_not_see_changes_no_answer(
    number: int, ours: tuple[EmbeddedStore, Service], make: Callable[..., tuple[EmbeddedStore, Service]]
) -> None:
    store, service = ours
    people = principals(Policy(store))
    assert len(people) == ROLES
    name = sorted(people)[number]
    hidden = {graph for graph in GRAPHS if not people[name].sees(graph)}
    assert hidden
    other, other_service = make(lambda graph: "elsewhere" if graph in hidden else "here")
    asks = Questions(number)
    questions = [asks.next() for _ in range(QUERIES)]

    first = answers(service, people[name], questions)
    second = answers(other_service, principals(Policy(other))[name], questions)

    leaks = [questions[one].text for one in different(first, second)]
    assert not leaks, f"{name} can tell the worlds apart by: {leaks[0]}"
    assert first.count(STOPPED) + first.count(CUT) < QUERIES / 20
    told = "\n".join(first)
    assert not [graph for graph in hidden if secret(graph, "here") in told]
    visible = [graph for graph in GRAPHS if people[name].sees(graph)]
    assert all(secret(graph, "here") in told for graph in visible), "the questions reach what may be seen"


def test_the_questions_would_tell_the_worlds_apart_if_nothing_were_hidden(
    ours: tuple[EmbeddedStore, Service], make: Callable[..., tuple[EmbeddedStore, Service]]
) -> None:
    _, other = make(lambda name: "elsewhere")
    asks = Questions(0)
    questions = [asks.next() for _ in range(QUERIES)]
    apart = different(answers(ours[1], EVERYTHING, questions), answers(other, EVERYTHING, questions))
    assert len(apart) > QUERIES / 4
