"""The relational executor on a Spark cluster: a real master and a real worker, apart from the driver."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.inference.relational import needs_spark

pytestmark = [pytest.mark.slow, needs_spark]
RULES = """
PREFIX : <urn:>
RULE { ?x :reach ?y } WHERE { ?x :to ?y }
RULE { ?x :reach ?z } WHERE { ?x :reach ?y . ?y :to ?z }
RULE { ?x :less ?y } WHERE { ?x :value ?a . ?y :value ?b FILTER (?a < ?b)
    NOT { ?z :value ?c FILTER (?a < ?c && ?c < ?b) } }
RULE { ?x :next ?n } WHERE { ?x :value ?a SET (?n := IRI(CONCAT(STR(?x), "/next"))) }
"""
DATA = "".join(f"<urn:{n}> <urn:to> <urn:{n + 1}> ; <urn:value> {n} .\n" for n in range(4))
PATIENCE = 60.0
"""Seconds until master and worker have to be there."""


def started(log: Path, pattern: str) -> str:
    """Return what *pattern* finds in a log, once it is there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := re.search(pattern, log.read_text()):
            return found.group(1)
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture
def master(tmp_path: Path) -> Iterator[str]:
    """The URL of a master with one worker."""
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    home = Path(spec.origin).parent
    environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
    processes: list[subprocess.Popen[bytes]] = []

    def run(name: str, *arguments: str) -> Path:
        log = tmp_path / f"{name}.log"
        main = f"org.apache.spark.deploy.{name}.{name.capitalize()}"
        common = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        with log.open("wb") as stream:
            command = [str(home / "bin" / "spark-class"), main, *common, *arguments]
            process = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
        processes.append(process)
        return log

    try:
        url = started(run("master"), r"Starting Spark master at (spark://\S+)")
        worker = ("--cores", "1", "--memory", "1g", "--work-dir", str(tmp_path / "work"))
        started(run("worker", *worker, url), r"(Successfully registered)")
        yield url
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(PATIENCE)


def test_a_cluster_infers_what_the_interactive_executor_infers(master: str, tmp_path: Path) -> None:
    rules, data, shared = tmp_path / "r.srl", tmp_path / "d.ttl", tmp_path / "shared"
    rules.write_text(RULES)
    data.write_text(DATA)
    shared.mkdir()

    def infer(engine: str) -> list[str]:
        program = Path(sys.executable).with_name("xiezhi")
        command = [str(program), "infer", str(rules), "--data", str(data), "--engine", engine]
        done = subprocess.run(
            command,
            env={
                **os.environ,
                "XIEZHI_SPARK_MASTER": master,
                "XIEZHI_SPARK_FOLDER": str(shared),
                "SPARK_LOCAL_IP": "127.0.0.1",
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return sorted(done.stdout.splitlines())

    assert infer("spark") == infer("interactive") == infer("duckdb")
    assert "Registered app xiezhi" in (tmp_path / "master.log").read_text()
    assert not list(shared.iterdir()), "nothing is left behind"
