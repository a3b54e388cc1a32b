"""Attacks on personal fields: read in files, moved, altered, with another key, past their time, unasked."""

from __future__ import annotations

import itertools
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, parse

from kb.access.policy import Policy
from kb.access.principal import Principal
from kb.errors import Forbidden, NotFound, StoreError
from kb.namespaces import RDF_TYPE, graph, xz
from kb.resources import folder
from kb.sharing.contracts import Contract, Contracts
from kb.sharing.datasets import Datasets
from kb.sharing.deliveries import Delivery
from kb.sharing.intake import Intake
from kb.sharing.personal import PersonalFault, ciphertext
from kb.sharing.personal.masking import Masking, masking
from kb.sharing.personal.master import Master
from kb.sharing.personal.ring import NAME, DataKey
from kb.sharing.personal.vault import READ, Vault
from kb.sharing.process import Job
from kb.sharing.promotion import Promotion
from kb.sharing.spool import Writing
from kb.store.embedded import EmbeddedStore, open_store
from kb.store.protocol import Change

ROSTER = "370200/emergency-management/roster"
PEOPLE = {"a": ("张三丰", "13812345678"), "b": ("李四维", "0532-85922222")}
SECRETS = ("张三丰", "李四维", "13812345678", "85922222")
NAME_OF, PHONE = xz("personName"), xz("phone")
ONTOLOGY = folder("ontology")
_numbers = itertools.count()


@dataclass
class Opened:
    """A store with roles, maskings and the declared roster; deliveries need no worker that reads files."""

    home: Path
    store: EmbeddedStore
    vault: Vault

    @property
    def policy(self) -> Policy:
        return Policy(self.store)


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contracts(ONTOLOGY / "shapes").get("roster")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def opened(home: Path, contract: Contract) -> Iterator[Opened]:
    with open_store(home, reserve=0) as store:
        quads = [
            Quad(q.subject, q.predicate, q.object, graph(into))
            for into, path in (
                ("ontology", ONTOLOGY / "access.ttl"),
                ("ontology", ONTOLOGY / "sharing.ttl"),
                ("catalogue", folder("examples") / "datasets" / "370200.ttl"),
            )
            for q in parse(path=path, format=RdfFormat.TURTLE, base_iri="https://w3id.org/xiezhi/")
        ]
        store.load(quads, actor="test", action="load")
        made = Opened(home, store, Vault(store, home, Master.new()))
        deliver(made, PEOPLE)
        yield made


def deliver(opened: Opened, people: dict[str, tuple[str, str]]) -> None:
    dataset = Datasets(opened.store).find(ROSTER)
    contract = Contracts(ONTOLOGY / "shapes").get("roster")
    name = f"delivery-{next(_numbers)}"
    writing = Writing(opened.home, name)
    for code, (person, phone) in people.items():
        fields = {
            xz("postTitle"): Literal("值班主任"), NAME_OF: Literal(person), PHONE: Literal(phone)
        }  # fmt: skip
        lines = "".join(f"{record(code)} {p} {o} .\n" for p, o in fields.items())
        writing.good(opened.vault.cover(lines.encode()))
    moment, count = "2026-07-20T08:00:00+08:00", len(people)
    delivery = Delivery(
        NamedNode(f"https://w3id.org/xiezhi/delivery/{ROSTER}/{name}"), dataset.iri,
        "li", "roster.csv", name, contract.digest, moment, moment, count, count, 0,
    )  # fmt: skip
    spool = writing.accept({})
    job = Job(contract, dataset.base, {})
    sealing = opened.vault.sealing(dataset, contract)
    with opened.vault.lock:
        Promotion(opened.store, dataset, delivery, spool, job, sealing).run()


def record(code: str) -> NamedNode:
    return NamedNode(f"https://w3id.org/xiezhi/dataset/{ROSTER}/{code}")


def somebody(opened: Opened, *roles: str) -> Principal:
    return Principal("wang", frozenset(roles), opened.policy)


def read(opened: Opened, code: str, role: str = "commander") -> dict[NamedNode, str]:
    found = opened.vault.read(record(code), somebody(opened, role), "call him to the site")
    return {field.property: str(getattr(field.values[0], "value", "")) for field in found}


def sealed(opened: Opened, code: str) -> dict[NamedNode, Quad]:
    quads = opened.store.match(record(code), None, None, graph(f"personal/{ROSTER}"))
    return {quad.predicate: quad for quad in quads}


def shown(opened: Opened, code: str) -> dict[NamedNode, str]:
    quads = opened.store.match(record(code), None, None, graph(f"source/{ROSTER}"))
    return {quad.predicate: str(getattr(quad.object, "value", "")) for quad in quads}


