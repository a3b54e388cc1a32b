"""The durable store of Xiezhi: a journal that is the truth, Oxigraph that answers.

Two halves; each module imports only from below itself::

    embedded    open_store: the journal, then Oxigraph     workers     Service: strangers' queries
    backup      copies that prove themselves               checkpoints the frozen copies they read
    recovery    Oxigraph caught up, or made again          worker      one process that may die
    admission   which quads are taken in                   process     the server's handle on it
    quads       Oxigraph and its marker                    sandbox     no network, no programs
    journal     the hash-chained entries in SQLite         wire        frames on a pipe
    protocol    Store, Change, Receipt, Entry              formats     media types of answers
    delta       quads as bytes                             gate        what is run at all
    lock        one process for a folder                   turns       nobody takes all workers

The right half knows of the left only the protocol. Import the modules: this package is empty, so
that a worker starts in a few hundredths of a second.
"""
