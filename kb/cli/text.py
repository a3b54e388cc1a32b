"""A recommendation as text that one reads in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Text

WORDS = {
    "incident": Text("事件", "Incident"),
    "type": Text("类型", "Type"),
    "compound": Text("（复合事件）", " (compound incident)"),
    "place": Text("地点", "Place"),
    "time": Text("时间", "Time"),
    "facts": Text("已知事实", "Known facts"),
    "grade": Text("初判等级", "Preliminary grade"),
    "notApplicable": Text("不分级", "not graded"),
    "undetermined": Text("尚不能判定（事实不足）", "not determined yet (facts are missing)"),
    "noRegime": Text("没有适用的分级制度", "no grading regime applies"),
    "missing": Text("如失踪计入死亡", "if the missing died"),
    "regrading": Text("重新定级", "Re-grading"),
    "until": Text("至", "until"),
    "warning": Text("预警级别", "Warning"),
    "plan": Text("预案", "Plan"),
    "level": Text("响应级别", "Response level"),
    "open": Text("由指挥机构决定", "for the command to decide"),
    "activated": Text("启动", "Activated by"),
    "commanded": Text("指挥", "Commanded by"),
    "advance": Text("先期指挥", "Until then"),
    "lead": Text("牵头部门", "Lead"),
    "support": Text("支援部门", "Support"),
    "first": Text("先期处置", "First responders"),
    "assisting": Text("上下级联动", "Assisting"),
    "contention": Text("几类事件同时需要的力量", "What several parts call upon"),
    "groups": Text("工作组", "Working groups"),
    "members": Text("成员", "members"),
    "modules": Text("预案模块（按顺序）", "Plan modules, in order"),
    "confirm": Text("现场确认", "to be confirmed on the scene"),
    "measures": Text("可采取的法定措施（选一项或多项）", "Measures that may be taken, one or several"),
    "due": Text("应当升级、移交或结束", "Due: escalation, hand-over, end"),
    "awaited": Text("可能的升级、移交、结束", "What may come: escalation, hand-over, end"),
    "judged": Text("由指挥人员判断", "for the command to judge"),
    "met": Text("已满足", "met"),
    "notMet": Text("未满足", "not met"),
    "unknown": Text("未知", "unknown"),
    "exposed": Text("须核查的防护目标", "Targets to check"),
    "dataset": Text("数据集", "dataset"),
    "stale": Text("所依据的记录过期或有误", "Rests on stale or failing records"),
    "since": Text("逾期自", "overdue since"),
    "records": Text("记录", "records"),
    "supports": Text("据以得出", "supports"),
    "reporting": Text("报告时限", "Reporting"),
    "cascades": Text("可能的次生事件", "What may follow"),
    "questions": Text("待问清", "To find out"),
    "raise": Text("可升为", "could raise to"),
    "bring": Text("决定模块", "decides"),
    "none": Text("（没有得出牵头部门）", "(no lead department follows from what is known)"),
    "by": Text("须于", "by"),
    "at once": Text("立即", "at once"),
    "release": Text("知识版本", "Release"),
}


def recommendation(data: dict[str, Any], lang: str) -> str:
    """Return the recommendation *data* as lines in *lang*."""
    return "".join(line + "\n" for line in _Page(lang).lines(data))


class _Page:
    def __init__(self, lang: str) -> None:
        self._lang = lang

    def lines(self, data: dict[str, Any]) -> Iterator[str]:
        incident, grade, response = data["incident"], data["grade"], data["response"]
        yield f"{self._w('incident')}  {incident['id']}"
        compound = self._w("compound") if len(data["types"]) > 1 else ""
        yield f"{self._w('type')}  {self._joined(map(self._l, data['types']))}{compound}"
        yield f"{self._w('place')}  {self._l(incident['grid'])} ({incident['grid']['code']})"
        yield f"{self._w('time')}  {_moment(incident['time'])}"
        facts = [self._fact(fact) for fact in incident["facts"]]
        if facts:
            yield f"{self._w('facts')}  {self._listed(facts)}"
        yield ""
        value = grade["value"]
        shown = self._l(value) if value else self._w(grade["status"])
        yield f"{self._w('grade')}  {shown}{self._basis(value or grade)}"
        for regime in grade["regimes"]:
            result = f"{self._l(regime['value'])} ← {self._l(regime['criterion'])}"
            yield f"    {self._l(regime['regime'])}: {result}　{self._l(regime['clause'])}"
        if grade["ifMissingDied"]:
            yield f"    {self._w('missing')}: {self._l(grade['ifMissingDied'])}"
        if data["warning"]:
            yield f"{self._w('warning')}  {self._l(data['warning'])}{self._basis(data['warning'])}"
        for plan in response["plans"]:
            yield f"{self._w('plan')}  {self._l(plan)}{self._basis(plan)}"
        for word, key in (("level", "level"), ("activated", "activatedBy"),
                          ("commanded", "commandedBy"), ("advance", "advanceCommand")):  # fmt: skip
            if response[key]:
                yield f"{self._w(word)}  {self._l(response[key])}{self._basis(response[key])}"
            elif key == "level":
                yield f"{self._w(word)}  {self._w('open')}"
        yield ""
        yield self._w("lead")
        yield from self._departments(data["lead"]) if data["lead"] else [f"  {self._w('none')}"]
        if data["support"]:
            yield self._w("support")
            yield from self._departments(data["support"])
        if data["firstResponders"]:
            yield self._w("first")
            yield from self._departments(data["firstResponders"])
        if data["assisting"]:
            yield self._w("assisting")
            yield "  " + self._joined(self._l(d) for d in data["assisting"])
        yield from self._contention(data["contention"])
        yield ""
        yield self._w("modules")
        for module in data["modules"]:
            who = self._joined(self._l(body) for body in module["responsible"])
            yield f"  {module['order']:>2}. {self._l(module)}{f'　{who}' if who else ''}"
            open_ = [self._l(state) for state in module["needs"] if state["achievedBy"] is None]
            if open_:
                yield f"      {self._w('confirm')}: {self._joined(open_)}"
        yield ""
        yield self._w("reporting")
        for report in data["reporting"]:
            due = f"　{self._due(report)}" if report["within"] else ""
            yield f"  · {self._l(report)}{due}　{self._l(report['clause'])}"
        if window := data["regrading"]:
            until = f"　{self._w('until')} {window['until']}" if window["until"] else ""
            yield f"{self._w('regrading')}  {self._l(window)}{until}{self._basis(window)}"
        if data["cascades"]:
            yield f"{self._w('cascades')}  {self._joined(self._l(t) for t in data['cascades'])}"
        if data["questions"]:
            yield self._w("questions")
            for question in data["questions"]:
                asked = question["question"][self._lang] if question["question"] else self._l(question)
                yield f"  ? {asked}{self._effect(question)}"
        if data["exposed"]:
            yield f"{self._w('exposed')}  {self._joined(self._l(kind) for kind in data['exposed'])}"
            yield from self._records(data["exposed"])
        yield from self._groups(data["groups"])
        for key in ("due", "awaited"):
            yield from self._transitions(self._w(key), data["transitions"][key])
        yield from self._measures(data["measures"])
        yield from self._stale(data["stale"])
        yield ""
        yield f"{self._w('release')}  {data['release']}"

    def _records(self, exposed: list[dict[str, Any]]) -> Iterator[str]:
        for kind in exposed:
            for record in kind["records"]:
                dataset = f"　[{self._l(record['dataset'])}]" if record["dataset"] else ""
                yield f"  · {self._l(kind)}: {self._l(record)}　{self._l(record['area'])}{dataset}"

    def _stale(self, stale: list[dict[str, Any]]) -> Iterator[str]:
        if stale:
            yield ""
            yield self._w("stale")
        for item in stale:
            since = f"　{self._w('since')} {_moment(item['overdueSince'])}" if item["overdueSince"] else ""
            yield f"  ! {self._l(item)}　{self._l(item['department'])}{since}"
            yield f"      {self._w('records')}: {self._some(item['records'], item['recordCount'])}"
            yield f"      {self._w('supports')}: {self._some(item['supports'], item['supportCount'])}"
            for failing in item["failing"]:
                reasons = self._listed(reason[self._lang] for reason in failing["reasons"])
                yield f"      {failing['position']}: {self._l(failing['record'])}　{reasons}"

    def _some(self, things: list[dict[str, Any]], count: int) -> str:
        named = (
            f"{self._l(thing['relation'])} {self._l(thing)}" if "relation" in thing else self._l(thing)
            for thing in things
        )
        return self._listed(named) + (f" … ({count})" if count > len(things) else "")

    def _departments(self, departments: list[dict[str, Any]]) -> Iterator[str]:
        for department in departments:
            yield f"  {self._l(department)}"
            for duty in department["duties"]:
                clause = f"　{self._l(duty['clause'])}" if duty["clause"] else ""
                yield f"    - {self._l(duty)}{clause}"
            if not department["duties"] and department["modules"]:
                yield f"    - {self._joined(self._l(module) for module in department['modules'])}"

    def _contention(self, contention: list[dict[str, Any]]) -> Iterator[str]:
        if contention:
            yield self._w("contention")
        for item in contention:
            yield f"  ! {self._l(item)}　{self._joined(self._l(body) for body in item['departments'])}"
            for demand in item["demands"]:
                yield f"    - {self._l(demand['type'])}: {self._listed(map(self._l, demand['duties']))}"

    def _groups(self, groups: list[dict[str, Any]]) -> Iterator[str]:
        if groups:
            yield ""
            yield self._w("groups")
        for group in groups:
            twice = sum(other["group"] == group["group"] for other in groups) > 1  # for several parts
            name = self._l(group if twice else group["group"])
            members = self._joined(self._l(body) for body in group["members"])
            told = f"　{self._w('members')}: {members}" if members else ""
            yield f"  {name}　{self._joined(map(self._l, group['head'])) or '—'}{told}"

    def _transitions(self, title: str, transitions: list[dict[str, Any]]) -> Iterator[str]:
        if transitions:
            yield ""
            yield title
        for transition in transitions:
            to = self._joined(map(self._l, transition["to"]))
            yield f"  · {self._l(transition['kind'])}: {self._l(transition)}{f' → {to}' if to else ''}"
            conditions = (f"{self._l(c)} ({self._w(c['status'])})" for c in transition["conditions"])
            yield f"      {self._listed(conditions) or self._w('judged')}　{self._l(transition['clause'])}"

    def _measures(self, menus: list[dict[str, Any]]) -> Iterator[str]:
        if menus:
            yield ""
            yield self._w("measures")
        for menu in menus:
            yield f"  · {self._l(menu)}　{self._l(menu['clause'])}"
            items = (f"{number}. {self._l(item)}" for number, item in enumerate(menu["items"], 1))
            yield f"      {self._listed(items)}"

    def _due(self, report: dict[str, Any]) -> str:
        if report["within"] == "PT0S":
            return self._w("at once")
        return f"{self._w('by')} {_moment(report['by'])}"

    def _effect(self, question: dict[str, Any]) -> str:
        if question["couldRaiseTo"]:
            return f"　→ {self._w('raise')} {self._joined(self._l(g) for g in question['couldRaiseTo'])}"
        if question["couldBringIn"]:
            return f"　→ {self._w('bring')} {self._joined(self._l(m) for m in question['couldBringIn'])}"
        return ""

    def _fact(self, fact: dict[str, Any]) -> str:
        value = fact["value"]
        if isinstance(value, dict):
            shown = self._l(value)
        elif isinstance(value, bool):
            shown = {"zh": ("否", "是"), "en": ("no", "yes")}[self._lang][value]
        else:
            shown = f"{value:,}" if isinstance(value, int | float) else str(value)
        unit = f" {fact['unit'][self._lang]}" if fact["unit"] else ""
        return f"{self._l(fact)} {shown}{unit}"

    def _basis(self, conclusion: dict[str, Any]) -> str:
        clause = conclusion.get("because", {}).get("clause")
        return f"　{self._l(clause)}" if clause else ""

    def _joined(self, names: Iterable[str]) -> str:
        return ("、" if self._lang == "zh" else ", ").join(names)

    def _listed(self, sentences: Iterable[str]) -> str:
        return ("；" if self._lang == "zh" else "; ").join(sentences)

    def _w(self, key: str) -> str:
        return WORDS[key].in_(self._lang)

    def _l(self, value: dict[str, Any]) -> str:
        return str(value["label"][self._lang])


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(CHINA_STANDARD_TIME).strftime("%Y-%m-%d %H:%M:%S")
