"""The SQL of `plain_duckdb.py`: tables of the knowledge, then one statement for each conclusion."""

from __future__ import annotations

from collections.abc import Iterable

from kb.namespaces import RDF, XZ

KB = "<https://w3id.org/xiezhi/kb/"
CITY, STREET = f"'{KB}tier/city>'::term", f"'{KB}tier/street>'::term"
NOWHERE = 99
"""A rank below all."""
UNDECIDED = "mask & need <> need AND need & ~mask & could = 0"
"""Not all conditions are satisfied, but none is known not to be."""

CONCLUSIONS = """
    meets decidedBy grade gradeIfMissingDied gradeNotApplicable warningLevel underPlan
    activatedUnder responseLevel activatedBy commandedBy advanceCommandedBy leadDuty supportDuty
    leadDepartment supportDepartment firstResponder assistingDepartment activates reportingDuty
    mayLeadTo openCriterion asks
""".split()  # noqa: SIM905
"""Tables of ``i`` and ``value``: what people see."""


def _pairs(name: str, value: str = "object::term") -> str:
    """SQL: the table of one property: subject ``s``, value ``o``."""
    return (
        f"CREATE TABLE k_{name} AS SELECT subject::term AS s, {value} AS o FROM base "
        f"WHERE predicate = '<{XZ}{name}>'"
    )


def _shared(name: str, areas: str) -> str:
    """SQL: the table that numbers places by which of *areas* are around them."""
    return f"""
        CREATE TABLE {name} AS SELECT place, dense_rank() OVER (ORDER BY areas)::INTEGER AS {name} FROM (
            SELECT place, list(area ORDER BY area) AS areas FROM around
                WHERE area IN ({areas}) GROUP BY place)"""


_NUMBER = """TRY_CAST(split_part(object, '"', 2) AS BIGINT)"""
_DATE = "object[2:11]::DATE"
_IRIS = """
    appliesTo condition measure regime setsGrade setsWarning role function module
    responsibleFunction levelScheme scheme onGrade onWarning level leadTier activationTier
    commandTier advanceTier mayCause fromGrade notGradedUnder tier performs subtypeOf totalOf
""".split()  # noqa: SIM905 - a list of strings would take a line for each
_LITERALS = {"rank": _NUMBER, "validFrom": _DATE, "validUntil": _DATE, "initial": """object LIKE '"true"%'"""}
_CLASSES = ("Plan", "ReportingRule", "Cascade", "Department", "Measure")


def _named(names: Iterable[str], namespace: str = XZ) -> str:
    return ", ".join(f"'<{namespace}{name}>'" for name in names)