def open_again(opened: Opened, quad: Quad) -> str:
    """What an attacker with key and ring makes of ciphertext that he kept from a journal or a backup."""
    return str(opened.vault._open(quad, opened.vault._key))


def journal(opened: Opened) -> list[tuple[str, str, str]]:
    return [(entry.actor, entry.action, entry.reason) for entry in opened.store.entries()]


def code_of(caught: pytest.ExceptionInfo[PersonalFault]) -> str:
    (fault,) = caught.value.faults
    assert fault.message.zh
    assert fault.message.en
    return fault.code


# --- what lies where ---------------------------------------------------------------------------


def test_the_source_graph_has_masked_values_only_and_the_commander_reads_the_rest(opened: Opened) -> None:
    assert (shown(opened, "a")[NAME_OF], shown(opened, "a")[PHONE]) == ("张*", "138****5678")
    assert shown(opened, "b")[PHONE] == "053****2222"
    assert shown(opened, "a")[xz("postTitle")] == "值班主任"
    assert read(opened, "a") == {NAME_OF: "张三丰", PHONE: "13812345678"}
    assert set(sealed(opened, "a")) == {NAME_OF, PHONE}


def test_no_file_of_the_home_folder_holds_a_personal_value_in_clear(opened: Opened, tmp_path: Path) -> None:
    told = " ".join(str(quad) for entry in opened.store.entries() for quad in entry.change.additions)
    assert "138****5678" in told  # the journal is compressed, so it is also read as what it says
    assert not any(secret in told for secret in SECRETS)
    opened.store.checkpoint(tmp_path / "checkpoint")
    opened.store.backup(tmp_path / "backup")
    opened.store.close()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert any(file.name == "journal.sqlite" for file in files)
    assert len(files) > 10
    for file in files:
        content = file.read_bytes()
        for secret in SECRETS:
            assert secret.encode() not in content, (file, secret)
            assert secret.encode("utf-16-le") not in content, (file, secret)


def test_sparql_of_any_role_sees_no_value_that_is_not_masked(opened: Opened) -> None:
    roles = sorted(opened.policy.roles)
    assert len(roles) >= 10
    seen = set()
    for role in roles:
        reader = somebody(opened, role)
        visible = [name for name in opened.store.graphs() if reader.sees(name)]
        text = "SELECT ?s ?o { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } FILTER(isLiteral(?o)) }"
        rows = opened.store.query(text, default_graph=visible, named_graphs=visible)
        answer = [str(row["o"]) for row in rows]  # type: ignore[union-attr]
        assert not [value for value in answer if any(secret in value for secret in SECRETS)]
        seen |= {role for value in answer if ciphertext.TYPE.value in value}
    assert seen == {"commander", "chief-commander"}


def test_what_waits_between_reading_and_storing_is_covered_too(opened: Opened, contract: Contract) -> None:
    waiting = Writing(opened.home, "waiting")
    waiting.good(opened.vault.cover("张三丰 13812345678".encode()))
    spool = waiting.accept({})
    (chunk,) = spool.good()
    assert not any(secret.encode() in chunk for secret in SECRETS)
    sealing = opened.vault.sealing(Datasets(opened.store).find(ROSTER), contract)
    assert sealing.uncovered(chunk).decode() == "张三丰 13812345678"
    spool.remove()


# --- ciphertext --------------------------------------------------------------------------------


def test_ciphertext_that_was_moved_does_not_open(opened: Opened) -> None:
    here, there = sealed(opened, "a"), sealed(opened, "b")
    elsewhere = graph("personal/370200/health/roster")
    moved = [
        Quad(record("b"), NAME_OF, here[NAME_OF].object, here[NAME_OF].graph_name),
        Quad(record("a"), PHONE, here[NAME_OF].object, here[NAME_OF].graph_name),
        Quad(record("a"), NAME_OF, here[NAME_OF].object, elsewhere),
    ]
    for quad in moved:
        with pytest.raises(PersonalFault) as caught:
            open_again(opened, quad)
        assert code_of(caught) == "personal.unreadable"
    assert open_again(opened, there[NAME_OF]) == '"李四维"'


def test_ciphertext_that_was_altered_does_not_open_at_any_place(opened: Opened) -> None:
    quad = sealed(opened, "a")[PHONE]
    text = quad.object.value  # type: ignore[union-attr]
    start = text.index(".") + 1
    for place in range(start, len(text), 7):
        other = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        altered = Quad(quad.subject, PHONE, Literal(other, datatype=ciphertext.TYPE), quad.graph_name)
        with pytest.raises(PersonalFault) as caught:
            open_again(opened, altered)
        assert code_of(caught) == "personal.unreadable"


