"""The signature under a completed erasure, by which anybody can tell later that this installation said so.

Ed25519, with a key made from the installation's secret: the same on every gateway, and for as long as the secret is the
same. What is signed are the bytes of the status as JSON: without `signature`, keys sorted, no blanks, UTF-8.
"""

import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas.receipt import ErasureStatus


def signing_key(secret: bytes) -> Ed25519PrivateKey:
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"attune erasure receipts 1").derive(secret)
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_key(secret: bytes) -> bytes:
    """32 bytes."""
    return signing_key(secret).public_key().public_bytes_raw()


def signed(status: ErasureStatus, key: Ed25519PrivateKey) -> ErasureStatus:
    return status.model_copy(update={"signature": key.sign(signed_bytes(status)).hex()})


def is_signed(status: ErasureStatus, public: bytes) -> bool:
    """Whether the holder of that key has signed just this."""
    try:
        signature = bytes.fromhex(status.signature or "")
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed_bytes(status))
    except InvalidSignature:
        return False
    return True


def signed_bytes(status: ErasureStatus) -> bytes:
    body = status.model_dump(mode="json", exclude={"signature"})
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
