"""Data that departments share: declared, delivered, judged by contract, quarantined or stored.

Each module imports only from below itself; the right half runs in a worker that may die::

    intake        what a department may do                  worker     reads one file, then ends
    incoming      a file as it was handed in
    promotion     an accepted delivery into the store       judging    records against shapes
    spool         between reading and storing               mapping    columns to triples
    process       the server's side of a worker             values     cells to literals
    quarantine    bad records, and why                      reading/   six formats, and what guards them
    cells         tables for spreadsheets
    deliveries    who handed in what
    lookups       what names may mean
    datasets      who delivers what, shared how
    contracts     shapes and table mapping, by name
    problems, csvw, errors                                  shared by both halves
"""
