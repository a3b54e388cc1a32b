"""A topic is read once, from librdkafka's own broker: Kafka's protocol over a socket of this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from kb.sensing import kafka
from kb.sensing.inbox import Inbox
from kb.sensing.table import ObservationsRefused
from tests.sensing.test_inbox import PUSHED, line

confluent_kafka = pytest.importorskip("confluent_kafka")
TOPIC = "observations"


@pytest.fixture(scope="module")
def producer() -> Iterator[tuple[object, str]]:
    made = confluent_kafka.Producer(
        {"bootstrap.servers": "ignored", "test.mock.num.brokers": "1", "log_level": 0}
    )
    (broker,) = made.list_topics(timeout=10).brokers.values()
    yield made, f"{broker.host}:{broker.port}"
    made.flush(5)


def test_a_topic_is_read_once_and_on_from_there_and_what_is_no_observation_is_counted(producer, tmp_path):
    made, brokers = producer
    for number in range(50):
        made.produce(TOPIC, line(str(number)))
    made.produce(TOPIC, b"no json")
    made.produce(TOPIC, line("0"))  # sent again by its source
    made.flush(10)
    inbox = Inbox(tmp_path / "pushed", PUSHED)
    first = kafka.receive(inbox, brokers, TOPIC)
    assert (first.stored, first.refused) == (50, 1)
    assert first.reason
    assert len(inbox) == 50
    made.produce(TOPIC, json.dumps(json.loads(line("new"))))
    made.flush(10)
    again = kafka.receive(Inbox(tmp_path / "pushed", PUSHED), brokers, TOPIC)
    assert (again.stored, again.duplicates, again.refused) == (1, 0, 0)


def test_a_broker_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(kafka, "CONNECT", 1.0)
    inbox = Inbox(tmp_path / "pushed", PUSHED)
    with pytest.raises(ObservationsRefused, match=r"kafka\.broker"):
        kafka.receive(inbox, "localhost:1", TOPIC, settings={"log_level": "0", "socket.timeout.ms": "500"})
