"""Everything that works on one store, put together once."""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

from pyoxigraph import NamedNode

from kb.access.policy import Policies
from kb.catalogue.shared import Shared
from kb.city import builder
from kb.city.naming import Namer
from kb.clock import today
from kb.flow.flows import Flows
from kb.inference.engine import Engine, is_read
from kb.inference.program import Program, read
from kb.ontology import files
from kb.ontology.describe import Describer
from kb.ontology.knowledge import Knowledge
from kb.ontology.names import Names
from kb.report.contract import Contract
from kb.report.reading import Reader
from kb.report.vocabulary import Vocabulary
from kb.resources import folder
from kb.services import loading
from kb.services.loading import Progress
from kb.services.releases.archive import Archive
from kb.services.releases.keeping import current, remember
from kb.services.warnings.register import Register
from kb.sharing.intake import Intake
from kb.sharing.personal.master import Master
from kb.sharing.personal.vault import Vault
from kb.store.opening import open_configured
from kb.store.protocol import Store
from kb.store.replaced import ReplacedStore

if TYPE_CHECKING:
    from kb.words.reader import Reader as Words


class Workspace:
    """A store with its knowledge loaded, and the parts that answer questions about it.

    :param home: the folder of the store; made where it does not exist.
    :param cities: division codes of the cities to load; ``None``: every city below ``examples/cities`` that
        is not ``on_request``; the empty list: none but those loaded before.
    :param store: the address of the SPARQL server that holds the quads; ``None``: *home* does.
    """

    def __init__(
        self,
        home: Path,
        *,
        cities: Sequence[str] | None = None,
        progress: Progress | None = None,
        store: str | None = None,
    ) -> None:
        examples = folder("examples")
        self.home = home
        self.store: Store = open_configured(home, store)
        try:
            day, archive = today(), Archive(home)
            base = self.knowledge = current(self.store, archive, day)
            program = read(base.rules)
            loading.load_knowledge(self.store, base.ontology, base.rules)
            loading.load_divisions(self.store, examples)
            for code in builder.model_cities(examples) if cities is None else cities:
                loading.load_city(self.store, code, examples, progress)
            self._assemble(base, program)
            loading.update_background(self.store, self.engine, base.rules)
            remember(self.store, archive, day)
            self.intake.recover()
        except BaseException:
            self.store.close()
            raise

    def _assemble(self, base: Knowledge, program: Program) -> None:
        """Put together the parts that work on the store."""
        self.policies = Policies(self.store)
        self.engine = Engine(self.store, program, self._reads)
        self.policies.subscribe(self.engine.renew)
        self.release = files.digest(base.ontology, base.rules)[:16]
        self.names = Names(self.store)
        self.describer = Describer(self.store, self.names)
        self.vocabulary = Vocabulary(self.store, self.names)
        self.reader = Reader(self.store, self.names, self.vocabulary)
        self.contract = Contract(base.ontology / "shapes" / "incident-report.ttl", self.vocabulary)

    @cached_property
    def shared(self) -> Shared:
        """The data that departments share."""
        return Shared(self.store, self.names)

    @cached_property
    def intake(self) -> Intake:
        """Where departments deliver datasets. The contracts are the product's: releases hold no mappings."""
        return Intake(self.store, self.home, folder("ontology") / "shapes", vault=self.vault)

    @cached_property
    def words(self) -> Words:
        """What reads the words of callers and news."""
        from kb.words.reader import Reader as Words  # its libraries are for those who paste words

        namer = Namer.load(folder("examples") / "divisions" / "english.yaml")
        return Words(self.store, self.vocabulary, namer)

    @cached_property
    def flows(self) -> Flows:
        """How incidents, directives and plans live, and their timelines."""
        return Flows(self.store)

    @cached_property
    def warned(self) -> Register:
        """The warnings that support something."""
        return Register(self.store)

    @cached_property
    def vault(self) -> Vault:
        """The personal fields of shared data.

        :raises PersonalFault: what is configured as the key is none.
        """
        vault = Vault(self.store, self.home, Master.of_environment())
        vault.tidy()
        return vault

    def _reads(self, name: NamedNode) -> bool:
        """Whether rules read the graph *name*."""
        return is_read(name) and self.policies.current.common(name)

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


class TrialWorkspace(Workspace):
    """The cities of *workspace* under other knowledge: nothing is stored, and *workspace* stays as it is.

    :param base: the knowledge to try. Its graphs are read into memory, its background rules run once.
    :param packs: the packs to try, by folder name; ``None``: all of them.
    :raises KnowledgeFault: for files that are not well-formed.
    """

    def __init__(self, workspace: Workspace, base: Knowledge, *, packs: Container[str] | None = None) -> None:
        program = read(base.rules)
        quads = (
            quad
            for file in files.scan(base.ontology, base.rules)
            if packs is None or file.pack is None or file.pack in packs
            for quad in file.quads()
        )
        store = ReplacedStore(workspace.store, loading.is_knowledge, quads)
        self.home, self.knowledge = workspace.home, base
        self.store = cast(Store, store)
        derived = Engine(self.store, program).background()
        store.add(derived.quads(loading.INFERRED))
        self._assemble(base, program)

    def close(self) -> None:
        """Do nothing: the store belongs to the workspace."""
