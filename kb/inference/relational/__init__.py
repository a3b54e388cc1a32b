"""The relational executor: the same rules over all facts at once, in a database.

``keys``        terms as text: what a column of facts holds
``connection``  DuckDB in this process, or Spark here or on a cluster
``guard``       one derivation under watch: what it may take
``lexicon``     terms as numbers, in the database
``families``    what kinds of values terms have, and the typed columns that hold them
``relations``   the facts by predicate: the base graph, and what rules derived
``sizes``       how big relations are
``ordering``    the order of joins, by those sizes
``solutions``   the solutions of a body so far: a table with a column for each variable
``columns``     the typed columns that an expression needs
``making``      terms that the database makes
``native``      conditions as comparisons of typed columns
``conditions``  FILTER and SET over solutions
``bodies``      rule bodies as joins
``heads``       what solutions add
``lowering``    patterns that look into triple terms as patterns that do not
``executor``    strata run in order
"""
