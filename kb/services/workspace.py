"""Everything that works on one store, put together once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from kb.city import builder
from kb.inference.engine import Engine
from kb.inference.program import read
from kb.ontology import files
from kb.ontology.describe import Describer
from kb.ontology.names import Names
from kb.report.contract import Contract
from kb.report.reading import Reader
from kb.report.vocabulary import Vocabulary
from kb.resources import folder
from kb.services import loading
from kb.services.loading import Progress
from kb.store.embedded import open_store
from kb.store.protocol import Store


class Workspace:
    """A store with its knowledge loaded, and the parts that answer questions about it.

    :param home: the folder of the store; made where it does not exist.
    :param cities: division codes of the cities to load; ``None``: every city below ``examples/cities`` that
        is not ``on_request``; the empty list: none but those loaded before.
    """

    def __init__(
        self, home: Path, *, cities: Sequence[str] | None = None, progress: Progress | None = None
    ) -> None:
        ontology, rules, examples = folder("ontology"), folder("rules"), folder("examples")
        program = read(rules)
        self.store: Store = open_store(home)
        try:
            loading.load_knowledge(self.store, ontology, rules)
            loading.load_divisions(self.store, examples)
            for code in builder.model_cities(examples) if cities is None else cities:
                loading.load_city(self.store, code, examples, progress)
            self.engine = Engine(self.store, program)
            loading.update_background(self.store, self.engine, rules)
        except BaseException:
            self.store.close()
            raise
        self.release = files.digest(ontology, rules)[:16]
        self.names = Names(self.store)
        self.describer = Describer(self.store, self.names)
        self.vocabulary = Vocabulary(self.store, self.names)
        self.reader = Reader(self.store, self.names, self.vocabulary)
        self.contract = Contract(ontology / "shapes" / "incident-report.ttl", self.vocabulary)

    def close(self) -> None:
        """Release the store."""
        self.store.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the store."""
        self.close()
