"""The filters, order and place in a list that a page's address asks for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from admin.pages.fields import meant
from admin.words import say, spoken
from models.kernel.access import Actor, Outcome
from models.kernel.calendar import BEIJING
from models.kernel.errors import DomainError, ValueNotAllowedError
from models.kernel.reads import Page
from models.kernel.reads.declare import listing_of
from models.kernel.record import Record, rules_of
from models.kernel.values import Money, parse_public_id
from models.kernel.values.money import InvalidAmountError
from models.kernel.words import Word
from models.labels import field_label

SIZES = (20, 50, 100)
LONGEST = 256
Kind = Literal["text", "exact", "choice", "flag", "from_day", "to_day", "day", "month", "money", "record"]


@dataclass(frozen=True)
class Find:
    """A filter that a list offers (筛选项), by the name that the row type's listing gives it.

    `several` says that the listing takes a list; days are days in Beijing, `to_day` includes its day.
    """

    name: str
    kind: Kind = "text"
    words: type[Word] | None = None
    reference: Mapping[str, Any] | None = None
    several: bool = True
    label: str | None = None
    prefix: str = ""

    def title(self, model: type[Record]) -> str:
        """Give the filter's label."""
        side = {"from_day": f" {say('from')}", "to_day": f" {say('until')}"}.get(self.kind, "")
        if self.kind == "month":
            side = f" {say('from' if self.name.endswith('_from') else 'until')}"
        return field_label(self.label or self.name, spoken(), model.__name__) + side

    @property
    def choices(self) -> list[tuple[str, str]]:
        """List what may be chosen."""
        if self.words is not None:
            return [(word.value, word.label(spoken())) for word in self.words]
        if self.kind == "flag":
            return [("true", say("yes")), ("false", say("no"))]
        return [(code, entry.label(spoken())) for code, entry in (self.reference or {}).items()]

    def value(self, text: str) -> Any:
        """Read what was asked for."""
        try:
            match self.kind:
                case "exact":
                    return [text]
                case "flag":
                    return {"true": True, "false": False}[text]
                case "choice":
                    code: Any = meant(self.words, text) if self.words else text
                    if self.reference is not None and text not in self.reference:
                        raise ValueError
                    return [code] if self.several else code
                case "from_day" | "to_day":
                    day = dt.date.fromisoformat(text) + dt.timedelta(days=self.kind == "to_day")
                    return dt.datetime.combine(day, dt.time(), BEIJING).astimezone(dt.UTC)
                case "day":
                    return dt.date.fromisoformat(text)
                case "month":
                    return f"{dt.date.fromisoformat(f'{text}-01'):%Y-%m}"
                case "money":
                    return Money.parse(text.replace(",", ""), "CNY").minor
                case "record":
                    prefix, id_ = parse_public_id(text)
                    if prefix != self.prefix:
                        raise ValueError
                    return id_
        except (ValueError, KeyError, OverflowError, InvalidAmountError):
            raise ValueNotAllowedError(path=("filter", self.name), value=text) from None
        return text


def offered(model: type[Record], finds: Sequence[Find], actor: Actor) -> list[Find]:
    """Choose the filters that this viewer may search by; the others are not even shown."""
    rules = rules_of(model)
    shown = []
    for find in finds:
        declared = listing_of(model).filters[find.name]
        ruled = [*declared.by, *(rules[column] for column in (*declared.ruled, declared.column) if column in rules)]
        if all(rule.searchable_by(actor) and (rule.search is not None or rule.mask is None) for rule in ruled):
            shown.append(find)
    return shown


def sortable(model: type[Record], name: str, actor: Actor) -> bool:
    """Tell whether the viewer may sort by a key; nobody sorts by what is masked or refused."""
    key = listing_of(model).sorts.get(name)
    rule = rules_of(model).get(key.column) if key else None
    return key is not None and (rule is None or rule.outcome(actor) is Outcome.PLAIN)


@dataclass
class Asked:
    """What a list page's address asks for (查询条件)."""

    page: Page
    texts: dict[str, str]
    errors: list[str]
    sort: str
    size: int
    query: dict[str, str]

    def link(self, **changes: str | None) -> str:
        """Give the address of the same list, changed; a change of order or filter starts from the first page."""
        query = {name: text for name, text in self.query.items() if name not in ("after", "before")}
        query |= {name: text for name, text in changes.items() if text is not None}
        return f"?{urlencode({name: text for name, text in query.items() if text})}"


def asked(
    model: type[Record],
    finds: Sequence[Find],
    query: QueryParams,
    *,
    fixed: Sequence[tuple[str, Any]] = (),
    size: int = SIZES[0],
) -> Asked:
    """Read a list page's address."""
    errors: list[str] = []
    texts = {find.name: query.get(f"f.{find.name}", "").strip()[:LONGEST] for find in finds}
    conditions = list(fixed)
    for find in finds:
        if texts[find.name]:
            try:
                conditions.append((find.name, find.value(texts[find.name])))
            except DomainError as error:
                errors.append(f"{find.title(model)}: {error.message(spoken())}")
    given = query.get("size", "")
    size = int(given) if given in {str(one) for one in SIZES} else size
    sort = query.get("sort", "")
    keys = ((sort.removeprefix("-"), sort.startswith("-")),) if sort else ()
    if sort and sort.removeprefix("-") not in listing_of(model).sorts:
        keys, sort = (), ""
    after, before = query.get("after"), query.get("before")
    backward = before is not None and after is None
    page = Page(
        first=None if backward else size,
        last=size if backward else None,
        after=after,
        before=before if backward else None,
        sort=keys,
        filter=tuple(conditions),
    )
    kept = {name: query[name] for name in query if name in ("sort", "size", "tab", "kind") or name.startswith("f.")}
    return Asked(page, texts, errors, sort, size, kept)
