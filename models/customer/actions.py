"""Entering customers, editing what describes them, and finding one that is known already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from models.customer.assignment import manager_errors
from models.customer.contact import credit_code_violations, email_violations, mobile_violations
from models.customer.likeness import core_name
from models.customer.merged import CustomerMerge
from models.customer.record import Customer, CustomerContact
from models.kernel.amend import amend, field_path
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, ValueNotAllowedError, refuse
from models.kernel.journal import Operation
from models.kernel.values import normalised_company_name
from models.kernel.work import Work
from models.reference import INDUSTRIES, OFFICES, PROVINCES, SUB_INDUSTRIES, belongs_to, office_for
from models.rights import Right

CREATE: Final = Operation(
    "customer.create", "录入客户", "Enter the customer", "csbchannelsalesCustomer", "createCustomer"
)
EDIT: Final = Operation("customer.edit", "修改客户", "Edit the customer", "csbchannelsalesCustomer", "updateCustomer")
MOST_CONTACTS: Final = 5
# How a customer's number of the mainland is marked; of other countries' numbers nothing is known.
OF_CHINA: Final = frozenset({None, "", "86", "+86", "0086", "CN"})
_OURS: Final = {"id", "version", "created_at", "updated_at", "normalised_name", "core_name"}
GIVEN: Final = frozenset(Customer.model_fields) - _OURS


class TooManyContactsError(DomainError):
    """A customer has up to five contacts."""

    zh = "最多可设置 {maximum} 个客户联系人。"
    en = "A customer has at most {maximum} contacts."


class ExternalIdTakenError(DomainError):
    """The caller gave this external id to another record."""

    zh = "外部编号“{external_id}”已被使用。"
    en = "The external id “{external_id}” is in use."


class HuaweiAccountTakenError(DomainError):
    """The Huawei Cloud account belongs to a customer that is known already."""

    zh = "该华为云账号 ID 已属于其他客户。"
    en = "This Huawei Cloud account id belongs to another customer."


def violations(values: Mapping[str, Any]) -> Iterator[DomainError]:
    """Say what is wrong with values of a customer, asking nobody."""
    for name, limit in (("company_name", 128), ("account_name", 64), ("city", 64), ("address", 256), ("website", 256)):
        value = values.get(name)
        if value is not None and not len(value.strip()) <= limit:
            yield LengthError(path=field_path(name), minimum=0, maximum=limit, length=len(value.strip()))
    yield from credit_code_violations(values.get("credit_code"), "creditCode")
    if values.get("country_code") in OF_CHINA:
        yield from mobile_violations(values.get("mobile"), "mobile")
    yield from email_violations(values.get("email"), "email")
    for name, entries in (
        ("industry", INDUSTRIES),
        ("sub_industry", SUB_INDUSTRIES),
        ("province", PROVINCES),
        ("office_id", OFFICES),
    ):
        value = values.get(name)
        if value is not None and value not in entries:
            yield ValueNotAllowedError(path=field_path(name), value=value)
    industry, branch = values.get("industry"), values.get("sub_industry")
    if industry in INDUSTRIES and branch in SUB_INDUSTRIES and not belongs_to(str(branch), str(industry)):
        yield ValueNotAllowedError(path="subIndustry", value=branch)


def customer_row(work: Work, values: Mapping[str, Any]) -> Customer:
    """Make a customer of checked values, with its comparable name and the office of its province."""
    if unknown := set(values) - GIVEN:
        raise TypeError(f"a customer has no {', '.join(sorted(unknown))}")
    told = {name: value.strip() or None if isinstance(value, str) else value for name, value in values.items()}
    name, province = told.get("company_name"), told.get("province")
    told["office_id"] = told.get("office_id") or (office_for(province).code if province else None)
    return Customer(
        **told,
        normalised_name=(normalised_company_name(name) or None) if name else None,
        core_name=core_name(name),
        created_at=work.now,
        updated_at=work.now,
    )


async def create_customer(
    work: Work, values: Mapping[str, Any], contacts: Sequence[Mapping[str, str | None]] = ()
) -> Customer:
    """Enter a customer with its contacts, as onboarding does; without a partner it is unassociated."""
    work.actor.require(Right.CUSTOMER_ONBOARD)
    refuse([*_unnamed(values), *violations(values), *_contact_violations(contacts)])
    customer = customer_row(work, {"client_id": work.actor.client_id, **values})
    refuse([*await _taken(work, customer), *await _wrong_manager(work, values, customer.partner_id)])
    work.add(customer)
    await work.flush()
    for contact in contacts:
        work.add(CustomerContact(customer_id=customer.id, **contact))
    work.note(CREATE, customer, after={name: value for name in values if (value := getattr(customer, name))})
    return customer


async def edit_customer(work: Work, id: UUID, values: Mapping[str, Any], *, version: int) -> Customer:
    """Edit what describes and assigns a customer."""
    work.actor.require(Right.CUSTOMER_ONBOARD)
    customer = await work.get(Customer, id, version=version)
    whole = {"industry": customer.industry, "sub_industry": customer.sub_industry, **values}
    refuse([*violations(whole), *await _wrong_manager(work, values, customer.partner_id)])
    amend(work, customer, EDIT, values)
    return customer


async def known_customer(
    work: Work,
    *,
    huawei_account_id: str | None = None,
    account_name: str | None = None,
    credit_code: str | None = None,
    company_name: str | None = None,
) -> Customer | None:
    """Find the customer that is meant, by the strongest key first, whoever sees it (COL-2.1.7)."""
    name = normalised_company_name(company_name) if company_name else None
    for column, value in (
        (Customer.huawei_account_id, huawei_account_id),
        (Customer.account_name, account_name),
        (Customer.credit_code, credit_code),
        (Customer.normalised_name, name),
    ):
        if value:
            found: Customer | None = await work.first(
                select(Customer)
                .where(col(column) == value)
                .order_by(col(Customer.owner_id).is_(None), col(Customer.id))
            )
            if found is not None:
                return found
    return await _merged_away(work, account_name=account_name, credit_code=credit_code, normalised_name=name)


async def _merged_away(work: Work, **keys: str | None) -> Customer | None:
    """Find the customer into which the one that is meant was merged."""
    for name, value in keys.items():
        if value:
            survivor: Customer | None = await work.first(
                select(Customer)
                .join(CustomerMerge, col(CustomerMerge.survivor_id) == col(Customer.id))
                .where(getattr(CustomerMerge, name) == value, col(CustomerMerge.undone_at).is_(None))
                .order_by(col(CustomerMerge.id))
            )
            if survivor is not None:
                return survivor
    return None


def _unnamed(values: Mapping[str, Any]) -> Iterator[DomainError]:
    if not (values.get("company_name") or "").strip() and not (values.get("account_name") or "").strip():
        yield FieldRequiredError(path="companyName")


def _contact_violations(contacts: Sequence[Mapping[str, str | None]]) -> Iterator[DomainError]:
    """A customer has up to five contacts, each with a name."""
    if len(contacts) > MOST_CONTACTS:
        yield TooManyContactsError(path="contacts", maximum=MOST_CONTACTS)
    for place, contact in enumerate(contacts):
        if not (contact.get("name") or "").strip():
            yield FieldRequiredError(path=("contacts", place, "name"))


async def _wrong_manager(work: Work, values: Mapping[str, Any], partner_id: UUID | None) -> list[DomainError]:
    """Whoever enters or edits a customer names an account manager of its partner, or none (COL-5.8.1)."""
    named = values.get("account_manager_id")
    return await manager_errors(work, named, partner_id) if named is not None else []


async def _taken(work: Work, customer: Customer) -> list[DomainError]:
    found: list[DomainError] = []
    if customer.external_id is not None:
        client = col(Customer.client_id)
        same = client.is_(None) if customer.client_id is None else client == customer.client_id
        if await work.first(select(Customer.id).where(Customer.external_id == customer.external_id, same)):
            found.append(ExternalIdTakenError(path="externalId", external_id=customer.external_id))
    if customer.huawei_account_id is not None and await work.first(
        select(Customer.id).where(Customer.huawei_account_id == customer.huawei_account_id)
    ):
        found.append(HuaweiAccountTakenError(path="huaweiAccountId"))
    return found