def test_a_data_key_moved_to_another_record_does_not_open(opened: Opened) -> None:
    ring, master = opened.vault._ring, opened.vault._key
    with ring._open() as database:
        database.execute("UPDATE keys SET subject = ?", (record("a").value,))
    with pytest.raises(PersonalFault) as caught:
        ring.get(ciphertext.key_id(sealed(opened, "b")[PHONE]), master)
    assert code_of(caught) == "personal.unreadable"


def test_another_master_key_opens_nothing_and_says_which_one_it_takes(opened: Opened) -> None:
    other = Vault(opened.store, opened.home, Master.new())
    with pytest.raises(PersonalFault) as caught:
        other.read(record("a"), somebody(opened, "commander"), "call him")
    assert code_of(caught) == "personal.other-key"
    assert opened.vault._key.id in caught.value.render("en")
    assert opened.vault.ready
    assert not other.ready  # and seals nothing beside what it cannot open
    assert not Vault(opened.store, opened.home, None).ready


def test_rotation_seals_all_anew_in_one_commit_and_the_old_key_opens_nothing_any_more(
    opened: Opened,
) -> None:
    old_master, old, before = opened.vault._key, sealed(opened, "a"), len(journal(opened))
    new = Master.new()
    assert opened.vault.rotate(new, actor="wang") == 2
    assert [entry[:2] for entry in journal(opened)[before:]] == [("wang", "rotate key")]
    assert read(opened, "a")[NAME_OF] == "张三丰"
    assert sealed(opened, "a")[NAME_OF].object != old[NAME_OF].object
    with pytest.raises(PersonalFault) as caught:
        Vault(opened.store, opened.home, old_master)._open(old[NAME_OF], old_master)
    assert code_of(caught) == "personal.erased"
    assert Vault(opened.store, opened.home, new).tidy() == 0


# --- who reads ---------------------------------------------------------------------------------


def test_every_other_role_is_refused(opened: Opened) -> None:
    for role in set(opened.policy.roles) - {"commander", "chief-commander"}:
        with pytest.raises(Forbidden):
            read(opened, "a", role)
    assert READ not in [action for _, action, _ in journal(opened)]


def test_a_reading_is_in_the_journal_before_the_value_is_given_out(opened: Opened) -> None:
    read(opened, "a")
    actor, action, reason = journal(opened)[-1]
    assert (actor, action) == ("wang", READ)
    assert record("a").value in reason
    assert "call him to the site" in reason
    assert not any(secret in reason for secret in SECRETS)
    opened.store._reserve = 1 << 60  # a full disk: what is not journalled is not told
    with pytest.raises(StoreError):
        read(opened, "a")


def test_without_a_reason_nothing_is_told(opened: Opened) -> None:
    before = len(journal(opened))
    for reason in ("", "   ", "ok", "x" * 501):
        with pytest.raises(PersonalFault) as caught:
            opened.vault.read(record("a"), somebody(opened, "commander"), reason)
        assert code_of(caught) == "personal.reason"
    assert len(journal(opened)) == before


def test_of_a_record_that_is_not_there_nothing_is_told(opened: Opened) -> None:
    with pytest.raises(NotFound):
        read(opened, "zzz")


# --- the end -----------------------------------------------------------------------------------


def test_when_the_retention_is_over_nothing_opens_not_even_from_the_journal(opened: Opened) -> None:
    kept, (held,) = sealed(opened, "a"), opened.vault.held()
    assert held.until is not None
    end = held.until.timestamp()
    assert (held.path, held.records) == (ROSTER, 2)
    assert opened.vault.expire(end - 60) == 0
    assert opened.vault.expire(end + 60) == 2
    assert sealed(opened, "a") == {}
    assert NAME_OF not in shown(opened, "a")
    assert shown(opened, "a")[xz("postTitle")] == "值班主任"
    for quad in kept.values():
        with pytest.raises(PersonalFault) as caught:
            open_again(opened, quad)
        assert code_of(caught) == "personal.erased"
    assert opened.vault.held() == []
    assert journal(opened)[-1] == ("retention", "expire personal", f"{ROSTER}: P90D")


def test_a_new_delivery_begins_the_retention_anew_and_seals_only_what_changed(opened: Opened) -> None:
    first, moment = sealed(opened, "a"), opened.vault.held()[0].until
    deliver(opened, PEOPLE | {"b": ("李四维", "13900000000")})
    assert sealed(opened, "a") == first
    assert read(opened, "b")[PHONE] == "13900000000"
    assert shown(opened, "b")[PHONE] == "139****0000"
    until = opened.vault.held()[0].until
    assert until is not None
    assert moment is not None
    assert until > moment


