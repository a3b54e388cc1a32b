"""The list of endpoints, and where their names may lead."""

from __future__ import annotations

import shutil
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from agencies import URI, fault, federate, table, write_list
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyoxigraph import Literal, NamedNode, Quad
from rawserver import RawServer, answer, raw_server
from sparql_server import SparqlServer

from kb.errors import InputError, XiezhiError
from kb.resources import folder
from kb.store.endpoints import endpoints
from kb.store.federation import Limits
from kb.store.protocol import Change
from kb.store.reach import permitted
from kb.store.remote import open_remote
from kb.store.workers import Service


def test_the_list_may_be_missing_and_the_command_line_adds_to_it(tmp_path: Path) -> None:
    assert endpoints(tmp_path) == {}
    (each,) = endpoints(tmp_path, ["https://water.example/sparql"]).values()
    assert (each.iri, each.label.zh, each.label.en) == (
        "https://water.example/sparql",
        "water.example",
        "water.example",
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<https://a.example/> a", "federation.syntax"),
        ("[] a <https://w3id.org/xiezhi/ns#Endpoint> .", "federation.endpoint"),
        (
            "<https://u:p@a.example/> a <https://w3id.org/xiezhi/ns#Endpoint> .",
            "federation.endpoint",
        ),
        ("<https://a.example/#x> a <https://w3id.org/xiezhi/ns#Endpoint> .", "federation.endpoint"),
        ("<urn:a> a <https://w3id.org/xiezhi/ns#Endpoint> .", "address.invalid"),
        ('<http://a.example> a xz:Endpoint ; xz:mostRows "many" .', "federation.limit"),
        ("<http://a.example> a xz:Endpoint ; xz:mostSeconds 0 .", "federation.limit"),
        ('<http://a.example> a xz:Endpoint ; xz:withinNetwork "10.0.0.0/99" .', "federation.limit"),
        ('<http://a.example> a xz:Endpoint ; xz:withinNetwork "intranet" .', "federation.limit"),
        ("<file:///etc/passwd> a <https://w3id.org/xiezhi/ns#Endpoint> .", "address.invalid"),
    ],
)
def test_a_list_that_is_wrong_stops_the_server_with_the_reason(tmp_path: Path, text: str, code: str) -> None:
    write_list(tmp_path, text)
    with pytest.raises(InputError) as error:
        endpoints(tmp_path)
    assert error.value.faults[0].code == code


def test_an_ipv6_address_on_the_list_is_reached(tmp_path: Path) -> None:
    try:
        agency = RawServer(answer(body=table({"s": URI})), host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    url = f"http://[::1]:{agency.port}/sparql"
    rewritten = federate(f"SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}", endpoints(tmp_path, [url]))
    assert "VALUES (?s) { (<urn:x>) }" in rewritten
    agency.close()


def test_the_example_of_a_list_is_a_list(tmp_path: Path) -> None:
    shutil.copy(folder("examples") / "integration" / "federation.ttl", tmp_path)
    water, gauges = endpoints(tmp_path).values()
    assert (water.label.zh, water.seconds, water.rows, water.size) == ("水务局", 3, 2000, 1_000_000)
    assert (water.document, gauges.document) == (False, True)


# --- where a name may lead -------------------------------------------------------------------


def test_a_name_that_leads_to_this_machine_is_refused_even_with_silent_and_nobody_is_asked(
    tmp_path: Path,
) -> None:
    with raw_server(answer(body=table({"s": URI}))) as inside:
        for host in ("localhost", "2130706433", "0x7f.1", "127.1"):
            url = f"http://{host}:{inside.port}/sparql"
            for form in ("SERVICE", "SERVICE SILENT"):
                query = f"SELECT * {{ {form} <{url}> {{ ?s ?p ?o }} }}"
                listed = endpoints(tmp_path, [url])
                found = fault(lambda q=query, e=listed: federate(q, e))
                assert (found.code, found.where) == ("query.service-address", url)
                assert "127.0.0.1" in found.message.en or "::1" in found.message.en
        assert inside.connections == 0


def test_a_network_on_the_list_lets_a_name_lead_there_and_the_name_is_resolved_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved: list[object] = []
    real = socket.getaddrinfo

    def watched(host: object, *more: Any, **options: Any) -> Any:
        resolved.append(host)
        return real(host, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    with raw_server(answer(body=table({"s": URI}))) as inside:
        url = f"http://localhost:{inside.port}/sparql"
        write_list(tmp_path, f'<{url}> a xz:Endpoint ; xz:withinNetwork "127.0.0.0/8", "::1/128" .')
        query = f"SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}"
        assert "VALUES (?s) { (<urn:x>) }" in federate(query, endpoints(tmp_path))
        assert resolved == ["localhost"] * inside.connections


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
    ],
)
def test_only_public_addresses_are_reached_unless_the_list_names_the_network(
    address: str, allowed: bool
) -> None:
    assert permitted(address, ()) is allowed
    assert permitted(address, [ip_network(address.partition("%")[0].removeprefix("::ffff:"))])


