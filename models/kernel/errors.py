"""Every refusal that the domain can utter, as a named class with a stable code."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import re
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from models.kernel.words import Lang, Word


class Remedy(Word):
    """What the caller can do about a refusal (处理建议)."""

    CORRECT_INPUT = "CORRECT_INPUT", "修改输入后重试", "Correct the input"
    RETRY = "RETRY", "请重试", "Try again"
    CONTACT_SUPPORT = "CONTACT_SUPPORT", "请联系支持人员", "Contact support"


Path = tuple[str | int, ...]


class DomainError(Exception):
    """A refusal (拒绝) that the caller may read; its code is part of the public contract.

    `zh` and `en` are sentences with the facts as `{placeholders}`; facts also travel as data. `path` names the field of
    the input that is at fault.
    """

    zh: ClassVar[str] = "请求被拒绝。"
    en: ClassVar[str] = "The request was refused."
    remedy: ClassVar[Remedy] = Remedy.CORRECT_INPUT
    cbc: ClassVar[str | None] = None
    code: ClassVar[str] = "DOMAIN"

    _by_code: ClassVar[dict[str, type[DomainError]]] = {}

    def __init_subclass__(cls) -> None:
        """Derive the public code from the class name and refuse a second owner of it."""
        super().__init_subclass__()
        if not cls.__name__.endswith("Error"):
            raise TypeError(f"{cls.__name__} must end in 'Error'")
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__.removesuffix("Error")).upper()
        known = cls._by_code.setdefault(cls.code, cls)
        if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"two refusals would share the code {cls.code}")

    def __init__(self, *, path: Path | str = (), **facts: Any) -> None:
        self.path: Path = (path,) if isinstance(path, str) else path
        self.facts = facts
        super().__init__(self.message("en"))

    def message(self, lang: Lang) -> str:
        """Say the refusal in one sentence a partner can act on."""
        sentence: str = self.zh if lang == "zh" else self.en
        return sentence.format(**{name: _spoken(fact, lang) for name, fact in self.facts.items()})

    def data(self) -> dict[str, Any]:
        """Give the facts as plain data."""
        return {name: _plain(fact) for name, fact in self.facts.items()}

    def __iter__(self) -> Iterator[DomainError]:
        """Give the single refusals that this one consists of."""
        yield self

    def under(self, *prefix: str | int) -> DomainError:
        """Move the path below another field, as lists of inputs need."""
        self.path = (*prefix, *self.path)
        return self


def _spoken(fact: Any, lang: Lang) -> str:
    if hasattr(fact, "zh") and hasattr(fact, "en"):
        return str(getattr(fact, lang))
    if isinstance(fact, (list, tuple, set, frozenset)):
        return ("、" if lang == "zh" else ", ").join(_spoken(one, lang) for one in fact)
    return str(fact)


def _plain(fact: Any) -> Any:
    if isinstance(fact, enum.Enum):
        return fact.value
    if isinstance(fact, (list, tuple, set, frozenset)):
        return [_plain(one) for one in fact]
    if isinstance(fact, (dt.date, dt.datetime, decimal.Decimal, uuid.UUID)):
        return str(fact)
    return fact


class InvalidInputError(DomainError):
    """Several refusals at once (输入无效)."""

    zh = "输入有 {count} 处问题，请逐项修改。"
    en = "The input has {count} problems; correct each of them."

    def __init__(self, violations: Iterable[DomainError]) -> None:
        self.violations = tuple(violations)
        super().__init__(count=len(self.violations))

    def __iter__(self) -> Iterator[DomainError]:
        return iter(self.violations)

    def under(self, *prefix: str | int) -> DomainError:
        """Move each violation below another field."""
        for violation in self.violations:
            violation.under(*prefix)
        return self


def refuse(errors: Iterable[DomainError | None]) -> None:
    """Raise what was found, all at once; do nothing where nothing was."""
    found = [single for error in errors if error is not None for single in error]
    if len(found) == 1:
        raise found[0]
    if found:
        raise InvalidInputError(found)


def every_code() -> dict[str, type[DomainError]]:
    """List each code of the contract with the class that utters it."""
    return dict(sorted(DomainError._by_code.items()))


class NotFoundError(DomainError):
    """Not there, or not the caller's; the two cannot be told apart (COL-2.8.1)."""

    zh = "没有找到该记录。"
    en = "There is no such record."


