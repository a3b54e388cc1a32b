"""All terms of a run as numbers: the columns that rules join are integers.

Dictionary encoding, as in :mod:`kb.inference.interactive.dictionary`, but in the database, where it holds
more terms than fit a Python process.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import uuid4

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from kb.inference.bounds import CHARACTERS
from kb.inference.relational.connection import Connection
from kb.inference.relational.families import typed
from kb.inference.relational.keys import COLUMNS, key, term
from kb.srl.syntax import Term

ID = "int32"
"""The type of identifiers: two billion terms."""

MAX_PARTS = 8


class Lexicon:
    """A growing two-way map between terms and numbers.

    :param facts: tables of facts (columns of keys, :mod:`kb.inference.relational.keys`).
    :param constants: terms that need a number whether the facts hold them or not.
    """

    def __init__(self, connection: Connection, facts: Sequence[ir.Table], constants: Iterable[Term]) -> None:
        self._connection = connection
        own = connection.table(pa.table({"key": pa.array(sorted({key(c) for c in constants}), pa.string())}))
        columns = [table.select(key=table[name]) for table in facts for name in COLUMNS]
        keys = ibis.union(own, *columns, distinct=True) if columns else own
        self.terms = connection.stored(typed(keys.mutate(id=ibis.row_number().cast(ID))))
        self._added = 0
        self._ids: dict[Term, int] = {}
        self._look_up(constants)

    def __len__(self) -> int:
        """How many terms there are."""
        return int(self.terms.count().execute())

    def numbers(self, number: str, key: str) -> ir.Table:
        """Return the numbers of all terms with their keys, in columns of these names."""
        return self.terms.select(**{number: self.terms.id, key: self.terms.key})

    def encode(self, facts: ir.Table) -> ir.Table:
        """Return *facts* with numbers for keys, as ``s``, ``p``, ``o``."""
        result = facts
        for short, name in zip("spo", COLUMNS, strict=True):
            result = result.join(self.numbers(short, name), name).drop(name)
        return result.select("s", "p", "o")

    def decode(self, rows: ir.Table) -> ir.Table:
        """Return *rows* of numbers (``s``, ``p``, ``o``) as a table of facts."""
        result = rows
        for short, name in zip("spo", COLUMNS, strict=True):
            result = result.join(self.numbers(short, name), short)
        return result.select(*COLUMNS)

    def id(self, constant: Term) -> int:
        """Return the number of a term that was among the constants, or was added."""
        return self._ids[constant]

    def terms_of(self, numbers: Iterable[int]) -> dict[int, Term]:
        """Return the terms that have *numbers*."""
        wanted = self._connection.table(pa.table({"id": pa.array(sorted(set(numbers)), pa.int32())}))
        rows = self.terms.join(wanted, "id").select("id", "key").to_pyarrow().to_pylist()
        return {row["id"]: term(row["key"]) for row in rows}

    def add(self, new: Iterable[Term]) -> dict[Term, int]:
        """Give each of the terms *new* a number, unless it has one; return the numbers of all."""
        terms = set(new)
        unknown = terms - self._ids.keys()
        if unknown:
            self._look_up(unknown)
            missing = sorted(key(t) for t in unknown - self._ids.keys())
            if missing:
                start = len(self)
                rows = self._connection.table(
                    pa.table({"key": missing, "id": pa.array(range(start, start + len(missing)), pa.int32())})
                )
                self._append(rows)
                self._look_up(unknown - self._ids.keys())
        return {t: self._ids[t] for t in terms}

    def add_keys(self, made: ir.StringColumn) -> int:
        """Give the terms that have the keys *made* numbers, unless they have some.

        :returns: how many terms were new; a long text counts as several (:func:`kb.inference.bounds.weight`).
        """
        keys = made.name("key").as_table().distinct()
        new = self._connection.stored(keys.anti_join(self.terms, "key"))
        row = new.aggregate(n=new.count(), weight=(1 + new.key.length() // CHARACTERS).sum())
        counted = row.to_pyarrow().to_pylist()[0]
        if counted["n"]:
            self._append(new.mutate(id=(ibis.row_number() + len(self)).cast(ID)))
        return int(counted["weight"] or 0)

    def add_blank_nodes(self, numbers: ir.IntegerColumn, count: int) -> int:
        """Add a new blank node for each of *numbers* (0 to *count*); return the number of the first."""
        start = len(self)
        if count:
            key = ibis.literal(f"_:{uuid4().hex}x").concat(numbers.cast("string"))
            rows = numbers.name("number").as_table().select(key=key, id=(numbers + start).cast(ID))
            self._append(rows)
        return start

    def _append(self, rows: ir.Table) -> None:
        """Add terms; the parts become one table only now and then, as that copies them all."""
        self._added += 1
        both = self.terms.union(self._connection.stored(typed(rows)))
        self.terms = both if self._added % MAX_PARTS else self._connection.stored(both)

    def _look_up(self, constants: Iterable[Term]) -> None:
        by_key = {key(c): c for c in constants}
        wanted = self._connection.table(pa.table({"key": pa.array(sorted(by_key), pa.string())}))
        rows = self.terms.join(wanted, "key").select("id", "key").to_pyarrow().to_pylist()
        self._ids.update({by_key[row["key"]]: row["id"] for row in rows})
