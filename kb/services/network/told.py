"""Parts of the network in JSON: a thing is ``{"iri", "label": {"zh", "en"}}``, as everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyoxigraph import NamedNode

from kb.errors import both
from kb.network.analysis import Meaning
from kb.network.bodies import Body
from kb.network.duties import Duty
from kb.network.roster import Post, Shift
from kb.network.shifts import Gap, Overlap
from kb.network.substitution import Substitute
from kb.ontology.describe import Describer


class Teller:
    """Tells of bodies, duties and shifts in the words of *describer*."""

    def __init__(self, describer: Describer) -> None:
        self._describer = describer

    def thing(self, term: NamedNode) -> dict[str, Any]:
        """Return *term* with its label."""
        return {"iri": term.value, "label": both(self._describer.text(term))}

    def things(self, terms: Iterable[NamedNode]) -> list[dict[str, Any]]:
        """Return *terms* with their labels."""
        return [self.thing(term) for term in terms]

    def body(self, body: Body) -> dict[str, Any]:
        """Return *body* with its label."""
        return {"iri": body.iri.value, "label": both(body.label)}

    def bodies(self, bodies: Iterable[Body]) -> list[dict[str, Any]]:
        """Return *bodies* with their labels."""
        return [self.body(body) for body in bodies]

    def duty(self, duty: Duty) -> dict[str, Any]:
        """Return *duty*: its task as label, who bears it, and on which clauses it rests."""
        return {
            "iri": duty.iri.value,
            "label": both(duty.task),
            "function": self.thing(duty.function),
            "role": self.thing(duty.role),
            "clauses": self.things(duty.clauses),
            "evidence": duty.evidence,
        }

    def substitute(self, found: Substitute | None) -> dict[str, Any] | None:
        """Return who comes in and in which way; ``None``: nobody."""
        if found is None:
            return None
        return {
            **self.body(found.body),
            "way": self.thing(found.way.iri),
            "performs": found.way.performs,
            "function": None if found.function is None else self.thing(found.function),
        }

    def shift(self, shift: Shift) -> dict[str, Any]:
        """Return *shift*, with the masked fields as they are in the graph."""
        return {
            "iri": shift.iri.value,
            "post": shift.post,
            "person": shift.person,
            "phone": shift.phone,
            "from": shift.begin.isoformat(),
            "until": shift.end.isoformat(),
        }

    def post(self, post: Post) -> dict[str, Any]:
        """Return *post* at a moment: who is on duty, who is next, who may be called instead."""
        return {
            "body": self.body(post.body),
            "post": post.name,
            "onDuty": [self.shift(shift) for shift in post.on_duty],
            "next": None if post.next is None else self.shift(post.next),
            "standIns": [
                {
                    "body": self.body(one.body),
                    "way": None if one.way is None else self.thing(one.way.iri),
                    "onDuty": [self.shift(shift) for shift in one.shifts],
                }
                for one in post.stand_ins
            ],
        }

    def span(self, found: Gap | Overlap) -> dict[str, Any]:
        """Return a gap or an overlap; an overlap names both persons."""
        shifts = [] if isinstance(found, Gap) else [self.shift(found.first), self.shift(found.second)]
        return {
            "body": self.body(found.body),
            "post": found.post,
            "from": found.begin.isoformat(),
            "until": found.end.isoformat(),
            "shifts": shifts,
        }


def group(meaning: Meaning, items: list[Any]) -> dict[str, Any]:
    """Return findings of one kind, with what the kind is called and why it matters."""
    return {"label": both(meaning.label), "why": both(meaning.why), "items": items}
