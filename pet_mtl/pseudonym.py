"""Pseudonyms: keyed hashes of study names, and the private files that stay beside a dataset.

Without the key a pseudonym cannot be tried against a list of names; with it, the same study
gets the same pseudonym in every conversion.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from pet_mtl.errors import UsageError

_KEY_BYTES = 32
_DIGITS = 16


def pseudonym(key: bytes, name: str) -> str:
    """HMAC-SHA256 of a name, 16 hexadecimal digits.

    Args:
        key: The dataset's secret key.
        name: The study's name in its source.

    Returns:
        The pseudonym.

    >>> pseudonym(b"key", "patient 1")
    '9bccbde405b93548'
    """
    return hmac.new(key, name.encode(), hashlib.sha256).hexdigest()[:_DIGITS]


def load_or_make_key(path: Path) -> bytes:
    """Reads the key, or makes one that only its owner can read.

    Args:
        path: Key file, beside the dataset and never in it.

    Returns:
        The key.

    Raises:
        UsageError: The file holds no key.
    """
    if not path.exists():
        write_private(path, secrets.token_hex(_KEY_BYTES) + "\n")
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise _no_key(path) from error
    if len(key) < _KEY_BYTES:
        raise _no_key(path)
    return key


def write_private(path: Path, text: str) -> None:
    """Writes a file of mode 0600 atomically; at no moment can others read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _no_key(path: Path) -> UsageError:
    return UsageError(
        "KEY_UNREADABLE",
        "the key file holds no key",
        expected=f"{2 * _KEY_BYTES} hexadecimal digits",
        todo="Give the key of the earlier conversion, or remove the file to get a new one",
        subject=str(path),
    )
