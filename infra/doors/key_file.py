"""The keys, and the tokens that were called back, in a file that only its owner can read; a running service notices
when it changes."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.doors.keys import MIN_KEY_BYTES, KeyRing, TokenKey
from workers.errors import ConfigurationError

_OWNER_ONLY = 0o600


class KeyFile:
    """`infra.doors.keys.Keys` of a file. Reads it anew where it is another than before: a look costs 2 us."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._ring: KeyRing | None = None

    def __call__(self) -> KeyRing:
        """Raises `ConfigurationError` where it is gone, open to others, or no longer what we wrote."""
        try:
            found = self.path.stat()
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            if self._ring is None or seen != self._seen:
                self._ring, self._seen = read_ring(self.path), seen
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be read ({error.strerror}): mend its permissions") from error
        return self._ring


def read_ring(path: Path) -> KeyRing:
    """Raises `ConfigurationError`, which repeats nothing of the file, and `OSError`."""
    if path.stat().st_mode & 0o077:
        raise ConfigurationError(f"{path} holds keys and others can read it: chmod 600 {path}")
    try:
        ring = _ring(json.loads(path.read_text()))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _broken(path) from error
    if not ring.keys or ring.signing.until is not None:
        raise _broken(path)
    return ring


def rotate(path: Path, now: float, keep_seconds: float) -> KeyRing:
    """A new key in front of those in the file, or the first one. Raises as `read_ring` does."""
    with _alone(path):
        return _rotate(path, now, keep_seconds)


def made_once(path: Path, now: float) -> tuple[KeyRing, bool]:
    """The keys in the file, and whether it took a first one. Raises as `read_ring` does."""
    with _alone(path):
        if path.exists():
            return read_ring(path), False
        return _rotate(path, now, 0.0), True


def revoke(path: Path, token: str, now: float, until: float) -> KeyRing:
    """Calls one token back, by its id, and keeps that in mind until it has expired. Raises as `read_ring` does, and
    `ConfigurationError` where there are no keys yet."""
    with _alone(path):
        if not path.exists():
            raise ConfigurationError("there are no keys yet, so no token holds: `attune token rotate` makes the first")
        ring = read_ring(path).without(token, now, until)
        _write(path, ring)
        return ring


def _rotate(path: Path, now: float, keep_seconds: float) -> KeyRing:
    secret = secrets.token_bytes(MIN_KEY_BYTES)
    ring = read_ring(path).rotated(secret, now, keep_seconds) if path.exists() else KeyRing((TokenKey(secret, now),))
    _write(path, ring)
    return ring


def _write(path: Path, ring: KeyRing) -> None:
    """In one step: a service that reads it meanwhile finds the old file or the new one."""
    text = json.dumps({"keys": list(map(_document, ring.keys)), "revoked": dict(ring.revoked)}, indent=1)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)  # of a write that was cut off
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Of two who rotate at once, one would lose the other's key, and every token that it had signed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, _OWNER_ONLY), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _ring(document: dict[str, Any]) -> KeyRing:
    """An earlier release has called nothing back."""
    revoked = {str(token): float(until) for token, until in document.get("revoked", {}).items()}
    return KeyRing(tuple(map(_key, document["keys"])), revoked)


def _key(document: dict[str, Any]) -> TokenKey:
    until = document["until"]
    secret = bytes.fromhex(document["secret"])
    if len(secret) < MIN_KEY_BYTES:
        raise ValueError("a key is too short")
    return TokenKey(secret, float(document["made"]), None if until is None else float(until))


def _document(key: TokenKey) -> dict[str, Any]:
    return {"kid": key.kid, "secret": key.secret.hex(), "made": key.made, "until": key.until}


def _broken(path: Path) -> ConfigurationError:
    cure = "put the file of a backup there, or delete it and issue every token anew"
    return ConfigurationError(f"{path} does not hold keys as `attune token rotate` writes them: {cure}")