class PermissionDeniedError(DomainError):
    """The actor's roles do not grant this."""

    zh = "您没有执行此操作的权限（{permission}）。"
    en = "This needs the permission {permission}."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0151"


class StaleVersionError(DomainError):
    """The record changed since the caller read it."""

    zh = "记录已被更新（当前版本 {current}，您读取的版本 {given}），请刷新后重试。"
    en = "The record has changed (it is at version {current}, you read {given}); read it again and retry."
    remedy = Remedy.RETRY


class TransitionNotAllowedError(DomainError):
    """The lifecycle has no such step from the present state."""

    zh = "当前状态“{status}”下不能执行“{action}”。"
    en = "“{action}” is not possible while the state is “{status}”."
    cbc = "CBC.0155"


class ReasonRequiredError(DomainError):
    """The step needs a reason."""

    zh = "请填写原因。"
    en = "Give a reason."


class ReasonCodeNotAllowedError(DomainError):
    """The reason code does not belong to this step."""

    zh = "原因代码“{reason}”不适用于此操作。"
    en = "The reason code “{reason}” does not apply to this step."


class FieldRequiredError(DomainError):
    """A mandatory field is empty."""

    zh = "此项为必填项。"
    en = "This field is required."
    cbc = "CBC.0100"


class LengthError(DomainError):
    """A text is too short or too long."""

    zh = "长度须为 {minimum} 至 {maximum} 个字符，当前 {length} 个。"
    en = "The length must be {minimum} to {maximum} characters; it is {length}."
    cbc = "CBC.0100"


def too_long(text: str | None, path: str, maximum: int) -> LengthError | None:
    """Say that a text that may be absent is longer than it may be."""
    length = len(text or "")
    return LengthError(path=path, minimum=0, maximum=maximum, length=length) if length > maximum else None


class ValueNotAllowedError(DomainError):
    """A value outside what the field may hold."""

    zh = "取值无效：{value}。"
    en = "The value {value} is not allowed here."
    cbc = "CBC.0100"


class FieldNotWritableError(DomainError):
    """The field may not be written by this actor, or not in this state."""

    zh = "您不能修改此字段。"
    en = "You may not write this field now."
    cbc = "CBC.0151"


class MaskedInputError(DomainError):
    """The input equals the field's own mask (COL-2.5 guard 6)."""

    zh = "输入的是脱敏后的值，请填写真实值。"
    en = "This is the masked value; enter the real one."


class FieldNotSearchableError(DomainError):
    """The actor may not search or sort by this field."""

    zh = "您不能按此字段搜索或排序。"
    en = "You may not search or sort by this field."
    cbc = "CBC.0151"


class FieldNotRevealableError(DomainError):
    """The actor may not reveal this field."""

    zh = "您不能查看此字段的明文。"
    en = "You may not reveal this field."
    cbc = "CBC.0151"


class PageSizeError(DomainError):
    """A page size outside 0…100, or both directions at once."""

    zh = "分页大小须为 0 至 {maximum}，且 first 与 last 不能同时使用。"
    en = "The page size must be 0 to {maximum}, by first or by last, not both."


class InvalidCursorError(DomainError):
    """A cursor that this list did not give out."""

    zh = "分页游标无效，请从第一页重新查询。"
    en = "The cursor is not valid for this list; start from the first page."


class IdempotencyKeyRequiredError(DomainError):
    """A tool repeats calls, so it must name each."""

    zh = "使用令牌调用时必须提供 idempotencyKey。"
    en = "Calls with an API token need an idempotencyKey."


class IdempotencyKeyReusedError(DomainError):
    """The key was used with another input."""

    zh = "该 idempotencyKey 已用于不同的输入。"
    en = "This idempotencyKey was used with another input."


class TryAgainError(DomainError):
    """Too much contention; nothing was changed."""

    zh = "系统繁忙，未做任何更改，请稍后重试。"
    en = "The system is busy; nothing was changed, try again."
    remedy = Remedy.RETRY
    cbc = "CBC.0250"
