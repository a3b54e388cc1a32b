"""The SQL of `plain_duckdb.py`: one statement for each conclusion, on the tables of `plain_knowledge.py`."""

from __future__ import annotations

from kb.namespaces import XZ

KB = "<https://w3id.org/xiezhi/kb/"
CITY, STREET = f"'{KB}tier/city>'::term", f"'{KB}tier/street>'::term"
NOWHERE = 99
"""A rank below all."""
UNDECIDED = "mask & need <> need AND need & ~mask & could = 0::bits"
"""Not all conditions are satisfied, but none is known not to be."""

CONCLUSIONS = """
    meets decidedBy grade gradeIfMissingDied gradeNotApplicable warningLevel underPlan
    activatedUnder responseLevel activatedBy commandedBy advanceCommandedBy leadDuty supportDuty
    leadDepartment supportDepartment firstResponder assistingDepartment activates reportingDuty
    mayLeadTo openCriterion asks
""".split()  # noqa: SIM905
"""Tables of ``i`` and ``value``: what people see."""


def _of(
    where: str, columns: str = "p AS value", satisfied: str = "mask & need = need", join: str = ""
) -> str:
    """SQL: *columns* of the candidates *where* something, for each incident that they apply to."""
    return f"""
        SELECT i, {columns} FROM incident
            JOIN (SELECT DISTINCT * EXCLUDE (kind) FROM candidate WHERE {where}) candidate
            USING (type, zone) {join}
        WHERE date BETWEEN since AND until AND {satisfied}"""


def _kinds(where: str) -> str:
    return _of(where, "p AS value, kind, scheme, function").replace("* EXCLUDE (kind)", "*")


def _most_specific(table: str) -> str:
    """SQL: those of *table* that no other one of the same incident is narrower than."""
    return f"""
        SELECT DISTINCT i, value, scheme, function FROM {table} t ANTI JOIN (
            SELECT i, n.o AS kind FROM {table} JOIN k_subtypeOf n ON n.s = kind) USING (i, kind)"""


def _acting(tier: str, function: str) -> str:
    return f"""
        SELECT DISTINCT i, body AS value FROM activatedUnder
            JOIN k_{tier} k ON k.s = value JOIN incident USING (i)
            JOIN (FROM body WHERE function = '{KB}function/{function}>'::term) b
            ON b.station = incident.station AND b.tier = k.o"""


