"""The durable store of Xiezhi: a journal that is the truth, Oxigraph that answers.

Two halves; each module imports only from below itself::

    opening      which of the two            writing      strangers' updates and uploads
    embedded     Oxigraph in the folder      workers      Service: strangers' queries
    remote       a SPARQL server elsewhere   federation   SERVICE and LOAD, answered beforehand
    journalled   what both do                outgoing     … found in the text
    remote_quads, remote_results, server     agency       … asked, within limits
    backup       copies that prove           endpoint_rows, reach, endpoints
    recovery     caught up, or made again    views        what a reader may see
    admission    which quads are taken in    replica, checkpoints
    quads        Oxigraph and its marker     worker       one process that may die
    engine       what is below a journal     tasks        … for writes
    behind       applied a moment later      process      the server's handle on it
    journal      the hash-chained entries    sandbox      no network, no programs
    protocol     Store, Change, Receipt      wire         frames on a pipe
    delta        quads as bytes              formats      media types of answers
    lock         one process for a folder    gate, using  what is run at all
                                             turns        nobody takes all workers

``http`` and ``address`` serve both: HTTP to one server and to nowhere else.

The right half knows of the left only the protocol. Import the modules: this package is empty, so
that a worker starts in a few hundredths of a second.
"""
