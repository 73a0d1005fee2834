"""What is left to see of a masked value, and the keyed hash that compares values unseen."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

# One length for all, so that a mask does not tell how long the value is.
HIDDEN: Final = "****"


def _keep(value: str, first: int, last: int = 0) -> str:
    if len(value) <= first + last:
        shown = len(value) // 2
        first = min(first, (shown + 1) // 2 if last else shown)
        last = min(last, shown - first)
    return value[:first] + HIDDEN + value[len(value) - last :] if value else ""


def mask_company(name: str) -> str:
    """Keep the first two and the last two characters of a company's name (COL-5.7.7)."""
    return _keep(name, 2, 2)


def mask_account(name: str) -> str:
    """Keep the first two characters of an account's name (COL-5.7.7)."""
    return _keep(name, 2)


def mask_mobile(number: str) -> str:
    """Keep the first three and the last four digits of a mobile number (COL-5.7.7)."""
    digits = re.sub(r"[^0-9]", "", number)
    if not digits:
        return HIDDEN if number else ""
    if len(digits) == 13 and digits.startswith("86"):
        return "+86 " + _keep(digits[2:], 3, 4)
    return _keep(digits, 3, 4)


def mask_email(address: str) -> str:
    """Keep the first character and the domain of an e-mail address (COL-5.7.7)."""
    mailbox, at, domain = address.rpartition("@")
    if not at:
        return _keep(address, 1)
    return (_keep(mailbox, 1) or HIDDEN) + at + domain


def mask_credit_code(code: str) -> str:
    """Keep the first two and the last two characters of a unified social credit code (COL-5.7.7)."""
    return _keep(code, 2, 2)


def mask_name(name: str) -> str:
    """Keep the first character of a person's name."""
    return _keep(name, 1)


def keyed_hash(value: str, key: bytes | str) -> str:
    """Answer 16 hexadecimal digits by which two values compare without being shown."""
    secret = key.encode() if isinstance(key, str) else key
    return hmac.new(secret, value.encode(), hashlib.sha256).hexdigest()[:16]
