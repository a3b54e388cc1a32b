"""What people and programs ask of directives, as JSON: read strictly, then done; for every face the same.

Names may be labels in either language or IRIs. A request that comes again (the same step by the same person,
or the same idempotency key with the same body) is answered with what it did when it came first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.access.principal import Operator, Principal, person
from kb.city.profile import KINDS
from kb.errors import InputError, Text
from kb.flow.event import Event, Values, integer
from kb.flow.machine import Life
from kb.namespaces import xz
from kb.ontology.names import did_you_mean
from kb.services import incident
from kb.services.directives import acting, board, confirming, orders, terms
from kb.services.directives.acting import Request
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace
from kb.store.protocol import Term

LONGEST = 2_000
"""Characters of a reason or a task."""
WORST, BEST = 1, 5
"""Scores, as ``xz:score`` defines them."""


def confirm(
    workspace: Workspace,
    identifier: str,
    principal: Principal,
    data: Mapping[str, Any],
    *,
    key: str = "",
    now: datetime | None = None,
) -> dict[str, Any]:
    """Confirm what is recommended; *data* may have ``overrides``: department, module, to (or null), reason.

    :raises InputError: ``directive.form`` and what :func:`kb.services.directives.confirming.confirm` raises.
    """
    _only(data, ("overrides",))
    given = data.get("overrides", [])
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise _form("overrides", "应为列表", "must be a list of objects")
    for one in given:
        _only(one, ("department", "module", "to", "reason"))
        for name in one:
            _text(one, name, none=name in ("module", "to"))
    done = confirming.confirm(
        workspace,
        identifier,
        principal,
        overrides=orders.read_overrides(workspace, given),
        request_digest=digest(key, principal, "confirm", identifier, data),
        now=now,
    )
    return {
        "incident": identifier,
        "new": list(done.new),
        "issued": done.issued,
        "obsolete": list(done.obsolete),
        "repeated": done.repeated,
    }


def issue(workspace: Workspace, identifier: str, principal: Principal) -> dict[str, Any]:
    """Issue every reviewed directive of an incident, as far as *principal* may; return their numbers.

    :raises NotFound: ``incident.unknown``.
    """
    step = workspace.flows.machine(terms.FLOW).flow.steps["issue"]
    with workspace.flows.ledger.lock(identifier):
        waiting = [life for life in board.lives(workspace, identifier) if life.state in step.sources]
        numbers = [terms.parts_of(life.about)[1] for life in waiting]
        for number in numbers:
            acting.take(workspace, identifier, number, step.name, principal)
    return {"incident": identifier, "issued": numbers}


def take(
    workspace: Workspace,
    identifier: str,
    number: int,
    step: str,
    principal: Principal,
    data: Mapping[str, Any],
    *,
    key: str = "",
    now: datetime | None = None,
) -> dict[str, Any]:
    """Take *step* with a directive; *data* may have ``reason``, ``to``, ``score``, ``revision``.

    :return: the event, the directive afterwards, and whether it was done before (``repeated``).
    :raises InputError: ``directive.form``, ``directive.score``, ``directive.body``; all that
        :func:`kb.services.directives.acting.take` raises.
    """
    _only(data, ("reason", "to", "score", "revision"))
    reason, values, expected = _text(data, "reason").strip(), _values(workspace, data), _revision(data)
    asked = digest(key, principal, step, f"{identifier} {number}", data)
    with workspace.flows.ledger.lock(identifier):
        life = acting.life_of(workspace, identifier, number)
        event = _done_before(workspace, identifier, life, step, principal, reason, values, expected, asked)
        repeated = event is not None
        if event is None:
            event = acting.take(
                workspace,
                identifier,
                number,
                step,
                principal,
                reason=reason,
                values=values,
                expected=expected,
                request_digest=asked,
                now=now,
            )
    return _told(workspace, identifier, number, event, principal, now, repeated=repeated)


def draft(
    workspace: Workspace,
    identifier: str,
    principal: Principal,
    data: Mapping[str, Any],
    *,
    key: str = "",
    now: datetime | None = None,
) -> dict[str, Any]:
    """Draft a directive: ``to``, ``task``, and ``from``, ``module``, ``partOf`` or ``lateral``, ``reason``.

    Without ``from``: the addressee of the whole, the own department, or who commands.
    The level of the response is set by what is recommended now, never by the request.

    :raises InputError: ``directive.form``, ``directive.body``, ``directive.module``; all that
        :func:`kb.services.directives.acting.draft` raises.
    """
    _only(data, ("to", "from", "task", "module", "partOf", "lateral", "reason"))
    asked = digest(key, principal, "draft", identifier, data)
    with workspace.flows.ledger.lock(identifier):
        before = _with_digest(workspace, identifier, asked)
        if before is not None:
            number = terms.parts_of(before.about)[1]
            return _told(workspace, identifier, number, before, principal, now, repeated=True)
        wish = _request(workspace, identifier, principal, data)
        reason = _text(data, "reason")
        event = acting.draft(
            workspace, identifier, wish, principal, reason=reason, request_digest=asked, now=now
        )
    return _told(workspace, identifier, terms.parts_of(event.about)[1], event, principal, now, repeated=False)


def find_body(workspace: Workspace, text: str, where: str = "to") -> NamedNode:
    """Return the body that *text* names.

    :raises InputError: ``directive.body``: nobody is called so, or several are.
    """
    kinds = [xz(kind) for kind in KINDS]
    found = {iri for kind in kinds for iri in workspace.names.find(text, kind)}
    if len(found) == 1:
        return found.pop()
    if found:
        iris = "、".join(sorted(iri.value for iri in found))
        raise InputError.of(
            "directive.body",
            f"有几个单位叫“{text}”",
            f"several bodies are called {text}",
            where=where,
            repair=(f"用 IRI 指明：{iris}", f"say which by its IRI: {iris}"),
        )
    near = [name for kind in kinds for name in workspace.names.nearest(text, kind)][:3]
    raise InputError.of(
        "directive.body",
        f"没有单位“{text}”",
        f"there is no body {text}",
        where=where,
        repair=did_you_mean(near),
    )


def digest(key: str, principal: Principal, *asked: Any) -> str:
    """Return by which the same request is known: of key, person and body; empty without a key.

    A client that by mistake uses a key again for another request must not have that swallowed.
    """
    if not key:
        return ""
    text = json.dumps([key, person(principal.name), *asked], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _request(workspace: Workspace, identifier: str, principal: Principal, data: Mapping[str, Any]) -> Request:
    addressee, task = find_body(workspace, _required(data, "to")), _required(data, "task")
    parent, lateral, issuer = data.get("partOf"), data.get("lateral", False), _text(data, "from")
    if parent is not None and not _is_number(parent):
        raise _form("partOf", "应为指令编号", "must be the number of a directive")
    if not isinstance(lateral, bool) or (lateral and parent is not None):
        raise _form(
            "lateral", "应为 true 或 false，且不与 partOf 同用", "must be true or false, without partOf"
        )
    module = _module(workspace, _text(data, "module"))
    above = None if parent is None else acting.life_of(workspace, identifier, parent)
    recommendation = recommend(workspace, incident.recall(workspace, identifier))
    if issuer:
        sender = find_body(workspace, issuer, "from")
    elif above is not None and isinstance(principal, Operator):
        sender = _node(above.one(terms.ADDRESSEE))
    elif principal.department is not None:
        sender = NamedNode(principal.department)
    else:
        sender = confirming.issuer_of(recommendation)
    level = recommendation["response"]["level"]
    return Request(
        addressee,
        sender,
        Text(task, task),
        None if level is None else NamedNode(level["iri"]),
        parent,
        lateral,
        module,
    )


def _module(workspace: Workspace, text: str) -> NamedNode | None:
    found = orders.find(workspace, text, ["PlanModule"]) if text else None
    if text and found is None:
        near = workspace.names.nearest(text, xz("PlanModule"))
        raise InputError.of(
            "directive.module",
            f"没有模块“{text}”",
            f"there is no module {text}",
            where="module",
            repair=did_you_mean(near),
        )
    return found


def _done_before(
    workspace: Workspace,
    identifier: str,
    life: Life,
    name: str,
    principal: Principal,
    reason: str,
    values: Values,
    expected: int | None,
    asked: str,
) -> Event | None:
    """Return the event by which just this was done before, if it was.

    It was if it came with the same key; or if it was what happened first after the revision seen; or, where
    no revision is given, if it was the last event and the step cannot be taken from where it led.
    """
    if (found := _with_digest(workspace, identifier, asked)) is not None:
        return found
    machine = workspace.flows.machine(terms.FLOW)
    step = machine.flow.steps.get(name)
    events = workspace.flows.ledger.events(identifier, life.about)
    if expected is not None:
        events = [event for event in events if event.number > expected][:1]
    elif step in machine.possible(life):
        return None
    last = events[-1] if events else None
    if last is None or step is None or last.step != step.iri or last.reason != reason:
        return None
    given = all(last.values.get(property_) == terms_ for property_, terms_ in values.items())
    return last if given and person(last.actor) == person(principal.name) else None


def _with_digest(workspace: Workspace, identifier: str, asked: str) -> Event | None:
    events = workspace.flows.ledger.events(identifier) if asked else []
    return next((event for event in events if event.request == asked), None)


def _told(
    workspace: Workspace,
    identifier: str,
    number: int,
    event: Event,
    reader: Principal,
    now: datetime | None,
    *,
    repeated: bool,
) -> dict[str, Any]:
    life = acting.life_of(workspace, identifier, number)
    return {
        "event": {
            "number": event.number,
            "at": event.at.isoformat(),
            "actor": event.actor,
            "step": event.step.value.rpartition("/")[2],
            "reason": event.reason,
        },
        "directive": board.row(workspace, life, reader, now),
        "repeated": repeated,
    }


def _values(workspace: Workspace, data: Mapping[str, Any]) -> Values:
    found: dict[NamedNode, tuple[NamedNode | Literal, ...]] = {}
    if (to := _text(data, "to")) != "":
        found[terms.ADDRESSEE] = (find_body(workspace, to),)
    score = data.get("score")
    if score is not None:
        if not _is_number(score) or not WORST <= score <= BEST:
            raise InputError.of(
                "directive.score",
                f"评分须为 {WORST} 至 {BEST}",
                f"a score is {WORST} to {BEST}",
                where="score",
            )
        found[terms.SCORE] = (integer(score),)
    return found


def _revision(data: Mapping[str, Any]) -> int | None:
    found = data.get("revision")
    if found is not None and not _is_number(found):
        raise _form("revision", "应为整数", "must be an integer")
    return found


def _required(data: Mapping[str, Any], name: str) -> str:
    text = _text(data, name).strip()
    if not text:
        raise _form(name, "必填", "is needed")
    return text


def _text(data: Mapping[str, Any], name: str, *, none: bool = False) -> str:
    """Return the text *name* of *data*: of whole characters, none that steers a terminal, not too long."""
    value = data.get(name)
    if value is None and (none or name not in data):
        return ""
    if not isinstance(value, str):
        raise _form(name, "应为文字", "must be a text")
    if len(value) > LONGEST:
        raise _form(name, f"不得超过 {LONGEST} 字", f"may have {LONGEST} characters at most")
    if any(not one.isprintable() and one not in "\n\r\t\u3000" for one in value):
        raise _form(name, "含有不能书写的字符", "has characters that cannot be written")
    return value


def _only(data: Mapping[str, Any], keys: Sequence[str]) -> None:
    for name in data:
        if name not in keys:
            raise _form(
                name, f"未知的字段；可用：{'、'.join(keys)}", f"is unknown; there are: {', '.join(keys)}"
            )


def _form(where: str, zh: str, en: str) -> InputError:
    shown = where[:40].encode("utf-8", "replace").decode()
    return InputError.of("directive.form", f"“{shown}”{zh}", f"“{shown}” {en}", where=shown)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9


def _node(term: Term | None) -> NamedNode:
    assert isinstance(term, NamedNode)
    return term
