"""Who may see and do what: roles as data, accounts and tokens, the audit trail.

::

    accounts    users, passwords, tokens, in SQLite       trail       who read, exported, was refused
    principal   whoever asks, with the rights he has
    policy      roles and compartments, read from the ontology

Nothing here knows of HTTP. :mod:`kb.store.replica` turns what a principal sees into the dataset of his
queries.
"""
