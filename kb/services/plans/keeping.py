"""What an edition keeps: every provision as it was said when the edition was drafted, and its words then.

A kept provision is named by the digest of its statements, so what does not change is kept once for all
editions of all plans. Its statements are triple terms: told and not asserted, and no rule reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Quad, Triple

from kb.errors import Text
from kb.namespaces import RDF_TYPE, ROOT, XZ, graph, xz
from kb.services.plans.content import Provision, digest_of
from kb.services.workspace import Workspace

KEEPS, KEPT_OF, KEPT_LABEL, STATES = (xz(name) for name in ("keeps", "keptOf", "keptLabel", "states"))
KEPT = xz("KeptProvision")
STORE = graph("plans/kept")
"""Where all kept provisions are, whatever edition keeps them."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A provision as an edition keeps it, what it was called then, and the *digest* of its statements."""

    provision: Provision
    digest: str
    label: Text

    @property
    def kind(self) -> NamedNode | None:
        """The class that says what kind of provision it is."""
        return kind_of(self.provision)


def kind_of(provision: Provision) -> NamedNode | None:
    """Return the class of this vocabulary that *provision* is a member of."""
    own = [class_ for class_ in provision.objects(RDF_TYPE) if class_.value.startswith(XZ)]
    return next(iter(own), None)


def content_digest(digests: Iterable[str]) -> str:
    """Return the digest of a whole edition from those of its provisions."""
    return digest_of(digests)


def kept_now(workspace: Workspace, held: Iterable[Provision]) -> dict[NamedNode, Kept]:
    """Return *held*, provisions of today, as an edition of today would keep them."""
    return {one.node: Kept(one, one.digest, workspace.describer.text(one.node)) for one in held}


def keep(workspace: Workspace, edition: NamedNode, within: NamedNode, kept: Iterable[Kept]) -> Iterator[Quad]:
    """Yield the quads that let *edition* keep all of *kept*.

    :param within: the graph of the editions of its plan.
    """
    for one in kept:
        node = _iri(one.digest)
        yield Quad(edition, KEEPS, node, within)
        if any(True for _ in workspace.store.match(node, RDF_TYPE, KEPT, STORE)):
            continue
        yield Quad(node, RDF_TYPE, KEPT, STORE)
        yield Quad(node, KEPT_OF, one.provision.node, STORE)
        for language in ("zh", "en"):
            label = Literal(one.label.in_(language), language=language)
            yield Quad(node, KEPT_LABEL, label, STORE)
        for statement in one.provision.statements:
            yield Quad(node, STATES, statement, STORE)


def kept(workspace: Workspace, edition: NamedNode, within: NamedNode) -> dict[NamedNode, Kept]:
    """Return what *edition* keeps, by provision, in the order of their names."""
    nodes = (quad.object for quad in workspace.store.match(edition, KEEPS, None, within))
    found = (_read(workspace, node) for node in nodes if isinstance(node, NamedNode))
    return {one.provision.node: one for one in sorted(found, key=lambda one: one.provision.node.value)}


def count(workspace: Workspace, edition: NamedNode, within: NamedNode) -> int:
    """Return how many provisions *edition* keeps."""
    return sum(1 for _ in workspace.store.match(edition, KEEPS, None, within))


def _read(workspace: Workspace, node: NamedNode) -> Kept:
    statements, words, of = set[Triple](), dict[str, str](), node
    for quad in workspace.store.match(node, None, None, STORE):
        if isinstance(quad.object, Triple):
            statements.add(quad.object)
        elif quad.predicate == KEPT_LABEL and isinstance(quad.object, Literal):
            words[quad.object.language or "en"] = quad.object.value
        elif quad.predicate == KEPT_OF and isinstance(quad.object, NamedNode):
            of = quad.object
    label = Text(words.get("zh", ""), words.get("en", ""))
    return Kept(Provision(of, frozenset(statements)), node.value.rpartition("/")[2], label)


def _iri(digest: str) -> NamedNode:
    return NamedNode(f"{ROOT}kept/{digest}")
