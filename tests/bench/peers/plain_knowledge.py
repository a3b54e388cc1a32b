"""The knowledge as `plain_sql.py` wants it: tables with IRIs as an ENUM and conditions as masks."""

from __future__ import annotations

from collections.abc import Iterable

from kb.namespaces import RDF, XZ

BITS, CAPACITY = "UHUGEINT", 128
"""The type of masks, and how many conditions or measures one holds."""


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
    entails exemptFrom
""".split()  # noqa: SIM905 - a list of strings would take a line for each
_LITERALS = {"rank": _NUMBER, "validFrom": _DATE, "validUntil": _DATE, "initial": """object LIKE '"true"%'"""}
_CLASSES = ("Plan", "ReportingRule", "Cascade", "Department", "Measure")


def _named(names: Iterable[str], namespace: str = XZ) -> str:
    return ", ".join(f"'<{namespace}{name}>'" for name in names)


def _mask(bit: str) -> str:
    """SQL: the numbers *bit* of a group as one mask."""
    return f"bit_or(1::bits << {bit}::bits)"


KNOWLEDGE = [
    f"CREATE TYPE bits AS {BITS}",
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
    """CREATE TABLE kind AS
        SELECT s AS type, s AS kind FROM (SELECT DISTINCT s FROM k_subtypeOf) UNION FROM k_subtypeOf""",
    # What a type itself says: the conditions that it entails.
    """CREATE TABLE entailed AS SELECT DISTINCT type, o AS condition FROM kind JOIN k_entails ON s = kind""",
    f"""CREATE TABLE bounded AS SELECT s AS condition, o AS measure, operator,
            CASE WHEN operator = '=' THEN object ELSE split_part(object, '"', 2) END AS bound
        FROM k_measure JOIN base ON subject = s::VARCHAR JOIN (VALUES
            ('<{XZ}atLeast>', '>='), ('<{XZ}moreThan>', '>'), ('<{XZ}below>', '<'), ('<{XZ}atMost>',
                '<='), ('<{XZ}is>', '=')
        ) AS operators(p, operator) ON predicate = p""",
    """CREATE TABLE told AS
        SELECT DISTINCT type, measure FROM entailed JOIN bounded USING (condition) WHERE operator = '='""",
    f"""CREATE TABLE reports AS SELECT DISTINCT s AS measure
        FROM incidents JOIN k_type ON s::VARCHAR = predicate WHERE o = '<{XZ}Measure>'""",
    """CREATE TABLE reported AS
        FROM reports UNION SELECT s FROM k_totalOf WHERE o IN (FROM reports)""",
    # Most measures are never known here: no incident reports them or a part of them, no type tells them. They
    # share bit 0, which is never set; and so do the conditions that can neither hold nor be refuted.
    f"""CREATE TABLE measure AS
        SELECT measure, knowable,
            measure::VARCHAR IN (SELECT subject FROM base WHERE predicate = '<{XZ}jsonKey>') AS asked,
            CASE WHEN knowable THEN row_number() OVER (ORDER BY knowable DESC, measure) ELSE 0 END AS bit
        FROM (SELECT measure, measure IN (FROM reported UNION SELECT measure FROM told) AS knowable
            FROM (SELECT s AS measure FROM k_type WHERE o = '<{XZ}Measure>'
                UNION SELECT measure FROM bounded))""",
    """CREATE TABLE condition AS
        SELECT *, CASE WHEN own THEN row_number() OVER (ORDER BY own DESC, condition) ELSE 0 END AS bit
        FROM (SELECT bounded.*, condition IN (SELECT o FROM k_condition)
                AND (knowable OR condition IN (SELECT condition FROM entailed)) AS own
            FROM bounded JOIN measure USING (measure))""",
    # What a criterion or a provision needs: a mask of conditions.
    f"""CREATE TABLE need AS SELECT s, {_mask("bit")} AS need
        FROM k_condition JOIN condition ON condition = o GROUP BY s""",
    # What is so for every incident of a type: conditions satisfied, conditions decided, measures known.
    f"""CREATE TABLE always AS
        SELECT type, coalesce(mask, 0::bits) AS mask, coalesce(could, 0::bits) AS could,
            coalesce(known, 0::bits) AS known
        FROM (SELECT DISTINCT type FROM kind)
            LEFT JOIN (SELECT type, {_mask("bit")} AS mask
                FROM entailed JOIN condition USING (condition) WHERE bit > 0 GROUP BY type) USING (type)
            LEFT JOIN (SELECT type, {_mask("bit")} AS could
                FROM told JOIN condition USING (measure) WHERE bit > 0 GROUP BY type) USING (type)
            LEFT JOIN (SELECT type, {_mask("bit")} AS known
                FROM told JOIN measure USING (measure) GROUP BY type) USING (type)""",
    f"""CREATE TABLE provision AS
        SELECT a.s AS p, a.o AS kind, j.o AS area, f.o AS since, coalesce(u.o, DATE '9999-12-31') AS until,
            coalesce(need, 0::bits) AS need, r.o AS role, n.o AS function, m.o AS module, l.o AS scheme,
            k.o AS from_rank,
            a.s IN (SELECT s FROM k_type WHERE o = '<{XZ}Plan>') AS is_plan,
            a.s IN (SELECT s FROM k_type WHERE o = '<{XZ}ReportingRule>') AS is_reporting,
            a.s IN (SELECT s FROM k_type WHERE o = '<{XZ}Cascade>') AS is_cascade
        FROM k_appliesTo a JOIN k_jurisdiction j ON j.s = a.s JOIN k_validFrom f ON f.s = a.s
            LEFT JOIN k_validUntil u ON u.s = a.s LEFT JOIN need ON need.s = a.s
            LEFT JOIN k_role r ON r.s = a.s LEFT JOIN k_function n ON n.s = a.s
            LEFT JOIN k_module m ON m.s = a.s LEFT JOIN k_levelScheme l ON l.s = a.s
            LEFT JOIN k_fromGrade g ON g.s = a.s LEFT JOIN k_rank k ON k.s = g.o
        WHERE role IS NOT NULL OR module IS NOT NULL OR is_plan OR is_reporting OR is_cascade
            OR a.s IN (SELECT o FROM k_regime)""",
    """CREATE TABLE criterion AS
        SELECT r.s AS c, r.o AS regime, coalesce(need, 0::bits) AS need, g.o AS grade, k.o AS rank,
            w.o AS warning
        FROM k_regime r LEFT JOIN need ON need.s = r.s LEFT JOIN k_setsGrade g ON g.s = r.s
            LEFT JOIN k_rank k ON k.s = g.o LEFT JOIN k_setsWarning w ON w.s = r.s""",
    f"""CREATE TABLE if_died AS SELECT c, min(bound::BIGINT) AS bound
        FROM criterion JOIN k_condition ON s = c JOIN condition ON condition = o
        WHERE measure::VARCHAR = '<{XZ}deaths>' AND operator = '>=' GROUP BY c""",
    # The highest level counts, of equal ones that of the highest command: that of the least height.
    """CREATE TABLE binding AS
        SELECT s.s AS b, s.o AS scheme, dense_rank() OVER (ORDER BY k.o, c.o) AS height,
            g.o AS grade, w.o AS warning, coalesce(n.o, false) AS initial, l.o AS lead
        FROM k_scheme s JOIN k_rank k ON k.s = s.s
            JOIN k_commandTier t ON t.s = s.s JOIN k_rank c ON c.s = t.o
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
            JOIN (SELECT zone, min(place) AS place FROM zone GROUP BY zone) USING (place)
        WHERE (type, p) NOT IN (SELECT (type, o) FROM kind JOIN k_exemptFrom ON s = kind)""",
]
