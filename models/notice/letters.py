"""Which letters the outbox knows, and what stands in them for their receiver at the moment of sending."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from models.kernel.reads import Page, Reader, Wanted
from models.kernel.words import Lang
from models.notice.kinds import notice_kinds
from models.notice.outbox import Claimed
from models.notice.record import Notice, NoticePreference
from models.notice.telling import NOTICE_LETTER
from models.notice.wording import COLUMNS, told


@dataclass(frozen=True)
class Letter:
    """What a mail says (信件): its template, its subject line and the facts that the template lays out.

    `to` is the address and name of somebody without an account, and `lang` the language that he is written in; without
    them it goes to the account that it waits for.
    """

    template: str
    subject: str
    facts: Mapping[str, Any]
    to: tuple[str, str] | None = None
    lang: Lang | None = None


Compose = Callable[[Reader, Claimed], Awaitable[Letter | None]]
_letters: dict[str, Compose] = {}


def letter(name: str) -> Callable[[Compose], Compose]:
    """Teach the outbox a letter; it answers None where there is nothing to send any more."""

    def teach(compose: Compose) -> Compose:
        _letters[name] = compose
        return compose

    return teach


async def compose(reader: Reader, mail: Claimed) -> Letter | None:
    """Put a mail into words for its receiver, whose rights the reader has; None where nothing is to be sent.

    A letter or kind of notice that this version does not know is an error, so that a newer process sends it.
    """
    return await _letters[mail.letter](reader, mail)


async def wants_mail(reader: Reader, kind: str) -> bool:
    """Tell whether the reader's actor wants a kind of notice by mail now."""
    paged: Any = await reader.page(
        NoticePreference,
        Wanted.of("kind", "by_mail"),
        Page(first=1),
        where=(NoticePreference.__table__.c.kind == kind,),  # type: ignore[attr-defined]
    )
    known = notice_kinds().get(kind)
    return bool(paged.nodes[0].by_mail) if paged.nodes else known is not None and known.by_mail


@letter(NOTICE_LETTER)
async def about_a_notice(reader: Reader, mail: Claimed) -> Letter | None:
    """Say a notice; nothing where he has read it, wants none of its kind any more, or no longer sees the record.

    What asked him to act is not sent either once the record has gone on without him.
    """
    if mail.subject_id is None:
        return None
    notice: Any = await reader.one(Notice, mail.subject_id, Wanted.of(*COLUMNS, "occurred_at", "read_at"))
    if notice is None or notice.read_at is not None:
        return None
    kind = notice_kinds()[notice.kind]
    if not await wants_mail(reader, kind.code):
        return None
    (words,) = await told(reader, [notice], reader.actor.lang)
    if words.path is None or (words.gone_on and kind.lapses):
        return None
    return Letter("notice", f"{words.title} · {words.name}", {"told": words})
