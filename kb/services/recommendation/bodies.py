"""Which bodies perform a function for this incident: those that take part, else those around the place."""

from __future__ import annotations

from collections.abc import Iterable

from kb.namespaces import RDF_TYPE, xz
from kb.services.findings import Findings
from kb.services.recommendation.situation import main_first
from kb.srl.syntax import Term


class Bodies:
    """Looks up bodies for one incident."""

    def __init__(self, found: Findings) -> None:
        self._found = found
        self.lead = self._leads()
        self.engaged = [*self.lead, *found.all("supportDepartment")]
        """Who leads and who supports."""
        binding = next(iter(found.all("activatedUnder")), None)
        self._lead_tier = None if binding is None else found.one(binding, "leadTier")

    def among(self, bodies: Iterable[Term], functions: set[Term]) -> list[Term]:
        """Return those of *bodies* that perform one of *functions*."""
        return [body for body in bodies if functions & set(self._found.values(body, "performs"))]

    def around(
        self, tier: Term | None, function: Term | None = None, class_: str | None = None
    ) -> list[Term]:
        """Return the bodies of *tier* in the areas around the incident.

        :param function: only bodies that perform it.
        :param class_: only members of this class of the ontology.
        """
        found = self._found
        return [
            body
            for area in found.all("within")
            if tier in set(found.values(area, "hasBodiesOf"))
            for body in found.holders(area, "jurisdiction")
            if tier in set(found.values(body, "tier"))
            and (function is None or function in set(found.values(body, "performs")))
            and (class_ is None or xz(class_) in set(found.values(body, RDF_TYPE)))
        ]

    def performing(self, function: Term) -> list[Term]:
        """Return who performs *function*: who leads or supports, else the nearest from the lead tier up."""
        if bodies := self.among(self.engaged, {function}):
            return bodies
        for tier in self._tiers():
            if bodies := self.around(tier, function):
                return bodies
        return []

    def _tiers(self) -> list[Term]:
        """Return the tier of the lead departments and those above it, the nearest first."""
        if self._lead_tier is None:
            return []
        start = self._found.rank(self._lead_tier)
        tiers = sorted(self._found.holders(xz("Tier"), RDF_TYPE), key=self._found.rank, reverse=True)
        return [tier for tier in tiers if self._found.rank(tier) <= start]

    def _leads(self) -> list[Term]:
        """Return the lead departments; of several, the one for the main type of the incident first."""
        duties = main_first(self._found, self._found.all("leadDuty"))
        functions = [self._found.one(duty, "function") for duty in duties]

        def place(department: Term) -> int:
            performed = set(self._found.values(department, "performs"))
            return next((n for n, function in enumerate(functions) if function in performed), len(functions))

        return sorted(self._found.all("leadDepartment"), key=place)
