"""Personal fields: kept encrypted, shown masked, told only to who says why, gone when their time is over.

::

    vault       what may be done: seal, read, erase, expire, rotate         《个人信息保护法》§§ 28, 47, 51
    sealing     one delivery's personal fields on their way into the store
    ciphertext  one value, bound to its place
    ring        data keys, wrapped by the master key, in a file beside the journal
    master      the master key, from the environment
    masking     what of a value everybody may see
    retention   until when it is kept

It lies in :mod:`kb.sharing`, below the intake: promotion must seal what it stores, and a package above would
have to be called back through two layers.

**What holds.** A value stands in ``personal/<department>/<dataset>`` as ciphertext of AES-256-GCM whose
associated data are graph, record and property: moved to another place, it does not open. Its data key serves
one record as it was in one delivery. Data keys are not in the journal, and **a data key lives exactly as long
as the store holds a ciphertext of it** (:class:`~kb.sharing.personal.vault.Vault` listens to every change):
whatever removes a record, be it a new delivery, a withdrawal, the end of its retention or the person's wish,
also makes unreadable what journal and backups hold of it.

**What does not.** Copies of ``personal-keys.sqlite`` keep keys that the original has erased, and so may the
free blocks of a disk: they are of no use without the master key, so rotate it (``xiezhi key rotate``) and
destroy the old one.

::

    InputError
    ├── PersonalFault   personal.no-key, .key, .key-file, .other-key, .unreadable, .erased, .reason,
    │                   .retention
    └── NotFound        personal.none
"""

from __future__ import annotations

from kb.errors import InputError


class PersonalFault(InputError):
    """A personal field cannot be sealed, opened or told."""
