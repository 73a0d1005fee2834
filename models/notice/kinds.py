"""Which notices there are: their sentences, how grave they are, whom they may reach, and whether they come by mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.kernel.access import Actor
from models.kernel.record import Record
from models.kernel.words import Lang, Word


class Severity(Word):
    """How much a notice asks of its receiver (重要程度)."""

    INFO = "INFO", "告知", "For information"
    ACTION = "ACTION", "待办", "Something to do"
    WARNING = "WARNING", "提醒", "Warning"


@dataclass(frozen=True)
class NoticeKind:
    """A kind of notice (通知类型).

    `zh` and `en` are sentences with `{placeholders}` for the columns of what it is about, which are filled in when
    somebody reads it, as he may see them then; `{status}` and `{until}` are those of the event itself. `rights` are
    those of which a receiver holds at least one. `in_inbox` is False where it comes by mail only. What `lapses` is not
    mailed any more once the record has gone on.
    """

    code: str
    title_zh: str
    title_en: str
    zh: str
    en: str
    severity: Severity
    rights: tuple[str, ...]
    by_mail: bool = True
    in_inbox: bool = True
    lapses: bool = False

    def __post_init__(self) -> None:
        if _kinds.setdefault(self.code, self) is not self:
            raise TypeError(f"two kinds of notice are called {self.code}")

    def title(self, lang: Lang) -> str:
        """Give its heading."""
        return self.title_zh if lang == "zh" else self.title_en

    def sentence(self, lang: Lang) -> str:
        """Give its sentence, placeholders included."""
        return self.zh if lang == "zh" else self.en

    def reaches(self, actor: Actor) -> bool:
        """Tell whether somebody may ever receive it."""
        return any(actor.may(right) for right in self.rights)


@dataclass(frozen=True)
class Subject:
    """What notices of a row type may tell of it (通知对象): columns by name, a related row's as `partner.name`.

    The first column is the record's name. `path` is where a frontend shows it; `details` are the columns that a mail
    lists below its sentence.
    """

    model: type[Record]
    path: str
    columns: tuple[str, ...]
    details: tuple[str, ...] = ()


_kinds: dict[str, NoticeKind] = {}
_subjects: dict[str, Subject] = {}


def notice_kinds() -> Mapping[str, NoticeKind]:
    """List every kind of notice by its code."""
    return _kinds


def describe(subject: Subject) -> None:
    """Say what notices may tell of a row type."""
    _subjects[subject.model.__name__] = subject


def subjects() -> Mapping[str, Subject]:
    """List what notices may be about, by the name of the row type."""
    return _subjects
