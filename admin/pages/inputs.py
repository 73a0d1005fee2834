"""What a form asks for, and how what somebody typed becomes values of the domain."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from uuid import UUID

from starlette.datastructures import FormData

from admin.pages.fields import beijing, meant
from admin.words import say, spoken
from models.kernel.amend import field_path
from models.kernel.calendar import BEIJING
from models.kernel.errors import DomainError, FieldRequiredError, ValueNotAllowedError
from models.kernel.values import Money, parse_public_id, public_id
from models.kernel.values.money import InvalidAmountError
from models.kernel.words import Word
from models.labels import field_label

Kind = Literal[
    "text",
    "area",
    "choice",
    "flag",
    "day",
    "instant",
    "money",
    "number",
    "many",
    "record",
    "person",
    "password",
]


@dataclass(frozen=True)
class Input:
    """One field of a form (表单项); `words`, `reference` or `options` say what may be chosen."""

    name: str
    kind: Kind = "text"
    required: bool = False
    words: type[Word] | None = None
    reference: Mapping[str, Any] | None = None
    options: Sequence[tuple[str, str]] | None = None
    label: str | None = None
    row_type: str = ""
    prefix: str | None = None
    currency: str = "CNY"
    hint: str | None = None
    longest: int = 2000

    @property
    def title(self) -> str:
        """Give the field's label."""
        return say(self.label) if self.label else field_label(self.name, spoken(), self.row_type)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """List the codes that may be chosen with their labels."""
        if self.options is not None:
            return list(self.options)
        if self.words is not None:
            return [(word.value, word.label(spoken())) for word in self.words]
        return [(code, entry.label(spoken())) for code, entry in (self.reference or {}).items()]


@dataclass
class Filled:
    """A form as somebody filled it in (已填表单): what he typed, what it means, and what is wrong with it."""

    texts: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    general: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Tell whether nothing is wrong so far."""
        return not self.errors and not self.general

    def refuse(self, error: DomainError, inputs: Iterable[Input] = ()) -> None:
        """Put each refusal beside the field that it speaks of, or above the form."""
        names = {field_path(one.name): one.name for one in inputs} | {one.name: one.name for one in inputs}
        names |= {"reasonCode": "reason_code", "reason": "reason", "fields": "fields"}
        for single in error:
            name = names.get(str(single.path[0])) if single.path else None
            if name is None:
                self.general.append(single.message(spoken()))
            else:
                self.errors.setdefault(name, []).append(single.message(spoken()))


def fill(inputs: Iterable[Input], form: FormData, *, prefix: str = "") -> Filled:
    """Read what was typed; what cannot be read is a refusal beside its field."""
    filled = Filled()
    for one in inputs:
        given = form.getlist(prefix + one.name) if one.kind == "many" else form.get(prefix + one.name)
        filled.texts[one.name] = given
        try:
            filled.values[one.name] = _value(one, given)
        except DomainError as error:
            filled.errors[one.name] = [error.message(spoken())]
    return filled


def filled_with(inputs: Iterable[Input], values: Mapping[str, Any]) -> Filled:
    """Write the present values of a record into a form."""
    return Filled(texts={one.name: _text(one, values.get(one.name)) for one in inputs})


def _value(one: Input, given: Any) -> Any:
    if one.kind == "flag":
        return given is not None
    if one.kind == "many":
        codes = [str(code) for code in given]
        _allowed(one, codes)
        if one.required and not codes:
            raise FieldRequiredError()
        return [meant(one.words, code) for code in codes] if one.words else codes
    text = given if one.kind == "password" else str(given or "").strip()
    if not text:
        if one.required:
            raise FieldRequiredError()
        return None
    if len(text) > one.longest:
        raise ValueNotAllowedError(value=f"> {one.longest}")
    return _typed(one, text)


def _typed(one: Input, text: str) -> Any:
    try:
        match one.kind:
            case "choice":
                _allowed(one, [text])
                return meant(one.words, text) if one.words else text
            case "day":
                return dt.date.fromisoformat(text)
            case "instant":
                return dt.datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(dt.UTC)
            case "money":
                return Money.parse(text.replace(",", ""), one.currency).text
            case "number":
                return int(text)
            case "person":
                _allowed(one, [text])
                return parse_public_id(text)[1]
            case "record":
                prefix, id_ = parse_public_id(text)
                if one.prefix not in (None, prefix):
                    raise ValueNotAllowedError(value=text)
                return id_
    except (ValueError, InvalidAmountError, OverflowError):
        raise ValueNotAllowedError(value=text) from None
    return text


def _allowed(one: Input, codes: Iterable[str]) -> None:
    known = {code for code, _ in one.choices}
    for code in codes:
        if code not in known:
            raise ValueNotAllowedError(value=code)


def _text(one: Input, value: Any) -> Any:
    if value is None:
        return [] if one.kind == "many" else ""
    if one.kind == "instant":
        return beijing(value, "%Y-%m-%dT%H:%M")
    if one.kind == "many":
        return [str(code) for code in value]
    if one.kind == "person" and isinstance(value, UUID):
        return public_id("acc", value)
    if isinstance(value, Money):
        return value.text
    return value if isinstance(value, bool) else str(value)


def with_options(one: Input, options: Sequence[tuple[str, str]]) -> Input:
    """Give an input the choices of this moment."""
    return replace(one, options=options)
