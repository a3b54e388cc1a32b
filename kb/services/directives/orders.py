"""What a recommendation asks of each department, one order for each module; and what an officer changed.

A department answers for the modules that it is responsible for; a duty that belongs to none of them makes an
order of its own. A department named by the rules that has neither duty nor module gets no order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyoxigraph import NamedNode

from kb.city.profile import KINDS
from kb.errors import Fault, InputError, Text
from kb.namespaces import xz
from kb.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Order:
    """What *addressee* is to do, in the *module* (``None``: in no module), by which duties and rules."""

    addressee: NamedNode
    module: NamedNode | None
    task: Text
    duties: tuple[NamedNode, ...] = ()
    rules: tuple[NamedNode, ...] = ()


@dataclass(frozen=True, slots=True)
class Override:
    """A change to an order: from *recommended* to *decided* (``None``: no directive), with its reason."""

    recommended: NamedNode
    module: NamedNode | None
    decided: NamedNode | None
    reason: str


class OverrideFault(InputError):
    """An override does not fit the recommendation, or has no reason."""


def orders(recommendation: Mapping[str, Any]) -> list[Order]:
    """Return the orders that *recommendation* makes: those of modules in their order, then duties alone."""
    departments = {
        one["iri"]: one
        for part in ("lead", "support", "firstResponders")
        for one in recommendation[part]
        if one["duties"]
    }
    found: list[Order] = []
    for module in recommendation["modules"]:
        for body in module["responsible"]:
            department = departments.get(body["iri"])
            found.append(
                Order(
                    NamedNode(body["iri"]),
                    NamedNode(module["iri"]),
                    _text(module["label"], module["task"]),
                    _duties(department),
                    _rules(module, department),
                )
            )
    served = {order.addressee.value for order in found}
    for iri, department in departments.items():
        if iri not in served:
            task = Text(*("；".join(d["label"][lang] for d in department["duties"]) for lang in ("zh", "en")))
            found.append(Order(NamedNode(iri), None, task, _duties(department), _rules(department)))
    return found


def changed(given: Sequence[Order], overrides: Sequence[Override]) -> list[Order]:
    """Return the orders that remain of *given* after *overrides*.

    :raises OverrideFault: ``override.unknown``: nothing was recommended that it could change;
        ``override.reason``: it has no reason.
    """
    known = {(order.addressee, order.module) for order in given}
    faults = []
    for one in overrides:
        where = one.recommended.value
        if (one.recommended, one.module) not in known:
            faults.append(
                Fault("override.unknown", Text("建议中没有这一项", "nothing of this was recommended"), where)
            )
        if not one.reason.strip():
            faults.append(
                Fault(
                    "override.reason",
                    Text("改动建议须说明理由", "a change to what is recommended needs a reason"),
                    where,
                    Text("用一句话说明为什么", "say why in a sentence"),
                )
            )
    if faults:
        raise OverrideFault(faults)
    decided = {(one.recommended, one.module): one.decided for one in overrides}
    result: list[Order] = []
    for order in given:
        to = decided.get((order.addressee, order.module), order.addressee)
        if to is not None:
            result.append(order if to == order.addressee else replace(order, addressee=to))
    return result


def read_overrides(workspace: Workspace, data: Iterable[Mapping[str, Any]]) -> list[Override]:
    """Read overrides as JSON has them: ``department``, ``module`` (or none), ``to`` (or null), ``reason``.

    :raises OverrideFault: ``override.body``, ``override.module``: a name that nobody has.
    """
    faults: list[Fault] = []

    def named(text: object, kinds: Sequence[str], code: str) -> NamedNode | None:
        found = find(workspace, str(text), kinds)
        if found is None:
            faults.append(Fault(code, Text(f"没有 {text}", f"there is no {text}"), str(text)))
        return found

    result = []
    for one in data:
        module = one.get("module")
        of = None if module is None else named(module, ["PlanModule"], "override.module")
        recommended = named(one.get("department"), KINDS, "override.body")
        to = None if one.get("to") is None else named(one["to"], KINDS, "override.body")
        if recommended is not None:
            result.append(Override(recommended, of, to, str(one.get("reason") or "")))
    if faults:
        raise OverrideFault(faults)
    return result


def find(workspace: Workspace, text: str, kinds: Sequence[str] = KINDS) -> NamedNode | None:
    """Return what *text*, an IRI or a name, means among the members of the classes *kinds*."""
    for kind in kinds:
        if found := workspace.names.find(text, xz(kind)):
            return found[0]
    return None


def _text(label: Mapping[str, str], task: Mapping[str, str] | None) -> Text:
    said = task or label
    return Text(f"{label['zh']}：{said['zh']}", f"{label['en']}: {said['en']}")


def _duties(department: Mapping[str, Any] | None) -> tuple[NamedNode, ...]:
    return tuple(NamedNode(duty["iri"]) for duty in (department or {}).get("duties", ()))


def _rules(*conclusions: Mapping[str, Any] | None) -> tuple[NamedNode, ...]:
    def each() -> Iterator[str]:
        for one in conclusions:
            if one is not None and "because" in one:
                yield one["because"]["rule"]
            for duty in (one or {}).get("duties", ()):
                yield duty["because"]["rule"]

    return tuple(NamedNode(iri) for iri in sorted(set(each())))