KNOWLEDGE = [
    # IRIs as an ENUM, a number that reads as a text. Areas stay texts: a city has a hundred thousand.
    f"""CREATE TYPE term AS ENUM (
        SELECT subject FROM base WHERE predicate IN ({_named((*_IRIS, *_LITERALS, "jurisdiction"))})
        UNION SELECT object FROM base WHERE predicate IN ({_named(_IRIS)})
        UNION SELECT subject FROM base WHERE object IN ({_named(_CLASSES)}))""",
    *(_pairs(name) for name in _IRIS),
    *(_pairs(name, value=value) for name, value in _LITERALS.items()),
    _pairs("jurisdiction", value="object"),
    f"CREATE TABLE k_partOf AS SELECT subject AS s, object AS o FROM base WHERE predicate = '<{XZ}partOf>'",
    f"""CREATE TABLE k_type AS SELECT subject::term AS s, object AS o FROM base
        WHERE predicate = '<{RDF}type>' AND object IN ({_named(_CLASSES)})""",
    f"""CREATE TABLE condition AS SELECT s AS condition, o AS measure, operator,
            CASE WHEN operator = '=' THEN object ELSE split_part(object, '"', 2) END AS bound,
            row_number() OVER (ORDER BY s)::UBIGINT - 1 AS bit
        FROM k_measure JOIN base ON subject = s::VARCHAR JOIN (VALUES
            ('<{XZ}atLeast>', '>='), ('<{XZ}moreThan>', '>'), ('<{XZ}below>', '<'), ('<{XZ}atMost>',
                '<='), ('<{XZ}is>', '=')
        ) AS operators(p, operator) ON predicate = p""",
    f"""CREATE TABLE measure AS SELECT s AS measure, row_number() OVER (ORDER BY s)::UBIGINT - 1 AS bit,
            s::VARCHAR IN (SELECT subject FROM base WHERE predicate = '<{XZ}jsonKey>') AS asked
        FROM (SELECT s FROM k_type WHERE o = '<{XZ}Measure>' UNION SELECT measure FROM condition)""",
    # What a criterion or a provision needs: a mask of conditions.
    """CREATE TABLE need AS SELECT s, bit_or(1::UBIGINT << bit) AS need
        FROM k_condition JOIN condition ON condition = o GROUP BY s""",
    """CREATE TABLE kind AS
        SELECT s AS type, s AS kind FROM (SELECT DISTINCT s FROM k_subtypeOf) UNION FROM k_subtypeOf""",
    f"""CREATE TABLE provision AS
        SELECT a.s AS p, a.o AS kind, j.o AS area, f.o AS since, coalesce(u.o, DATE '9999-12-31') AS until,
            coalesce(need, 0) AS need, r.o AS role, n.o AS function, m.o AS module, l.o AS scheme,
            k.o AS from_rank,
            a.s IN (SELECT s FROM k_type WHERE o = '<{XZ}Plan>') AS is_plan,
            a.s IN (SELECT s FROM k_type WHERE o = '<{XZ}ReportingRule>') AS is_reporting,
            a.s IN (SELECT s FROM k_type WHERE o = '<{XZ}Cascade>') AS is_cascade
        FROM k_appliesTo a JOIN k_jurisdiction j ON j.s = a.s JOIN k_validFrom f ON f.s = a.s
            LEFT JOIN k_validUntil u ON u.s = a.s LEFT JOIN need ON need.s = a.s
            LEFT JOIN k_role r ON r.s = a.s LEFT JOIN k_function n ON n.s = a.s
            LEFT JOIN k_module m ON m.s = a.s LEFT JOIN k_levelScheme l ON l.s = a.s
            LEFT JOIN k_fromGrade g ON g.s = a.s LEFT JOIN k_rank k ON k.s = g.o""",
    """CREATE TABLE criterion AS
        SELECT r.s AS c, r.o AS regime, coalesce(need, 0) AS need, g.o AS grade, k.o AS rank, w.o AS warning
        FROM k_regime r LEFT JOIN need ON need.s = r.s LEFT JOIN k_setsGrade g ON g.s = r.s
            LEFT JOIN k_rank k ON k.s = g.o LEFT JOIN k_setsWarning w ON w.s = r.s""",
    f"""CREATE TABLE if_died AS SELECT c, min(bound::BIGINT) AS bound
        FROM criterion JOIN k_condition ON s = c JOIN condition ON condition = o
        WHERE measure::VARCHAR = '<{XZ}deaths>' AND operator = '>=' GROUP BY c""",
    """CREATE TABLE binding AS
        SELECT s.s AS b, s.o AS scheme, k.o AS rank, g.o AS grade, w.o AS warning,
            coalesce(n.o, false) AS initial, l.o AS lead
        FROM k_scheme s JOIN k_rank k ON k.s = s.s
            LEFT JOIN k_onGrade g ON g.s = s.s LEFT JOIN k_onWarning w ON w.s = s.s
            LEFT JOIN k_initial n ON n.s = s.s LEFT JOIN k_leadTier l ON l.s = s.s""",
    # Places with the same areas that have bodies share a station; with the same areas of provisions, a zone.
    """CREATE TABLE around AS WITH RECURSIVE around(place, area) AS (
            SELECT DISTINCT object, object FROM incidents WHERE predicate LIKE '%#place>'
            UNION SELECT place, o FROM around JOIN k_partOf ON s = area)
        FROM around""",
    _shared("station", "SELECT o FROM k_jurisdiction SEMI JOIN k_tier USING (s)"),
    _shared("zone", "SELECT area FROM provision"),
    f"""CREATE TABLE body AS
        SELECT DISTINCT station, t.o AS tier, p.o AS function, j.s AS body,
            j.s IN (SELECT s FROM k_type WHERE o = '<{XZ}Department>') AS department
        FROM (SELECT station, min(place) AS place FROM station GROUP BY station) JOIN around USING (place)
            JOIN k_jurisdiction j ON j.o = area JOIN k_tier t ON t.s = j.s JOIN k_performs p ON p.s = j.s""",
    # What may apply to a type in a zone; the date and the mask then decide.
    """CREATE TABLE candidate AS SELECT DISTINCT type, zone, provision.* EXCLUDE (area)
        FROM kind JOIN provision USING (kind) JOIN around USING (area)
            JOIN (SELECT zone, min(place) AS place FROM zone GROUP BY zone) USING (place)""",
]


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
        "c, regime, rank, grade, c.warning, gone, known, c.need <> 0 AND mask & c.need = c.need AS met, "
        "c.need & ~mask & could <> 0 AS refuted",
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
        SELECT i, b, rank, lead FROM underPlan JOIN binding USING (scheme) WHERE initial
        UNION SELECT i, b, rank, lead FROM underPlan JOIN grade g USING (i)
            JOIN binding b ON b.scheme = underPlan.scheme AND b.grade = g.value
        UNION SELECT i, b, rank, lead FROM underPlan JOIN warningLevel w USING (i)
            JOIN binding b ON b.scheme = underPlan.scheme AND b.warning = w.value""",
    "active": """SELECT i, b, lead FROM candidates
        JOIN (SELECT i, min(rank) AS rank FROM candidates GROUP BY i) USING (i, rank)""",
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
            WHERE asked AND known >> measure.bit & 1 = 0
        UNION SELECT i, part.measure FROM openCriterion
            JOIN k_condition k ON k.s = value JOIN condition ON condition = k.o
            JOIN k_totalOf t ON t.s = condition.measure JOIN measure part ON part.measure = t.o
            WHERE known >> part.bit & 1 = 0
        UNION SELECT i, measure FROM above SEMI JOIN if_died USING (c)
            JOIN (FROM measure WHERE measure::VARCHAR = '<{XZ}missing>') ON true
            WHERE refuted AND known >> bit & 1 = 0""",
}
"""What each table is made by, in order."""


def steps() -> list[str]:
    """Return the statements, in order."""
    return [f'CREATE TABLE "{name}" AS {query}' for name, query in STEPS.items()]
