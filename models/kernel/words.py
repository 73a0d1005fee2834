"""Words of the trade as enums whose members carry a Chinese and an English label."""

from __future__ import annotations

import enum
from typing import Literal, Self, TypeAlias, cast

Lang: TypeAlias = Literal["zh", "en"]


class Word(enum.StrEnum):
    """A closed list of codes (码表), each written as `DRAFT = "DRAFT", "草稿", "Draft"`."""

    _value_: str
    zh: str
    en: str

    def __new__(cls, code: str, zh: str, en: str) -> Self:
        """Make the member equal to its code, so that it is stored and sent as plain text."""
        if not (code and zh and en):
            raise ValueError(f"a member of {cls.__name__} needs a code and both labels")
        member = str.__new__(cls, code)
        member._value_ = code
        member.zh = zh
        member.en = en
        return member

    def label(self, lang: Lang) -> str:
        """Say the word in Chinese or English."""
        if lang not in ("zh", "en"):
            raise ValueError(f"no labels in language {lang!r}")
        return cast(str, getattr(self, lang))
