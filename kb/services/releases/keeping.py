"""Which knowledge a store is opened with, and the record of it.

Whatever was ever in force is kept: what the product ships as soon as it is first used, what people approve
when they draft it. So every incident can be replayed under the knowledge of its day.
"""

from __future__ import annotations

from datetime import date

from kb.ontology.knowledge import Knowledge, shipped
from kb.services.releases import life
from kb.services.releases.archive import Archive, digest
from kb.services.releases.calendar import in_force
from kb.services.releases.life import Event, Release
from kb.store.protocol import Store

ACTOR = "xiezhi"


def current(store: Store, archive: Archive, on: date) -> Knowledge:
    """Return the knowledge in force on the day *on*: the release approved for it, else what is shipped.

    What is shipped is kept and recorded if it is new.

    :raises StoreError: ``release.altered``: the files of the release in force are not what was approved.
    """
    base = shipped()
    releases = life.read(store)
    name = digest(base)
    if name not in releases:
        archive.keep(base)
        event = Event("ship", ACTOR, life.now(), effective=on)
        releases[name] = life.record(store, Release(name, "xiezhi"), event)
    release = in_force(releases.values(), on)
    return base if release is None or release.shipped else archive.open(release.digest)
