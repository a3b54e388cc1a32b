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

    :raises StoreError: ``release.altered``: the files of the release in force are not what was approved.
    """
    release = in_force(life.read(store).values(), on)
    return shipped() if release is None or release.shipped else archive.open(release.digest)


def remember(store: Store, archive: Archive, on: date) -> None:
    """Keep and record what the product ships, if it is new; call it once that was loaded without a fault."""
    base = shipped()
    name = digest(base)
    if name not in life.read(store):
        archive.keep(base)
        life.record(store, Release(name, "xiezhi"), Event("ship", ACTOR, life.now(), effective=on))
