"""How long personal fields are kept: an ``xsd:duration`` from their last delivery on."""

from __future__ import annotations

from datetime import UTC, datetime

from rdflib.xsd_datetime import parse_xsd_duration

from kb.sharing.personal import PersonalFault


def end(delivered: float, retention: str) -> datetime:
    """Return when the retention ends of what was delivered at *delivered* (POSIX seconds).

    :raises PersonalFault: ``personal.retention``, *retention* is no duration.
    """
    try:
        moment: datetime = datetime.fromtimestamp(delivered, UTC) + parse_xsd_duration(retention)
    except (ValueError, OverflowError) as error:
        raise PersonalFault.of(
            "personal.retention",
            f"保存期限不是时长：{retention[:60]}",
            f"the retention is no duration: {retention[:60]}",
            repair=("写成 P90D、P1Y 这样的 xsd:duration", "write an xsd:duration such as P90D or P1Y"),
        ) from error
    return moment
