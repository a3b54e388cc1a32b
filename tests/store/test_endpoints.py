"""The list of endpoints, and where their names may lead."""

from __future__ import annotations

from pathlib import Path

import pytest
from agencies import URI, federate, table
from rawserver import RawServer, answer

from kb.errors import InputError
from kb.store.endpoints import endpoints


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
        ("<file:///etc/passwd> a <https://w3id.org/xiezhi/ns#Endpoint> .", "address.invalid"),
    ],
)
def test_a_list_that_is_wrong_stops_the_server_with_the_reason(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "federation.ttl").write_text(text)
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
