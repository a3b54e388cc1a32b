"""One personal value as ciphertext: a literal ``<key id>.<nonce and ciphertext in base64>``."""

from __future__ import annotations

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pyoxigraph import Literal, Quad

from kb.namespaces import xz
from kb.sharing.personal.master import NONCE, unreadable
from kb.store.protocol import Term
from kb.validation.violation import term

TYPE = xz("Ciphertext")


def seal(quad: Quad, key_id: str, key: bytes) -> Quad:
    """Return *quad*, whose object is the value and which stands where the ciphertext shall, encrypted."""
    nonce = os.urandom(NONCE)
    sealed = AESGCM(key).encrypt(nonce, str(quad.object).encode(), place(quad))
    text = f"{key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"
    return Quad(quad.subject, quad.predicate, Literal(text, datatype=TYPE), quad.graph_name)


def unseal(quad: Quad, key: bytes) -> Term:
    """Return the value that :func:`seal` encrypted.

    :raises PersonalFault: ``personal.unreadable``, altered, moved, or of another key.
    """
    try:
        raw = base64.b64decode(_text(quad).partition(".")[2], altchars=b"-_", validate=True)
        return term(AESGCM(key).decrypt(raw[:NONCE], raw[NONCE:], place(quad)).decode())
    except (InvalidTag, binascii.Error, ValueError) as error:
        raise unreadable() from error


def key_id(quad: Quad) -> str:
    """Return which data key *quad* is encrypted with; "" if it is no ciphertext."""
    return _text(quad).partition(".")[0]


def place(quad: Quad) -> bytes:
    """Return graph, subject and property, each behind its length: what the ciphertext is bound to."""
    return bound(str(quad.graph_name), str(quad.subject), quad.predicate.value)


def bound(*names: str) -> bytes:
    """Return *names*, each behind its length, so that no two lists look alike."""
    parts = [name.encode() for name in names]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _text(quad: Quad) -> str:
    value = quad.object
    return value.value if isinstance(value, Literal) and value.datatype == TYPE else ""
