"""The text of a report as JSON: bounded, and without keys that contradict one another."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from kb.errors import Fault, ReportRejected, Text
from kb.report.values import short

MAX_BYTES = 64 * 1024


def parse_json(text: str | bytes) -> dict[str, Any]:
    """Read one JSON object; a key given twice is a contradiction, not a choice.

    :raises ReportRejected: for anything else, with the line and column.
    """
    if len(text) > MAX_BYTES:
        raise ReportRejected.of(
            "report.too-large", f"报告超过 {MAX_BYTES} 字节", f"the report is larger than {MAX_BYTES} bytes"
        )
    try:
        data = json.loads(text, object_pairs_hook=_once, parse_float=Decimal, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ReportRejected.of(
            "report.json", f"不是合法的 JSON：{error.msg}", f"not well-formed JSON: {error.msg}",
            where=f"{error.lineno}:{error.colno}",
        ) from error  # fmt: skip
    except (RecursionError, UnicodeDecodeError, ValueError) as error:
        raise ReportRejected.of(
            "report.json", "不是合法的 JSON 报告", f"not a JSON report: {type(error).__name__}"
        ) from error
    if not isinstance(data, dict):
        raise ReportRejected.of("report.json", "报告必须是一个 JSON 对象", "a report must be one JSON object")
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    faults = []
    for key, value in pairs:
        if key in result and result[key] != value:
            faults.append(
                Fault(
                    "report.contradiction",
                    Text(
                        f"给出了两个矛盾的值：{short(result[key])} 与 {short(value)}",
                        f"two contradicting values: {short(result[key])} and {short(value)}",
                    ),
                    short(key),
                    Text("只保留一个", "keep one of them"),
                )
            )
        result[key] = value
    if faults:
        raise ReportRejected(faults)
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(name)
