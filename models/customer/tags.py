"""Tags that a partner puts on its customers, by which it finds them again (客户标签)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from models.customer.record import Customer
from models.customer.reseller import not_seen
from models.kernel.amend import amend
from models.kernel.errors import DomainError, LengthError, NotFoundError, refuse
from models.kernel.journal import Operation
from models.kernel.policy import Policy
from models.kernel.work import Work
from models.rights import Right

TAG: Final = Operation("customer.tag", "设置客户标签", "Tag the customer", "csbchannelsalesCustomer", "updateCustomer")
MOST_TAGS: Final = Policy("customer.most_tags", 20, "单个客户的标签上限", "Tags that one customer may have")
LONGEST_TAG: Final = 64


class TooManyTagsError(DomainError):
    """A customer has so many tags at most."""

    zh = "一个客户最多可有 {maximum} 个标签，当前 {count} 个。"
    en = "A customer has {maximum} tags at most; these are {count}."


async def set_tags(work: Work, id: UUID, tags: Sequence[str], *, version: int) -> Customer:
    """Put these tags on one's customer in place of those before; the search by tag finds it (COL-5.7.1)."""
    work.actor.require(Right.CUSTOMER_TAG)
    try:
        customer = await work.get(Customer, id, version=version)
    except NotFoundError:
        raise await not_seen(work, id) from None
    given = list(dict.fromkeys(tag.strip() for tag in tags))
    refuse(_wrong(given, await work.policy(MOST_TAGS)))
    amend(work, customer, TAG, {"tags": given})
    return customer


def _wrong(tags: Sequence[str], most: int) -> Iterator[DomainError]:
    if len(tags) > most:
        yield TooManyTagsError(path="tags", maximum=most, count=len(tags))
    for place, tag in enumerate(tags):
        if not 1 <= len(tag) <= LONGEST_TAG:
            yield LengthError(path=("tags", place), minimum=1, maximum=LONGEST_TAG, length=len(tag))
