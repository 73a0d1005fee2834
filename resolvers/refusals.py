"""How a refusal of the domain looks on the wire: one channel, all violations at once."""

from __future__ import annotations

import enum
from typing import Any

import strawberry
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.utils.str_converters import to_camel_case

import models  # noqa: F401  every refusal of the domain must be known before the codes are listed
from models.kernel.errors import DomainError, every_code
from resolvers import context, scalars  # noqa: F401  the context refuses too

RefusalCode: Any = enum.Enum("RefusalCode", {code: code for code in every_code()})  # type: ignore[misc]
strawberry.enum(
    RefusalCode,
    description="Every code that a refusal may carry in `errors[].extensions.code` or in a violation.",
)


def shown(error: BaseException) -> dict[str, Any] | None:
    """Give what may be said of an error: everything of a refusal, nothing of a bug."""
    if isinstance(error, StrawberryInputCoercionError):
        error = scalars.NullNotAllowedError()
    if not isinstance(error, DomainError):
        return None
    found: dict[str, Any] = {
        "code": error.code,
        "message": error.message("en"),
        "messageZh": error.message("zh"),
        "action": error.remedy.value,
        "facts": error.data(),
        "violations": [
            {
                "path": [_wire(step) for step in single.path],
                "code": single.code,
                "message": single.message("en"),
                "messageZh": single.message("zh"),
            }
            for single in error
        ],
    }
    if error.cbc:
        found["cbc"] = error.cbc
    return found


def _wire(step: str | int) -> str | int:
    return to_camel_case(step) if isinstance(step, str) else step


@strawberry.type(description="A code of the contract, what it means, and what the caller can do.")
class Refusal:
    """One refusal code (拒绝代码)."""

    code: RefusalCode
    message_zh: str
    message_en: str
    action: str
    cbc: str | None


def every_refusal() -> list[Refusal]:
    """List the codes with their sentences; facts stand as {placeholders}."""
    return [
        Refusal(
            code=RefusalCode[code],
            message_zh=error.zh,
            message_en=error.en,
            action=error.remedy.value,
            cbc=error.cbc,
        )
        for code, error in every_code().items()
    ]