def test_a_network_is_no_licence_for_others() -> None:
    networks = [ip_network("10.8.0.0/16")]
    assert permitted("10.8.3.4", networks)
    assert permitted("::ffff:10.8.3.4", networks)
    assert not permitted("10.9.3.4", networks)
    assert not permitted("169.254.169.254", networks)


# --- the store itself ------------------------------------------------------------------------


def test_the_unfiltered_store_is_not_queried_under_whatever_name_it_was_listed(
    tmp_path: Path, sparql_server: SparqlServer
) -> None:
    secret = Quad(NamedNode("urn:x"), NamedNode("urn:code"), Literal("4711"), NamedNode("urn:secret"))
    with open_remote(tmp_path / "home", sparql_server.url) as store:
        store.commit(Change([secret]), actor="a", action="b")
        assert store.sequence == 1
        names = [f"{sparql_server.url}/query", f"http://localhost:{sparql_server.port}/query"]
        write_list(
            tmp_path,
            " ".join(f'<{n}> a xz:Endpoint ; xz:withinNetwork "127.0.0.0/8", "::1/128" .' for n in names),
        )
        listed = endpoints(tmp_path)
        with Service(store, tmp_path / "checkpoints", workers=1, endpoints=listed) as service:
            for name in names:
                for form in ("SERVICE", "SERVICE SILENT"):
                    query = f"SELECT * {{ {form} <{name}> {{ GRAPH ?g {{ ?s ?p ?o }} }} }}"
                    assert fault(lambda q=query: service.select(q)).code == "query.service-store"


# --- TLS -------------------------------------------------------------------------------------


def test_a_certificate_must_be_vouched_for_and_be_of_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, others = (
        certificate(tmp_path / "ours", "localhost"),
        certificate(tmp_path / "others", "water.example"),
    )
    outcomes: list[str] = []
    told: list[bytes] = []
    for shown, trusted in ((ours, others), (others, others), (ours, ours)):
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trust.load_cert_chain(shown)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        with raw_server(answer(body=table({"s": URI})), trust=trust) as agency:
            url = f"https://localhost:{agency.port}/sparql"
            write_list(tmp_path, f'<{url}> a xz:Endpoint ; xz:withinNetwork "127.0.0.0/8", "::1/128" .')
            query = f"SELECT * {{ SERVICE <{url}> {{ ?s ?p 'question' }} }}"
            try:
                outcomes.append(federate(query, endpoints(tmp_path)))
            except XiezhiError as error:
                outcomes.append(error.render("en"))
                told += agency.requests
    assert all("CERTIFICATE_VERIFY_FAILED" in outcome for outcome in outcomes[:2])
    assert not told, "the question was not told to a stranger"
    assert "VALUES (?s) { (<urn:x>) }" in outcomes[2]


def test_an_endpoint_that_drips_its_handshake_is_left_at_the_deadline(tmp_path: Path) -> None:
    # A record of 16 KiB announced, a byte of it every 50 ms.
    with raw_server(b"\x16\x03\x03\x40\x00" + bytes(4000), every=0.05) as agency:
        url = f"https://127.0.0.1:{agency.port}/sparql"
        began = time.monotonic()
        query = f"ASK {{ SERVICE <{url}> {{ ?s ?p ?o }} }}"
        found = fault(lambda: federate(query, endpoints(tmp_path, [url]), Limits(deadline=0.5)))
        assert found.code == "query.service-failed"
        assert time.monotonic() - began < 3


def certificate(path: Path, host: str) -> Path:
    """Write a key and a certificate of *host* that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(pem)
    )
    return path
