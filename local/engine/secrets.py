"""Pulumi's passphrase secrets: the same salt line and ciphertext that the CLI writes and reads.

Format: pulumi/pulumi `sdk/go/common/resource/config/crypt.go` and `pkg/secrets/passphrase/manager.go`.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
from base64 import b64decode, b64encode
from functools import cache, cached_property
from typing import Any, Final

from local.engine.errors import EngineError

ROUNDS: Final = 1_000_000
_KEY_BYTES: Final = 32
_SALT_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_VERSION: Final = "v1"


class WrongPassphraseError(EngineError):
    """The passphrase does not open these secrets."""


class Crypter:
    """Encrypts and decrypts with the key that a passphrase and a salt give."""

    def __init__(self, passphrase: str, salt: bytes, proof: str | None = None) -> None:
        self._passphrase = passphrase
        self._salt = salt
        self._proof = proof
        self._lock = threading.Lock()
        self._key: Any = None

    def warm_up(self) -> None:
        """Derive the key in the background: a million rounds take a third of a second."""
        threading.Thread(target=self._derive).start()

    def check(self) -> None:
        """Refuse a wrong passphrase now.

        Raises:
            WrongPassphraseError: the passphrase is another one.
        """
        _ = self._cipher

    def _derive(self) -> None:
        # A wrong passphrase is told where a secret is first needed.
        with contextlib.suppress(WrongPassphraseError):
            self.check()

    @property
    def _cipher(self) -> Any:
        with self._lock:
            if self._key is None:
                key = self._make_key()
                if self._proof is not None:
                    _open(key, self._proof)
                self._key = key
            return self._key

    def _make_key(self) -> Any:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

        derive = PBKDF2HMAC(algorithm=SHA256(), length=_KEY_BYTES, salt=self._salt, iterations=ROUNDS)
        return AESGCM(derive.derive(self._passphrase.encode()))

    def encrypt(self, plaintext: str) -> str:
        """Return `v1:<nonce>:<ciphertext>`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, plaintext.encode(), None)
        return f"{_VERSION}:{b64encode(nonce).decode()}:{b64encode(sealed).decode()}"

    def decrypt(self, ciphertext: str) -> str:
        """Return the plain text.

        Raises:
            WrongPassphraseError: the passphrase is another one, or the text was changed.
        """
        return _open(self._cipher, ciphertext)

    @cached_property
    def salt_line(self) -> str:
        """What a state or a stack file keeps, so that a passphrase can be checked: `v1:<salt>:<proof>`."""
        return f"{_VERSION}:{b64encode(self._salt).decode()}:{self._proof or self.encrypt('pulumi')}"


def _open(cipher: Any, ciphertext: str) -> str:
    from cryptography.exceptions import InvalidTag

    try:
        version, nonce, sealed = ciphertext.split(":")
        if version != _VERSION:
            raise WrongPassphraseError(f"secret of version {version!r}: only {_VERSION!r} can be read")
        return str(cipher.decrypt(b64decode(nonce), b64decode(sealed), None), "utf-8")
    except (InvalidTag, ValueError) as error:
        raise WrongPassphraseError(
            "the passphrase does not open the secrets: set PULUMI_CONFIG_PASSPHRASE to the one that the "
            "stack was made with",
        ) from error


def new_crypter(passphrase: str) -> Crypter:
    """A crypter with a salt of its own."""
    return Crypter(passphrase, secrets.token_bytes(_SALT_BYTES))


@cache
def crypter_for(passphrase: str, salt_line: str) -> Crypter:
    """The crypter of an existing salt line; a wrong passphrase is told when a secret is first needed.

    There is one for each line, so that what warms it up warms it up for everybody.

    Raises:
        WrongPassphraseError: the line cannot be read.
    """
    parts = salt_line.split(":", 2)
    if len(parts) != 3 or parts[0] != _VERSION:  # noqa: PLR2004 -- version, salt, proof
        raise WrongPassphraseError(f"encryption salt {salt_line!r}: expected {_VERSION}:<salt>:<proof>")
    return Crypter(passphrase, b64decode(parts[1]), parts[2])


def encrypt_json(crypter: Crypter, value: Any) -> str:
    """Encrypt a property value as the checkpoint does: its JSON text."""
    return crypter.encrypt(json.dumps(value, separators=(",", ":")))