STEPS = {
    "plan": _kinds("is_plan"),
    "lead_duty": _kinds(f"role = '{KB}role/lead>'::term"),
    "examined": _of(
        "p IN (SELECT regime FROM criterion)",
        "c, regime, rank, grade, c.warning, gone, known, "
        "c.need <> 0::bits AND mask & c.need = c.need AS met, "
        "c.need & ~mask & could <> 0::bits AS refuted",
        "mask & candidate.need = candidate.need",
        "JOIN criterion c ON regime = p",
    ),
    "meets": "SELECT DISTINCT i, c AS value FROM examined WHERE met",
    "decided": """SELECT i, c, rank, grade FROM examined WHERE met AND rank IS NOT NULL
        QUALIFY rank = min(rank) OVER (PARTITION BY i, regime)""",
    "decidedBy": "SELECT DISTINCT i, c AS value FROM decided",
    "graded": "SELECT i, min(rank) AS rank FROM decided GROUP BY i",
    "grade": "SELECT DISTINCT i, grade AS value FROM decided JOIN graded USING (i, rank)",
    "gradeIfMissingDied": f"""
        SELECT DISTINCT i, m.grade AS value FROM (
            SELECT i, grade, rank FROM examined JOIN if_died USING (c)
            WHERE gone >= bound AND rank IS NOT NULL
            QUALIFY rank = min(rank) OVER (PARTITION BY i)) m LEFT JOIN graded g USING (i)
        WHERE m.rank < coalesce(g.rank, {NOWHERE})""",
    "gradeNotApplicable": """SELECT i, o AS value FROM incident
        JOIN (SELECT DISTINCT type, o FROM kind JOIN k_notGradedUnder ON s = kind) USING (type)""",
    "warningLevel": """
        SELECT i, w AS value FROM (
            SELECT i, warning AS w FROM examined WHERE met AND warning IS NOT NULL
            UNION SELECT i, warning FROM incident WHERE warning IS NOT NULL)
        JOIN k_rank ON s = w QUALIFY o = min(o) OVER (PARTITION BY i)""",
    "underPlan": _most_specific("plan"),
    "candidates": """
        SELECT i, b, height, lead FROM underPlan JOIN binding USING (scheme) WHERE initial
        UNION SELECT i, b, height, lead FROM underPlan JOIN grade g USING (i)
            JOIN binding b ON b.scheme = underPlan.scheme AND b.grade = g.value
        UNION SELECT i, b, height, lead FROM underPlan JOIN warningLevel w USING (i)
            JOIN binding b ON b.scheme = underPlan.scheme AND b.warning = w.value""",
    "active": """SELECT i, b, lead FROM candidates
        JOIN (SELECT i, min(height) AS height FROM candidates GROUP BY i) USING (i, height)""",
    "activatedUnder": "SELECT DISTINCT i, b AS value FROM active",
    "responseLevel": "SELECT DISTINCT i, o AS value FROM activatedUnder JOIN k_level ON s = value",
    "activatedBy": _acting("activationTier", "emergency-command"),
    "commandedBy": _acting("commandTier", "government"),
    "advanceCommandedBy": _acting("advanceTier", "government"),
    "leadDuty": _most_specific("lead_duty"),
    "supportDuty": _of(
        f"role IN ('{KB}role/support>'::term, '{KB}role/first-response>'::term)", "p AS value, role, function"
    ),
    "activates": f"SELECT DISTINCT * FROM ({_of('module IS NOT NULL', 'module AS value')})",
    # Who acts: bodies of the tier that leads, at the city for a function that none of these performs.
    "place_of": """SELECT i, station, tiers FROM incident LEFT JOIN (
        SELECT i, list(DISTINCT lead ORDER BY lead) FILTER (lead IS NOT NULL) AS tiers FROM active GROUP BY i
    ) USING (i)""",
    "acting": f"""
        WITH cases AS (SELECT DISTINCT station, tiers FROM place_of),
            own AS (SELECT station, tiers, function, body, department FROM cases JOIN body USING (station)
                WHERE list_contains(tiers, tier))
        FROM own UNION
        SELECT station, tiers, function, body, department FROM cases JOIN body USING (station)
        WHERE tier = {CITY} AND NOT EXISTS (
            FROM own WHERE own.station = cases.station AND own.tiers IS NOT DISTINCT FROM cases.tiers
                AND own.function = body.function)""",
    "numbered": """SELECT station, tiers, row_number() OVER ()::INTEGER AS acts FROM (
        SELECT DISTINCT station, tiers FROM acting)""",
    "acts": """SELECT acts, function, body, department FROM acting a JOIN numbered n
        ON n.station = a.station AND n.tiers IS NOT DISTINCT FROM a.tiers""",
    "acts_of": """SELECT i, acts FROM place_of p JOIN numbered n
        ON n.station = p.station AND n.tiers IS NOT DISTINCT FROM p.tiers""",
    "led": "SELECT DISTINCT i, function FROM leadDuty",
    "involved": f"""
        FROM led
        UNION SELECT i, function FROM supportDuty WHERE role = '{KB}role/support>'::term
        UNION SELECT i, o FROM activates JOIN k_responsibleFunction ON s = value""",
    "leadDepartment": """SELECT DISTINCT i, body AS value
        FROM led JOIN acts_of USING (i) JOIN acts USING (acts, function)""",
    "supportDepartment": """
        SELECT DISTINCT i, body AS value FROM involved JOIN acts_of USING (i)
            JOIN (FROM acts WHERE department) USING (acts, function)
            ANTI JOIN leadDepartment l ON l.i = involved.i AND l.value = body""",
    "firstResponder": f"""
        SELECT DISTINCT i, body AS value FROM supportDuty JOIN incident USING (i)
            JOIN (FROM body WHERE tier = {STREET}) b
            ON b.station = incident.station AND b.function = supportDuty.function
        WHERE role = '{KB}role/first-response>'::term""",
    "assistingDepartment": """
        SELECT DISTINCT i, body AS value FROM led JOIN incident USING (i)
            JOIN (SELECT DISTINCT station, function, body FROM body WHERE department)
            USING (station, function)
            ANTI JOIN (FROM leadDepartment UNION ALL FROM supportDepartment UNION ALL FROM firstResponder) o
            ON o.i = led.i AND o.value = body""",
    "reportingDuty": f"""
        SELECT i, value FROM ({_of("is_reporting", "p AS value, from_rank")}) LEFT JOIN graded USING (i)
        WHERE from_rank IS NULL OR rank <= from_rank""",
    "mayLeadTo": _of("is_cascade", "o AS value", join="JOIN k_mayCause ON s = p").replace(
        "SELECT i", "SELECT DISTINCT i"
    )
    + " AND (type, o) NOT IN (SELECT (type, kind) FROM kind)",
    # Criteria above the grade: not refuted, or refuted by deaths that the missing could change.
    "above": f"""SELECT i, c, known, met, refuted FROM examined LEFT JOIN graded USING (i)
        WHERE examined.rank < coalesce(graded.rank, {NOWHERE})""",
    "openCriterion": "SELECT DISTINCT i, c AS value, known FROM above WHERE NOT met AND NOT refuted",
    "openUse": f"""
        FROM ({_of("module IS NOT NULL", "p AS value, known, module", UNDECIDED)}) u
        ANTI JOIN activates a ON a.i = u.i AND a.value = u.module""",
    "asks": f"""
        SELECT i, measure AS value FROM (
                SELECT i, value, known FROM openCriterion UNION ALL SELECT i, value, known FROM openUse)
            JOIN k_condition k ON k.s = value JOIN condition ON condition = k.o JOIN measure USING (measure)
            WHERE asked AND known >> measure.bit::bits & 1::bits = 0::bits
        UNION SELECT i, part.measure FROM openCriterion
            JOIN k_condition k ON k.s = value JOIN condition ON condition = k.o
            JOIN k_totalOf t ON t.s = condition.measure JOIN measure part ON part.measure = t.o
            WHERE known >> part.bit::bits & 1::bits = 0::bits
        UNION SELECT i, measure FROM above SEMI JOIN if_died USING (c)
            JOIN (FROM measure WHERE measure::VARCHAR = '<{XZ}missing>') ON true
            WHERE refuted AND known >> bit::bits & 1::bits = 0::bits""",
}
"""What each table is made by, in order."""


def steps() -> list[str]:
    """Return the statements, in order."""
    return [f'CREATE TABLE "{name}" AS {query}' for name, query in STEPS.items()]
