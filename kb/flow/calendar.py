"""When a clock runs: round the clock, or in the working hours of working days (library ``holidays``).

Calendars are records of the ontology (``xz:Calendar``). Public holidays and the working days that China moves
into weekends come from the library, by the country that the record names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from kb.clock import CHINA_STANDARD_TIME, is_working_day


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working hours, local time, and whose holidays count; without hours the clock never stops."""

    opens: time | None = None
    closes: time | None = None
    country: str | None = None

    def later(self, start: datetime, within: timedelta) -> datetime:
        """Return the moment at which a clock started at *start* has run for *within*; in UTC."""
        if self.opens is None or self.closes is None:
            return (start + within).astimezone(UTC)
        moment, left = start.astimezone(CHINA_STANDARD_TIME), within
        while True:
            day = moment.date()
            opens = datetime.combine(day, self.opens, CHINA_STANDARD_TIME)
            closes = datetime.combine(day, self.closes, CHINA_STANDARD_TIME)
            moment = max(moment, opens)
            if self.works(day) and moment < closes:
                if moment + left <= closes:
                    return (moment + left).astimezone(UTC)
                left -= closes - moment
            moment = datetime.combine(day + timedelta(days=1), time(), CHINA_STANDARD_TIME)

    def works(self, day: date) -> bool:
        """Whether *day* is a working day."""
        if self.country is None:
            return day.weekday() < 5
        return is_working_day(day, self.country)
