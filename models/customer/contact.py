"""How phone numbers, e-mail addresses and credit codes of customers are to be written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from models.kernel.errors import DomainError
from models.kernel.values import valid_credit_code
from models.partner import CreditCodeInvalidError

MOBILE: Final = re.compile(r"(\+86[ -]?)?1[3-9][0-9]{9}")
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# What every mail server takes: plain ASCII, no quotes, no comments.
EMAIL: Final = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,24}}")


class FullWidthDigitsError(DomainError):
    """A number is written in full-width characters, by which nobody would find it again."""

    zh = "号码含有全角字符，请改用半角数字。"
    en = "The number has full-width characters; write it in plain digits."
    cbc = "CBC.0100"


class MobileInvalidError(DomainError):
    """The text is no mobile number of mainland China."""

    zh = "手机号码无效，须为 11 位中国大陆手机号，可加 +86。"
    en = "This is no mobile number of mainland China: 11 digits, with or without +86."
    cbc = "CBC.0100"


class EmailInvalidError(DomainError):
    """The text is no e-mail address."""

    zh = "邮箱地址无效。"
    en = "This is no e-mail address."
    cbc = "CBC.0100"


def mobile_violations(number: str | None, path: str) -> Iterator[DomainError]:
    """Say what is wrong with a mobile number."""
    if not number:
        return
    if unicodedata.normalize("NFKC", number) != number:
        yield FullWidthDigitsError(path=path)
    elif not MOBILE.fullmatch(number):
        yield MobileInvalidError(path=path)


def credit_code_violations(code: str | None, path: str) -> Iterator[DomainError]:
    """Say what is wrong with a unified social credit code."""
    if not code:
        return
    if unicodedata.normalize("NFKC", code) != code:
        yield FullWidthDigitsError(path=path)
    elif not valid_credit_code(code):
        yield CreditCodeInvalidError(path=path)


def email_violations(address: str | None, path: str) -> Iterator[DomainError]:
    """Say what is wrong with an e-mail address."""
    if address and not EMAIL.fullmatch(address):
        yield EmailInvalidError(path=path)
