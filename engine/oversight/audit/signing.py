"""Keys that sign checkpoints (Ed25519, RFC 8032). The private key is a file outside of the database.

A public key is written as 64 hexadecimal digits; its id is the beginning of their SHA-256.
"""

import hashlib
import os
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from engine.platform.errors import Unusable

PRIVATE = 0o600  # nobody else may read it

log = structlog.get_logger("audit")


@dataclass(frozen=True, slots=True)
class Key:
    """A private key with its public part."""

    public: str
    _private: Ed25519PrivateKey

    @property
    def id(self) -> str:
        """The id of the key."""
        return key_id(self.public)

    def sign(self, content: bytes) -> str:
        """Returns the signature, in base64."""
        return b64encode(self._private.sign(content)).decode()


def key_id(public: str) -> str:
    """Returns the id of a public key."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:16]


def verifies(public: str, signature: str, content: bytes) -> bool:
    """Returns whether the signature of this content is of this key."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(
            b64decode(signature, validate=True), content
        )
    except (InvalidSignature, NotBase64, ValueError):
        return False
    return True


def read(path: Path) -> Key | None:
    """Returns the key in a file, None if there is no such file. Raises Unusable for any other content."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as failure:
        raise Unusable(f"The audit key {path} can't be read: {failure.strerror}.") from failure
    try:
        private = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as cause:
        raise Unusable(f"{path} is not a private key in PEM without a passphrase.") from cause
    if not isinstance(private, Ed25519PrivateKey):
        raise Unusable(f"{path} is not an Ed25519 key. Create one with: python -m engine audit key --new")
    return _key(private)


def create(path: Path) -> Key:
    """Creates a key in a new file that only its owner can read. Raises Unusable if the file exists."""
    private = Ed25519PrivateKey.generate()
    content = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    except FileExistsError as cause:
        raise Unusable(f"{path} already exists. A key is never overwritten.") from cause
    except OSError as failure:
        raise Unusable(f"The audit key {path} can't be written: {failure.strerror}.") from failure
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    return _key(private)


def has_signed(path: Path) -> bool:
    """Returns whether the key in this file, or one before it, has signed a checkpoint: see `note_signed`."""
    return _signed(path).exists()


def note_signed(path: Path, number: int) -> None:
    """Notes next to the key that it has signed a checkpoint: who owns the database can't change that."""
    try:
        _signed(path).write_text(f"{number}\n")
    except OSError as failure:
        log.warning("audit.signature-not-noted", path=str(_signed(path)), error=failure.strerror)


def _signed(path: Path) -> Path:
    return path.with_suffix(".signed")


def is_public_key(text: str) -> bool:
    """Returns whether a text has the form of a public key."""
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


def public_key(text: str) -> str:
    """Returns a public key given as hexadecimal digits, or as the name of a PEM file. Raises Unusable."""
    if is_public_key(text.lower()):
        return text.lower()
    try:
        content = Path(text).read_bytes()
        public = load_pem_public_key(content)
    except (OSError, ValueError, UnsupportedAlgorithm) as cause:
        raise Unusable(
            f"{text!r} is neither 64 hexadecimal digits nor a file with a public key in PEM."
        ) from cause
    if not isinstance(public, Ed25519PublicKey):
        raise Unusable(f"{text} is not an Ed25519 key.")
    return public.public_bytes_raw().hex()


def _key(private: Ed25519PrivateKey) -> Key:
    return Key(private.public_key().public_bytes_raw().hex(), private)
