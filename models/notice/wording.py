"""What a notice says to its receiver: found when he reads it, with the rights that he has then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from models.kernel.calendar import BEIJING
from models.kernel.reads import Reader, Row, Wanted
from models.kernel.record import Record
from models.kernel.values import Instant, MinorUnits, amount_text
from models.kernel.words import Lang, Word
from models.labels import field_label
from models.notice.kinds import Subject, notice_kinds, subjects

ABSENT: Final = "—"
GONE_TITLE: Final = {"zh": "通知", "en": "Notice"}
GONE: Final = {
    "zh": "这条通知涉及的记录，您现在已无权查看。",
    "en": "This was about a record that you may no longer see.",
}
COLUMNS: Final = ("kind", "subject_kind", "subject_id", "status", "moment")


@dataclass(frozen=True)
class Told:
    """A notice in words (通知内容): `path` is where the record is shown, None where the receiver no longer sees it.

    `gone_on` says that the record has left the state that it was in.
    """

    title: str
    sentence: str
    name: str = ""
    details: tuple[tuple[str, str], ...] = ()
    path: str | None = None
    gone_on: bool = False


async def told(reader: Reader, notices: Sequence[Any], lang: Lang) -> list[Told]:
    """Put notices into words as the reader's actor may see what they are about, one statement a row type.

    `notices` have the columns of COLUMNS. Of a record that he no longer sees he gets a neutral sentence.
    """
    rows: dict[UUID, tuple[Subject, Row]] = {}
    for name in {notice.subject_kind for notice in notices}:
        if (subject := subjects().get(name)) is None:
            continue
        ids = [_uid(notice.subject_id) for notice in notices if notice.subject_kind == name]
        found = await reader.by_ids(subject.model, ids, _wanted(subject.columns))
        rows |= {id: (subject, row) for id, row in found.items()}
    return [_told(notice, rows.get(_uid(notice.subject_id)), lang) for notice in notices]


def _told(notice: Any, found: tuple[Subject, Row] | None, lang: Lang) -> Told:
    kind = notice_kinds().get(notice.kind)
    if found is None or kind is None:
        return Told(GONE_TITLE[lang], GONE[lang])
    subject, row = found
    present = _facts(subject, row, lang)
    facts = present | {
        "status": _text(subject.model, "status", notice.status, lang),
        "until": beijing_text(dt.datetime.fromisoformat(notice.moment)) if notice.moment else ABSENT,
    }
    details = tuple(
        (field_label(name, lang, subject.model.__name__), present[name.replace(".", "_")])
        for name in subject.details
        if present[name.replace(".", "_")] != ABSENT
    )
    name = facts[subject.columns[0].replace(".", "_")]
    path = f"/{subject.path}/{facts['number']}"
    return Told(
        *(kind.title(lang), kind.sentence(lang).format(**facts), name, details, path),
        gone_on="status" in present and present["status"] != facts["status"],
    )


def _facts(subject: Subject, row: Any, lang: Lang) -> dict[str, str]:
    facts = {"number": str(row.id)}
    for name in subject.columns:
        first, _, rest = name.partition(".")
        value: Any = getattr(row, first)
        model = subject.model
        if rest:
            model = model.relations[first].target
            value = getattr(value, rest) if value is not None else None
        facts[name.replace(".", "_")] = _text(model, rest or first, value, lang, getattr(row, "currency", None))
    return facts


def _text(model: type[Record], column: str, value: Any, lang: Lang, currency: str | None = None) -> str:
    if value in (None, "", []):
        return ABSENT
    stored = model.__table__.c[column].type  # type: ignore[attr-defined]
    if isinstance(stored, sa.Enum) and issubclass(stored.enum_class or str, Word):
        word: Any = stored.enum_class
        return str(word(value).label(lang))
    if isinstance(stored, Instant):
        return beijing_text(dt.datetime.fromisoformat(value))
    if isinstance(stored, MinorUnits) and currency is not None:
        return f"{amount_text(value, currency)} {currency}"
    return str(value)


def beijing_text(instant: dt.datetime) -> str:
    """Write an instant in Beijing time to the minute; a midnight is the end of the day before."""
    local = instant.astimezone(BEIJING)
    if (local.hour, local.minute) == (0, 0):
        return f"{local - dt.timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{local:%Y-%m-%d %H:%M}"


def _wanted(columns: Iterable[str]) -> Wanted:
    own: list[str] = []
    ones: dict[str, list[str]] = {}
    for name in columns:
        first, _, rest = name.partition(".")
        if rest:
            ones.setdefault(first, []).append(rest)
        else:
            own.append(name)
    return Wanted.of(*own, **{name: Wanted.of(*inner) for name, inner in ones.items()})


def _uid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value).rpartition("_")[2])
