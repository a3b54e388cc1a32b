"""The catalogue of shared data: what there is, how good it is, how it is handed out.

It reads what :mod:`kb.sharing` takes in, and writes nothing but measurements. Each module imports only from
below itself::

    catalogue     the whole, page by page: what a harvester reads, what a reader may know of
    dcat          one dataset in DCAT 3, with policy, terms, measurements and distributions
    download      the records of a dataset as a file
    shared        what rests on which dataset: asked of every recommendation
    quality       measures deliveries and days, as DQV
    metrics       what is measured: one figure divided by another, as the ontology says
    void          how many triples, members and properties: counted, written as VoID
    trend         what was measured over time
    freshness     the last good delivery against the limit
    shelf         the datasets, their deliveries and their fields
    kept          answers that are remembered until the store changes
"""
