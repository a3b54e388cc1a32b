"""Whether RDF keeps its contract: SHACL, checked by one engine behind one door.

::

    shapes       compiled shapes, what of the data breaks them      shacl (Rust, pinned)
    wellformed   what shapes must satisfy before anybody trusts them
    violation    one thing that breaks a shape, as an object
    sentences    a sentence for shapes that have none
    measuring    the engine beside pySHACL, the reference

Data are N-Triples or triples; nothing is fetched, no ``owl:imports`` followed, no regular expression
backtracks. What strangers sent is checked in a worker (:mod:`kb.store.workers`) all the same: a property path
over a long chain takes its time.

::

    InputError
    ├── ShapesFault   validation.syntax, .list, .path, .node, .closed, .term, .nested, .recursive, .query,
    │                 .steps, .engine
    └── DataFault     validation.data, .depth
"""
