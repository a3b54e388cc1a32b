"""The master key: 32 random bytes that wrap all data keys. It is never stored beside the data.

It comes from ``XIEZHI_KEY`` (the key itself, in base64) or from the file that ``XIEZHI_KEY_FILE`` names, as
containers and service managers hand out secrets.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kb.errors import Text
from kb.sharing.personal import PersonalFault

KEY, FILE = "XIEZHI_KEY", "XIEZHI_KEY_FILE"
BYTES = 32
NONCE = 12
HOW = Text(
    f"用 xiezhi key new FILE 生成密钥，再设置环境变量 {FILE}=FILE",
    f"make a key with xiezhi key new FILE and set {FILE}=FILE in the environment",
)


@dataclass(frozen=True)
class Master:
    """A master key; *id* tells it from others and gives nothing away."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """The first 16 digits of a hash of the key."""
        return hashlib.sha256(b"xiezhi master key" + self.secret).hexdigest()[:16]

    @classmethod
    def new(cls) -> Self:
        """Return a new key."""
        return cls(os.urandom(BYTES))

    @classmethod
    def of_text(cls, text: str, where: str) -> Self:
        """Return the key that *text* writes in base64.

        :raises PersonalFault: ``personal.key``.
        """
        try:
            secret = base64.b64decode(text.strip(), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if len(secret) != BYTES:
            zh, en = f"不是 {BYTES} 字节的 base64 密钥", f"this is no key: {BYTES} bytes in base64"
            raise PersonalFault.of("personal.key", zh, en, where=where, repair=HOW)
        return cls(secret)

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """Return the key in the file *path*.

        :raises PersonalFault: ``personal.key-file`` if it cannot be read, or everybody can read it;
            ``personal.key``.
        """
        try:
            if path.stat().st_mode & 0o007:
                raise PersonalFault.of(
                    "personal.key-file",
                    "密钥文件对所有人开放",
                    "everybody may read the key file",
                    where=str(path),
                    repair=(f"chmod 600 {path}", f"chmod 600 {path}"),
                )
            return cls.of_text(path.read_text(encoding="ascii"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            zh, en = f"密钥文件无法读取：{error}", f"the key file cannot be read: {error}"
            raise PersonalFault.of("personal.key-file", zh, en, where=str(path), repair=HOW) from error

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> Self | None:
        """Return the key that is configured; ``None`` if none is.

        :raises PersonalFault: what is configured is no key.
        """
        if text := environment.get(KEY):
            return cls.of_text(text, KEY)
        if name := environment.get(FILE):
            return cls.of_file(Path(name))
        return None

    def write(self, path: Path) -> None:
        """Write the key into the new file *path*, readable by its owner alone.

        :raises PersonalFault: ``personal.key-file``, there is such a file, or it cannot be written.
        """
        text = base64.urlsafe_b64encode(self.secret) + b"\n"
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            zh, en = f"密钥文件无法写入：{error}", f"the key file cannot be written: {error}"
            raise PersonalFault.of("personal.key-file", zh, en, where=str(path)) from error

    def wrap(self, secret: bytes, place: bytes) -> bytes:
        """Return *secret*, a data key or more, encrypted, to be opened only for *place*."""
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self.secret).encrypt(nonce, secret, place)

    def unwrap(self, wrapped: bytes, place: bytes) -> bytes:
        """Return what :meth:`wrap` encrypted.

        :raises PersonalFault: ``personal.unreadable``, it was altered, or is of another key or place.
        """
        try:
            return AESGCM(self.secret).decrypt(wrapped[:NONCE], wrapped[NONCE:], place)
        except (InvalidTag, ValueError) as error:
            raise unreadable() from error


def unreadable() -> PersonalFault:
    """Return the error of what does not open: altered, moved, or of another key."""
    return PersonalFault.of(
        "personal.unreadable",
        "密文无法解开：被改动、被移动，或密钥不对",
        "the ciphertext does not open: it was altered or moved, or the key is another one",
        repair=(
            "核对密钥；用 xiezhi audit verify 检查日志",
            "check the key, and the journal: xiezhi audit verify",
        ),
    )
