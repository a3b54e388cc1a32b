"""A recommendation as text that one reads in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kb.errors import Text
from kb.report.values import CHINA_STANDARD_TIME

WORDS = {
    "incident": Text("事件", "Incident"),
    "type": Text("类型", "Type"),
    "place": Text("地点", "Place"),
    "time": Text("时间", "Time"),
    "facts": Text("已知事实", "Known facts"),
    "grade": Text("初判等级", "Preliminary grade"),
    "notApplicable": Text("不分级", "not graded"),
    "undetermined": Text("尚不能判定（事实不足）", "not determined yet (facts are missing)"),
    "noRegime": Text("没有适用的分级制度", "no grading regime applies"),
    "missing": Text("如失踪计入死亡", "if the missing died"),
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
    "modules": Text("预案模块（按顺序）", "Plan modules, in order"),
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
        yield f"{self._w('type')}  {self._l(data['type'])}"
        yield f"{self._w('place')}  {self._l(incident['grid'])} ({incident['grid']['code']})"
        yield f"{self._w('time')}  {_moment(incident['time'])}"
        facts = [self._fact(fact) for fact in incident["facts"]]
        if facts:
            yield f"{self._w('facts')}  {'；'.join(facts) if self._lang == 'zh' else '; '.join(facts)}"
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
        for word, key in (("plan", "plan"), ("level", "level"), ("activated", "activatedBy"),
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
        yield ""
        yield self._w("modules")
        for module in data["modules"]:
            who = self._joined(self._l(body) for body in module["responsible"])
            yield f"  {module['order']:>2}. {self._l(module)}{f'　{who}' if who else ''}"
        yield ""
        yield self._w("reporting")
        for report in data["reporting"]:
            due = f"　{self._due(report)}" if report["within"] else ""
            yield f"  · {self._l(report)}{due}　{self._l(report['clause'])}"
        if data["cascades"]:
            yield f"{self._w('cascades')}  {self._joined(self._l(t) for t in data['cascades'])}"
        if data["questions"]:
            yield self._w("questions")
            for question in data["questions"]:
                asked = question["question"][self._lang] if question["question"] else self._l(question)
                yield f"  ? {asked}{self._effect(question)}"
        yield ""
        yield f"{self._w('release')}  {data['release']}"

    def _departments(self, departments: list[dict[str, Any]]) -> Iterator[str]:
        for department in departments:
            yield f"  {self._l(department)}"
            for duty in department["duties"]:
                clause = f"　{self._l(duty['clause'])}" if duty["clause"] else ""
                yield f"    - {self._l(duty)}{clause}"
            if not department["duties"] and department["modules"]:
                yield f"    - {self._joined(self._l(module) for module in department['modules'])}"

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

    def _joined(self, names: Iterator[str]) -> str:
        return ("、" if self._lang == "zh" else ", ").join(names)

    def _w(self, key: str) -> str:
        return WORDS[key].in_(self._lang)

    def _l(self, value: dict[str, Any]) -> str:
        return str(value["label"][self._lang])


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(CHINA_STANDARD_TIME).strftime("%Y-%m-%d %H:%M:%S")
