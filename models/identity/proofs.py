"""What proves who somebody is: password hashes, secret tokens and signed statements."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from typing import Any, Final

import jwt
from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

ALGORITHM: Final = "HS256"
_hasher: Final = PasswordHasher()
# Each hash takes 64 MiB; more at once would let strangers who guess passwords eat the memory.
_limiter: Final = CapacityLimiter(4)
# What an unknown login is compared with, so that it takes the time of a known one.
_NOBODY: Final = "$argon2id$v=19$m=65536,t=3,p=4$HE6QF7+DVHmSjkzhWTbhoA$IW5nQFerJKTweQ7mq2iyEw5Ie/WO9DX+jf2Onw+SROE"


def hash_now(password: str) -> str:
    """Hash a password with argon2id, where no event loop would be kept waiting."""
    return _hasher.hash(password)


async def hash_password(password: str) -> str:
    """Hash a password with argon2id, off the event loop."""
    return await to_thread.run_sync(_hasher.hash, password, limiter=_limiter)


async def password_fits(password: str, password_hash: str | None) -> bool:
    """Tell whether a password belongs to a hash; without a hash it takes the same time and never fits."""
    fits = await to_thread.run_sync(_verify, password_hash or _NOBODY, password, limiter=_limiter)
    return fits and password_hash is not None


def outdated(password_hash: str) -> bool:
    """Tell whether a hash was made with weaker parameters than today's."""
    try:
        return _hasher.check_needs_rehash(password_hash)
    except InvalidHashError:
        return False


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def initial_password() -> str:
    """Make a password for the first sign-in, after which it must be changed."""
    return secrets.token_urlsafe(12)


def new_secret(prefix: str) -> str:
    """Make a secret with 256 bits of chance; the prefix says what it is for."""
    return f"{prefix}_{base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b'=').decode()}"


def hash_secret(secret: str) -> str:
    """Hash a secret that is too long to be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two hashes in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def derive_key(secret: str, purpose: str) -> bytes:
    """Make the key of one purpose from the installation's secret."""
    return hmac.new(secret.encode(), f"partner-center/{purpose}".encode(), hashlib.sha256).digest()


def keyed(text: str, key: bytes) -> str:
    """Hash a text that could be guessed, such as a login, with a key."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def sign(purpose: str, key: bytes, *, until: dt.datetime, **facts: Any) -> str:
    """Sign facts for one purpose until an instant."""
    return jwt.encode({**facts, "aud": purpose, "exp": int(until.timestamp())}, key, algorithm=ALGORITHM)


def read_signed(text: str, purpose: str, key: bytes, *, now: dt.datetime) -> dict[str, Any] | None:
    """Read signed facts, or nothing where signature, purpose or time do not hold."""
    # That a text was signed with a key never changes, and every write has its caller looked up anew.
    digest = hashlib.sha256(text.encode()).digest(), purpose, key
    facts = _signed.get(digest)
    if facts is None:
        facts = _checked(text, purpose, key)
        if facts is None:
            return None
        if len(_signed) >= MOST_SIGNED:
            _signed.clear()
        _signed[digest] = facts
    until = facts["exp"]
    return dict(facts) if isinstance(until, int) and now.timestamp() < until else None


MOST_SIGNED: Final = 2_000
_signed: dict[tuple[bytes, str, bytes], dict[str, Any]] = {}
"""What recent texts say whose signature held, under their hashes."""


def _checked(text: str, purpose: str, key: bytes) -> dict[str, Any] | None:
    try:
        facts: dict[str, Any] = jwt.decode(
            text,
            key,
            algorithms=[ALGORITHM],
            audience=purpose,
            # The clock is the caller's, here as everywhere.
            options={"require": ["exp", "aud"], "verify_exp": False},
        )
    except jwt.InvalidTokenError:
        return None
    return facts
