"""A topic of a Kafka-protocol broker (Kafka, Redpanda and others), read into the inbox.

Each message is one observation in JSON, as a line of ``POST /api/observations``. How far each partition was
read stands in the inbox, in the same transaction as the observations: so after a crash nothing is lost or
doubled, and the broker need not remember us. What is no observation is counted and left out: it would stop
the topic for good.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kb.errors import ResourceMissing
from kb.sensing.inbox import BATCH, Inbox
from kb.sensing.table import ObservationsRefused

CONNECT = 10.0
"""Seconds that a broker has to answer at first."""
POLL = 1.0
"""Seconds to wait for more."""


@dataclass(slots=True)
class Received:
    """What came: *stored*, there before (*duplicates*), no observations (*refused*), with the last reason."""

    stored: int = 0
    duplicates: int = 0
    refused: int = 0
    reason: str = ""


def receive(
    inbox: Inbox,
    brokers: str,
    topic: str,
    *,
    follow: bool = False,
    stopped: Callable[[], bool] = lambda: False,
    settings: dict[str, str] | None = None,
) -> Received:
    """Read *topic* from where the inbox stopped.

    :param brokers: ``host:port``, several with commas.
    :param follow: go on waiting until *stopped* says so; else end at the end of every partition.
    :param settings: more settings of librdkafka, for encryption and passwords.
    :raises ResourceMissing: ``kafka.missing``. ObservationsRefused: ``kafka.broker``, ``kafka.topic``.
    """
    try:
        from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
    except ImportError as missing:
        raise ResourceMissing.of(
            "kafka.missing",
            "没有安装 Kafka 客户端",
            "the Kafka client is not installed",
            repair=(
                "安装：pip install 'xiezhi-governance[kafka]'",
                "install it: pip install 'xiezhi-governance[kafka]'",
            ),
        ) from missing
    consumer = Consumer(
        {
            **(settings or {}),
            "bootstrap.servers": brokers,
            "group.id": "xiezhi",
            "enable.auto.commit": "false",
            "enable.partition.eof": "true",
            "auto.offset.reset": "earliest",
        }
    )
    received = Received()
    try:
        try:
            known = consumer.list_topics(topic, timeout=CONNECT).topics[topic]
        except KafkaException as error:
            raise ObservationsRefused.of(
                "kafka.broker",
                f"无法连接消息服务：{error}",
                f"the broker cannot be reached: {error}",
                where=brokers,
            ) from error
        if known.error is not None or not known.partitions:
            raise ObservationsRefused.of(
                "kafka.topic", f"没有主题 {topic}", f"there is no topic {topic}", where=brokers
            )
        places = inbox.places()
        open_ends = set(known.partitions)
        consumer.assign(
            [TopicPartition(topic, number, places.get(f"{topic}/{number}", 0)) for number in open_ends]
        )
        while (follow or open_ends) and not stopped():
            messages = consumer.consume(BATCH, timeout=POLL)
            good = []
            for message in messages:
                trouble = message.error()
                if trouble is None:
                    good.append(message)
                elif trouble.code() == KafkaError._PARTITION_EOF:
                    open_ends.discard(message.partition())
                else:
                    raise ObservationsRefused.of(
                        "kafka.broker",
                        f"消息服务出错：{trouble.str()}",
                        f"the broker failed: {trouble.str()}",
                        where=brokers,
                    )
            _store(inbox, topic, good, received)
    finally:
        consumer.close()
    return received


def _store(inbox: Inbox, topic: str, messages: list[Any], received: Received) -> None:
    """Take a batch of *messages* and note how far was read, together."""
    if not messages:
        return
    rows, offsets = [], {}
    for message in messages:
        offsets[f"{topic}/{message.partition()}"] = message.offset() + 1
        try:
            rows += inbox.read((message.value() or b"null").replace(b"\n", b" "))
        except ObservationsRefused as error:
            received.refused += 1
            received.reason = error.render("en")
    taken = inbox.take(rows, offsets)
    received.stored += taken.stored
    received.duplicates += taken.duplicates