def test_what_a_person_asks_to_erase_is_erased_in_the_past_too(opened: Opened) -> None:
    kept = sealed(opened, "a")
    assert opened.vault.erase([record("a")], actor="wang", reason="he asked for it") == 1
    with pytest.raises(PersonalFault):
        open_again(opened, kept[PHONE])
    assert NAME_OF not in shown(opened, "a")
    assert journal(opened)[-1] == ("wang", "erase personal", "he asked for it")
    assert read(opened, "b")[NAME_OF] == "李四维"
    assert opened.store.verify() > 0


@pytest.mark.parametrize("way", ["left out of a delivery", "withdrawn", "corrected"])
def test_whatever_takes_ciphertext_out_of_the_store_erases_its_key(opened: Opened, way: str) -> None:
    old = sealed(opened, "b")[PHONE]
    if way == "withdrawn":
        intake = Intake(opened.store, opened.home, ONTOLOGY / "shapes", vault=opened.vault)
        intake.withdraw(intake.datasets.find(ROSTER), actor="li", reason="no longer needed")
    else:
        rest = {"a": PEOPLE["a"]} | ({"b": ("李四维", "13900000001")} if way == "corrected" else {})
        deliver(opened, rest)
    with pytest.raises(PersonalFault) as caught:
        open_again(opened, old)
    assert code_of(caught) == "personal.erased"


def test_a_key_that_a_crash_left_behind_goes_at_the_next_start(opened: Opened) -> None:
    lost = DataKey.new(graph(f"personal/{ROSTER}").value, record("c").value)
    opened.vault._ring.add([lost], opened.vault._key)
    assert opened.vault.tidy() == 1
    assert lost.id not in opened.vault._ring.ids()
    assert read(opened, "a")[NAME_OF] == "张三丰"


def test_an_erased_key_leaves_no_byte_in_its_file(opened: Opened) -> None:
    with opened.vault._ring._open() as database:
        wrapped = [row[0] for row in database.execute("SELECT wrapped FROM keys")]
    assert all(one in (opened.home / NAME).read_bytes() for one in wrapped)
    opened.vault.erase([record("a"), record("b")], actor="wang", reason="asked")
    assert not any(one in (opened.home / NAME).read_bytes() for one in wrapped)


# --- keys and masks ----------------------------------------------------------------------------


def test_a_new_key_is_its_owners_alone_and_never_overwrites_another(tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = Master.new()
    made.write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Master.of_file(path) == made
    assert Master.of_environment({"XIEZHI_KEY": path.read_text()}) == made
    assert Master.of_environment({}) is None
    with pytest.raises(PersonalFault, match=r"personal\.key-file"):
        Master.new().write(path)
    path.chmod(0o644)
    with pytest.raises(PersonalFault, match=r"personal\.key-file"):
        Master.of_file(path)
    with pytest.raises(PersonalFault, match=r"personal\.key\b"):
        Master.of_environment({"XIEZHI_KEY": "short"})
    assert made.secret.hex() not in repr(made)


@pytest.mark.parametrize(
    ("kind", "value", "seen"),
    [
        (Masking(1, 0, "*"), "张三", "张*"),
        (Masking(1, 0, "*"), "张", "*"),
        (Masking(3, 4, "****"), "13812345678", "138****5678"),
        (Masking(3, 4, "****"), "12345678", "****"),
        (Masking(3, 4, "****"), "1234", "****"),
        (Masking(6, 4, "********"), "370202199001011234", "370202********1234"),
        (Masking(), "anything", None),
    ],
)
def test_a_mask_keeps_what_it_says_unless_that_is_nearly_all(
    kind: Masking, value: str, seen: str | None
) -> None:
    assert kind.of(value) == seen


def test_every_kind_of_masking_is_declared_and_an_unknown_one_shows_nothing(opened: Opened) -> None:
    kinds = [quad.subject for quad in opened.store.match(None, RDF_TYPE, xz("Masking"), graph("ontology"))]
    assert len(kinds) >= 4
    for kind in kinds:
        assert isinstance(kind, NamedNode)
        assert masking(opened.store, kind).text
    assert masking(opened.store, xz("nothing")).of("secret") is None


def test_a_change_of_other_graphs_erases_no_key(opened: Opened) -> None:
    quads = list(opened.store.match(record("a"), None, None, graph(f"source/{ROSTER}")))
    opened.store.commit(Change((), quads), actor="test", action="test")
    assert read(opened, "a")[NAME_OF] == "张三丰"
