"""Who is told of customers: the account manager to whom one was assigned."""

from __future__ import annotations

from collections.abc import Sequence

from models.customer.record import Customer
from models.kernel.work import Work
from models.notice import Message, NoticeKind, Severity, Subject, describe, tell
from models.rights import Right

ASSIGNED = NoticeKind(
    "customer.assigned",
    "客户分配给您负责",
    "A customer was assigned to you",
    "客户“{company_name}”已分配给您负责，其消费与业绩自次日起计入您名下。",
    "The customer “{company_name}” was assigned to you; its consumption and performance count as yours from tomorrow.",
    Severity.INFO,
    (Right.CUSTOMER_READ_MANAGED,),
)
ASSIGNED_MANY = NoticeKind(
    "customer.assigned_many",
    "多个客户分配给您负责",
    "Customers were assigned to you",
    "“{company_name}”等多个客户已分配给您负责，其消费与业绩自次日起计入您名下。",
    "Several customers were assigned to you, “{company_name}” among them; their consumption and performance count as "
    "yours from tomorrow.",
    Severity.INFO,
    (Right.CUSTOMER_READ_MANAGED,),
)

describe(Subject(Customer, "customers", ("company_name", "associated_on"), ("company_name", "associated_on")))


async def tell_of_assignment(work: Work, customers: Sequence[Customer]) -> None:
    """Tell an account manager of what was assigned to him, of many at once by the first (COL-5.8.1)."""
    if customers and customers[0].account_manager_id is not None:
        kind = ASSIGNED if len(customers) == 1 else ASSIGNED_MANY
        await tell(work, [Message(kind, customers[0], {customers[0].account_manager_id}, f"v{customers[0].version}")])
