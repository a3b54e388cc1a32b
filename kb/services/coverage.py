"""Type by grade by jurisdiction: where the knowledge has no lead, two leads, no module or no threshold."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from pyoxigraph import NamedNode

from kb.errors import Text
from kb.namespaces import RDF_TYPE, xz
from kb.services import probes
from kb.services.incident import Answer
from kb.services.probes import Probe, objects
from kb.services.workspace import Workspace
from kb.srl.syntax import Term


class Gap(Enum):
    """What a cell of the matrix lacks."""

    NO_LEAD = "no-lead"
    TWO_LEADS = "two-leads"
    NO_MODULE = "no-module"
    NO_THRESHOLD = "no-threshold"
    NO_PLAN = "no-plan"

    @property
    def label(self) -> Text:
        """The words for it."""
        return WORDS[self]


WORDS = {
    Gap.NO_LEAD: Text("无牵头部门", "no lead"),
    Gap.TWO_LEADS: Text("牵头部门不止一个", "two leads"),
    Gap.NO_MODULE: Text("无模块", "no module"),
    Gap.NO_THRESHOLD: Text("无阈值", "no threshold"),
    Gap.NO_PLAN: Text("无预案", "no plan"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What holds for one type at one grade or warning in one city."""

    type: NamedNode
    city: NamedNode
    scale: str
    rank: int
    value: NamedNode
    leads: tuple[NamedNode, ...] = ()
    modules: int = 0
    level: NamedNode | None = None
    gaps: tuple[Gap, ...] = ()


@dataclass
class Matrix:
    """The cells, in the order of types, cities and ranks."""

    types: list[NamedNode] = field(default_factory=list)
    cities: list[NamedNode] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)

    @property
    def gaps(self) -> list[Cell]:
        """The cells that lack something."""
        return [cell for cell in self.cells if cell.gaps]

    def at(self, type_: NamedNode, city: NamedNode, rank: int) -> Cell | None:
        """Return the cell of a type, a city and a rank; ``None``: the type has no grades."""
        return next((c for c in self.cells if (c.type, c.city, c.rank) == (type_, city, rank)), None)


def matrix(workspace: Workspace, on: date, types: Collection[NamedNode] | None = None) -> Matrix:
    """Return the coverage of the knowledge on the day *on*, over the cities that are loaded.

    :param types: of these types of incident only.
    """
    result = Matrix([one for one in probes.types(workspace) if types is None or one in types])
    scales = {name: _scale(workspace, name) for name in ("EventGrade", "WarningLevel")}
    for city, place in probes.cities(workspace):
        result.cities.append(city)
        for type_ in result.types:
            found = list(probes.probes(workspace, type_, city, place, on))
            answers = [(probe, probes.ask(workspace, probe, on)) for probe in found]
            scale = _scale_of(workspace, answers[0][1])
            if scale is None:
                continue
            for rank, value in scales[scale]:
                result.cells.append(_cell(workspace, type_, city, scale, rank, value, answers))
    return result


def _cell(
    workspace: Workspace,
    type_: NamedNode,
    city: NamedNode,
    scale: str,
    rank: int,
    value: NamedNode,
    answers: list[tuple[Probe, Answer | None]],
) -> Cell:
    relation = "grade" if scale == "EventGrade" else "warningLevel"
    hits = [a for p, a in answers if p.value == value and a is not None and value in objects(a, relation)]
    if not hits:
        return Cell(type_, city, scale, rank, value, gaps=(Gap.NO_THRESHOLD,))
    answer = hits[0]
    leads = tuple(lead for lead in objects(answer, "leadDepartment") if isinstance(lead, NamedNode))
    modules = len(objects(answer, "activates"))
    levels = [level for level in objects(answer, "responseLevel") if isinstance(level, NamedNode)]
    gaps = []
    if not leads:
        gaps.append(Gap.NO_LEAD)
    if len(leads) > 1:
        gaps.append(Gap.TWO_LEADS)
    if not modules:
        gaps.append(Gap.NO_MODULE)
    if not objects(answer, "underPlan"):
        gaps.append(Gap.NO_PLAN)
    return Cell(type_, city, scale, rank, value, leads, modules, levels[0] if levels else None, tuple(gaps))


def _scale(workspace: Workspace, kind: str) -> list[tuple[int, NamedNode]]:
    source = workspace.engine.source
    found = []
    for value in source.holders(xz(kind), RDF_TYPE):
        rank = source.value(value, xz("rank"))
        assert isinstance(value, NamedNode)
        found.append((int(getattr(rank, "value", 9)), value))
    return sorted(found, key=lambda pair: pair[0])


def _scale_of(workspace: Workspace, answer: Answer | None) -> str | None:
    """Return the scale that the plan of a type goes by; ``None`` where the type has no grade."""
    if answer is None or objects(answer, "gradeNotApplicable"):
        return None
    source = workspace.engine.source
    triggers: set[Term] = set()
    for plan in objects(answer, "underPlan"):
        for scheme in source.values(plan, xz("levelScheme")):
            for binding in source.holders(scheme, xz("scheme")):
                triggers.update(source.values(binding, xz("onWarning")))
    return "WarningLevel" if triggers else "EventGrade"
