"""Who worked together before, as the directives of past incidents tell.

Directives lie in ``graph/directive/<incident>``: ``?d xz:addressee ?body ; xz:issuer ?body ; xz:directiveOf
?incident``. Two bodies that were told to act in one incident, or of which one told the other, worked together
in it. Where there is no directive, nobody did.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import TypeAlias

from pyoxigraph import NamedNode

from kb.namespaces import graph, xz
from kb.store.protocol import Store, Term

Past: TypeAlias = tuple[NamedNode, NamedNode, int]
"""Two bodies, and in how many incidents they worked together."""
PARTIES = (xz("addressee"), xz("issuer"))
"""What makes a body take part in an incident."""
DIRECTIVES = graph("directive/").value


def past(store: Store, visible: Callable[[NamedNode], bool] = lambda _: True) -> Iterator[Past]:
    """Yield who worked with whom, and in how many incidents; only from graphs that are *visible*."""
    together: dict[Term, set[NamedNode]] = defaultdict(set)
    for name in store.graphs():
        if not name.value.startswith(DIRECTIVES) or not visible(name):
            continue
        incidents = {q.subject: q.object for q in store.match(None, xz("directiveOf"), None, name)}
        for party in PARTIES:
            for quad in store.match(None, party, None, name):
                if isinstance(quad.object, NamedNode):
                    together[incidents.get(quad.subject, name)].add(quad.object)
    pairs = Counter(
        pair
        for bodies in together.values()
        for pair in combinations(sorted(bodies, key=lambda body: body.value), 2)
    )
    for (one, other), count in sorted(pairs.items(), key=str):
        yield one, other, count
