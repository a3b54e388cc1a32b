"""Roles and compartments: what the ontology declares is what holds, and nothing else declares anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from kb.access.policy import Policies, Policy
from kb.access.principal import VISITOR, Operator, Principal
from kb.errors import Forbidden
from kb.namespaces import CATALOGUE, ONTOLOGY, RDF_TYPE, ROOT, graph, xz
from kb.store.embedded import EmbeddedStore, open_store
from kb.store.protocol import Change
from tests.access.world import FIRE, WATER, fill, principals

WHO = {"actor": "test", "action": "change"}
PERSONAL, WITHHELD = graph("personal/fire/withheld"), graph("source/fire/withheld")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """A store of every kind of graph."""
    with open_store(tmp_path) as opened:
        fill(opened, lambda name: "here")
        yield opened


def role(name: str) -> NamedNode:
    return NamedNode(f"{ROOT}kb/role/{name}")


def compartment(name: str) -> NamedNode:
    return NamedNode(f"{ROOT}kb/compartment/{name}")


def principal(policy: Policy, *roles: str, **more: object) -> Principal:
    return Principal("somebody", frozenset(roles), policy, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "seen", "hidden"),
    [
        ("visitor", ["knowledge/a", "city/a"], ["incident/a", "source/fire/unconditional", "user/a"]),
        ("duty-officer", ["incident/a", "source/fire/conditional"], ["source/fire/withheld"]),
        ("commander", ["personal/fire/conditional"], ["source/fire/withheld", "quarantine/fire/conditional"]),
        ("auditor", ["quarantine/water/withheld"], ["personal/fire/conditional"]),
        ("administrator", ["source/water/withheld"], ["personal/fire/conditional"]),
    ],
)  # fmt: skip
def test_a_role_sees_its_compartments(
    store: EmbeddedStore, name: str, seen: list[str], hidden: list[str]
) -> None:
    one = principals(Policy(store))[name]
    assert [part for part in seen if not one.sees(graph(part))] == []
    assert [part for part in hidden if one.sees(graph(part))] == []


def test_a_steward_sees_what_is_withheld_of_his_own_department_only(store: EmbeddedStore) -> None:
    policy = Policy(store)
    ours, theirs = (
        principal(policy, "steward", department=FIRE),
        principal(policy, "steward", department=WATER),
    )
    assert ours.sees(WITHHELD)
    assert not theirs.sees(WITHHELD)
    ours.require_own(WITHHELD)
    with pytest.raises(Forbidden, match=r"access\.department"):
        theirs.require_own(WITHHELD)


def test_rights_of_several_roles_add_up(store: EmbeddedStore) -> None:
    policy = Policy(store)
    both = principal(policy, "commander", "auditor")
    assert both.sees(PERSONAL)
    assert both.sees(graph("quarantine/fire/withheld"))
    assert both.may("audit")
    assert both.may("release-authority")


def test_a_token_may_only_what_is_in_its_scope_and_its_users_roles(store: EmbeddedStore) -> None:
    policy = Policy(store)
    token = principal(policy, "integrator", scopes=frozenset({"query", "administer"}))
    assert token.may("query")
    assert not token.may("update")
    assert not token.may("administer"), "a scope gives nothing that the role does not have"


def test_a_role_that_nobody_declares_gives_nothing(store: EmbeddedStore) -> None:
    nobody = principal(Policy(store), "emperor")
    assert not nobody.may("query")
    assert not nobody.sees(graph("knowledge/a"))


@pytest.mark.parametrize("name", ["no-such-kind/a", "system"])
def test_a_graph_of_no_compartment_is_nobodys(store: EmbeddedStore, name: str) -> None:
    policy = Policy(store)
    assert not any(one.sees(graph(name)) or one.writes(graph(name)) for one in principals(policy).values())


def test_the_operator_sees_everything_but_writes_only_what_a_role_may(store: EmbeddedStore) -> None:
    policy = Policy(store)
    operator = Operator("operator", frozenset(policy.roles), policy)
    assert operator.sees(PERSONAL)
    assert operator.writes(graph("user/a"))
    assert not operator.writes(ONTOLOGY)
    assert not operator.writes(graph("incident/a"))


def test_statements_about_rights_in_other_graphs_mean_nothing(store: EmbeddedStore) -> None:
    before = Policy(store).digest
    dataset, shared = NamedNode(f"{ROOT}dataset/fire/withheld"), NamedNode(f"{ROOT}kb/sharing/unconditional")
    for name in (
        graph("user/a"),
        graph("source/fire/unconditional"),
        graph("knowledge/a"),
        NamedNode("urn:elsewhere"),
    ):
        store.commit(
            Change([
                Quad(role(VISITOR), xz("mayRead"), compartment("personal"), name),
                Quad(role("emperor"), RDF_TYPE, xz("Role"), name),
                Quad(dataset, xz("sharing"), shared, name),
            ]),
            **WHO,
        )  # fmt: skip
    policy = Policy(store)
    assert policy.digest == before
    assert not principals(policy)[VISITOR].sees(PERSONAL)
    assert not principals(policy)["duty-officer"].sees(WITHHELD)


def test_a_dataset_that_nobody_declared_counts_as_withheld(store: EmbeddedStore) -> None:
    assert not principals(Policy(store))["duty-officer"].sees(graph("source/fire/undeclared"))


def test_a_change_of_rights_holds_at_once_and_is_told(store: EmbeddedStore) -> None:
    policies, told = Policies(store), []
    policies.subscribe(lambda: told.append("changed"))
    before = policies.current
    store.commit(Change([Quad(NamedNode("urn:a"), NamedNode("urn:b"), Literal("c"), CATALOGUE)]), **WHO)
    assert policies.current is before, "what says the same is the same"
    store.commit(Change([Quad(role(VISITOR), xz("mayRead"), compartment("incidents"), ONTOLOGY)]), **WHO)
    assert principal(policies.current, VISITOR).sees(graph("incident/a"))
    assert told == ["changed"]


def test_rules_read_only_what_all_readers_of_incidents_may_read(store: EmbeddedStore) -> None:
    common = Policy(store).common
    assert common(graph("source/fire/unconditional"))
    assert common(graph("source/fire/conditional"))
    assert not common(WITHHELD)
    assert not common(PERSONAL)
    assert not common(graph("user/a"))
    taken = Quad(role("auditor"), xz("mayRead"), compartment("conditional"), ONTOLOGY)
    store.commit(Change([], [taken]), **WHO)
    assert not Policy(store).common(graph("source/fire/conditional")), "auditors read incidents but not this"


def test_two_who_see_the_same_share_a_view(store: EmbeddedStore) -> None:
    one = principals(Policy(store))
    assert one["duty-officer"].view == one["expert"].view
    assert one["duty-officer"].view != one["commander"].view
    policy = Policy(store)
    ours, theirs = (
        principal(policy, "steward", department=FIRE),
        principal(policy, "steward", department=WATER),
    )
    assert ours.view != theirs.view
