"""What stands in the cells of an export: words in the reader's language, exact amounts, instants in Beijing time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

import orjson
import sqlalchemy as sa

from models.export.columns import MEANINGS, Exported
from models.kernel.calendar import BEIJING
from models.kernel.journal import JournalLine, subject_number
from models.kernel.reads import Reader, Row, Wanted
from models.kernel.values import Instant, MinorUnits, Money, parse_public_id
from models.kernel.words import Lang, Word
from models.labels import field_label
from models.partner import Offering

Cell: TypeAlias = "str | int | bool | Decimal | dt.datetime | dt.date | None"
YES_NO = {"zh": ("是", "否"), "en": ("Yes", "No")}


async def names_of(reader: Reader, rows: Iterable[Row]) -> dict[str, str]:
    """Name the offerings that rows list by id, as far as the reader sees them."""
    ids: set[UUID] = set()
    for row in rows:
        for text in getattr(row, "offering_ids", None) or ():
            try:
                prefix, id_ = parse_public_id(text)
            except ValueError:
                continue
            if prefix == Offering.prefix:
                ids.add(id_)
    if not ids:
        return {}
    found = await reader.by_ids(Offering, ids, Wanted.of("name"))
    return {f"{Offering.prefix}_{id_.hex}": row.name for id_, row in found.items()}  # type: ignore[attr-defined]


def cells_of(row: Row, columns: Sequence[str], exported: Exported, lang: Lang, names: Mapping[str, str]) -> list[Cell]:
    """Write the cells of one row as its reader has it, so that names and contacts stand masked (COL-5.7.8)."""
    return [_cell(row, name, exported, lang, names) for name in columns]


def _cell(row: Row, name: str, exported: Exported, lang: Lang, names: Mapping[str, str]) -> Cell:
    relation, _, field = name.rpartition(".")
    if relation:
        related = getattr(row, relation)
        return None if related is None else _plain(getattr(related, field), lang)
    if exported.model is JournalLine:
        if field == "operation":
            return str(getattr(row, f"operation_{lang}"))
        if field == "subject_id":
            return subject_number({"subject_kind": row.subject_kind, "subject_id": row.subject_id})  # type: ignore[attr-defined]
    value = getattr(row, field)
    if value is None or value == "":
        return None
    type_ = exported.column_type(field)
    meaning = MEANINGS.get(field)
    if isinstance(value, list):
        return ("、" if lang == "zh" else ", ").join(_meant(meaning, code, lang, names) for code in value) or None
    if isinstance(value, dict):
        return _changes(value, lang)
    if meaning is not None:
        return _meant(meaning, value, lang, names)
    if isinstance(type_, MinorUnits):
        return Money.of(value, row.currency).amount  # type: ignore[attr-defined]
    if isinstance(type_, Instant):
        return dt.datetime.fromisoformat(value).astimezone(BEIJING).replace(tzinfo=None, microsecond=0)
    if isinstance(type_, sa.Date):
        return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)
    vocabulary = getattr(type_, "enum_class", None)
    if vocabulary is not None and not isinstance(value, bool):
        return _meant(vocabulary, value, lang, names)
    return _plain(value, lang)


def _plain(value: Any, lang: Lang) -> Cell:
    if isinstance(value, bool):
        return YES_NO[lang][0 if value else 1]
    return value if isinstance(value, (int, str)) or value is None else str(value)


def _meant(meaning: Mapping[str, Any] | type[Word] | None, code: Any, lang: Lang, names: Mapping[str, str]) -> str:
    if isinstance(meaning, type):
        word = meaning.__members__.get(str(code)) or next((one for one in meaning if one.value == code), None)
        return word.label(lang) if word is not None else str(code)
    entry = (meaning or {}).get(code)
    return str(entry.label(lang)) if entry is not None else names.get(str(code), str(code))


def _changes(changes: Mapping[str, Any], lang: Lang) -> str | None:
    told = []
    for name, change in changes.items():
        label = field_label(name, lang)
        if isinstance(change, dict) and ({"from", "to"} & change.keys()):
            before, after = _short(change.get("from")), _short(change.get("to"))
            told.append(f"{label}: {before} → {after}" if before else f"{label}: {after}")
        elif isinstance(change, dict) and change.get("ruled"):
            told.append(label)
        else:
            told.append(f"{label}: {_short(change)}")
    return "\n".join(told) or None


def _short(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
