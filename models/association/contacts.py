"""Whom a partner names to its customers (客户联系人)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.customer import email_violations, mobile_violations
from models.kernel.access import Actor
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, refuse
from models.kernel.journal import Operation
from models.kernel.reads import Listing, Many, SortKey, relate
from models.kernel.record import Record
from models.kernel.values import Uid
from models.kernel.work import Work
from models.partner import PartnerOrganisation, organisations_of
from models.rights import Right

MOST_SHOWN: Final = 5
SET: Final = Operation(
    "partner.set_contacts", "设置客户联系人", "Name contacts to customers", "partnerOrganisation", "setContacts"
)
LONGEST: Final = {"name": 64, "title": 64, "mobile": 32, "email": 254}


class TooManyPartnerContactsError(DomainError):
    """A partner names up to five people to its customers (COL-5.7.14)."""

    zh = "最多可设置 {maximum} 个客户联系人。"
    en = "A partner names at most {maximum} contacts to its customers."


class PartnerContact(Record, table=True):
    """Somebody at the partner whom its customers may turn to (客户联系人, COL-5.7.14)."""

    __tablename__ = "partner_contact"
    prefix: ClassVar[str] = "pct"
    zh: ClassVar[str] = "伙伴的客户联系人"
    en: ClassVar[str] = "Contact for customers"
    listing: ClassVar[Listing] = Listing(sorts={"place": SortKey("place")}, default=(("place", False),))

    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id", index=True)
    place: int = 0
    name: str = Field(max_length=64)
    title: str | None = Field(default=None, max_length=64)
    mobile: str | None = Field(default=None, max_length=32)
    email: str | None = Field(default=None, max_length=254)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the organisation; its customers find them on their own page."""
        return col(cls.partner_id).in_(organisations_of(actor))


relate(PartnerOrganisation, "customer_contacts", Many(PartnerContact, "partner_id"))


async def set_contacts(work: Work, contacts: Sequence[Mapping[str, str | None]]) -> PartnerOrganisation:
    """Name the people whom one's customers may turn to, in place of those before (COL-5.7.14)."""
    work.actor.require(Right.PARTNER_SET_CONTACTS)
    partner = await work.get(PartnerOrganisation, work.actor.partner_id or work.actor.id)
    given = [{name: (contact.get(name) or "").strip() or None for name in LONGEST} for contact in contacts]
    refuse(_wrong(given))
    for old in await work.every(select(PartnerContact).where(PartnerContact.partner_id == partner.id)):
        await work.session.delete(old)
    for place, contact in enumerate(given):
        work.add(PartnerContact(partner_id=partner.id, place=place, **contact))
    work.note(SET, partner, changes={"contacts": [contact["name"] for contact in given]})
    return partner


def _wrong(contacts: Sequence[Mapping[str, str | None]]) -> Iterator[DomainError]:
    if len(contacts) > MOST_SHOWN:
        yield TooManyPartnerContactsError(path="contacts", maximum=MOST_SHOWN)
    for place, contact in enumerate(contacts):
        found: list[DomainError] = [] if contact["name"] else [FieldRequiredError(path="name")]
        for name, longest in LONGEST.items():
            if len(contact[name] or "") > longest:
                found.append(LengthError(path=name, minimum=0, maximum=longest, length=len(contact[name] or "")))
        found += [*mobile_violations(contact["mobile"], "mobile"), *email_violations(contact["email"], "email")]
        yield from (error.under("contacts", place) for error in found)
