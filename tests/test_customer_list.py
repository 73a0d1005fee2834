"""The list of customers: what Huawei Cloud's record of one holds, by what it is found, and the tags that are put on."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from models.customer import (
    WIRE_CODES,
    AssociationType,
    Customer,
    CustomerOfResellerError,
    CustomerType,
    FreezeState,
    TooManyTagsError,
    VerifiedStatus,
    create_customer,
    set_tags,
)
from models.identity import operator_actor
from models.kernel.errors import (
    FieldNotSearchableError,
    LengthError,
    NotFoundError,
    PermissionDeniedError,
    StaleVersionError,
)
from models.kernel.journal import JournalLine
from models.kernel.reads import Page, Reader, Wanted
from models.kernel.work import Work
from models.partner import PartnerKind, PartnerOrganisation, create_partner
from tests.leads import Leads, leads
from tests.portal import Portal, portal

__all__ = ["leads", "portal"]

# Huawei Cloud's record of a customer, by our names of the same fields.
API_RECORD = {
    "customer_id": "huawei_account_id",
    "account_name": "account_name",
    "customer": "company_name",
    "customer_type": "customer_type",
    "verified_status": "verified_status",
    "association_type": "association_type",
    "associated_on": "associated_on",
    "country_code": "country_code",
    "telephone": "mobile",
    "label": "tags",
    "account_managers": "account_manager_id",
    "is_frozen": "frozen",
}


def test_a_customer_holds_what_huawei_clouds_own_record_holds() -> None:
    """COL-5.7.4: the same fields with the same codes, names up to 64 characters at least, one account manager."""
    assert set(API_RECORD.values()) <= set(Customer.model_fields)
    columns = Customer.__table__.c  # type: ignore[attr-defined]
    assert (columns.account_name.type.length, columns.company_name.type.length) == (64, 128)
    codes = {
        words: [WIRE_CODES[word] for word in words]
        for words in (CustomerType, VerifiedStatus, FreezeState, AssociationType)
    }
    assert codes == {
        CustomerType: ["-1", "0", "1"],
        VerifiedStatus: ["-1", "0", "1", "2", "3"],
        FreezeState: ["0", "1", "2"],
        AssociationType: ["1", "2"],
    }
    # The switch that is off is null, and of account managers there is one at most.
    assert columns.verified_status.nullable
    assert columns.account_manager_id.type.python_type is not list


async def found(leads: Leads, who: Any, *filter: tuple[str, Any]) -> set[Any]:
    async with leads.store.reader() as session:
        paged = await Reader(session, who, leads.store.clock()).page(Customer, Wanted(), Page(first=50, filter=filter))
        return {row.uid for row in list[Any](paged.nodes)}


async def test_a_name_is_found_by_a_part_and_what_reaches_somebody_only_whole(leads: Leads) -> None:
    """COL-5.7.5, COL-5.7.1: a part of a hidden account or number would tell it letter by letter."""
    main = leads.pipeline.main
    values = {
        "company_name": "扬州古渡物流有限公司",
        "account_name": "gudu_cloud",
        "mobile": "13900005555",
        "partner_id": leads.pipeline.cast.huaqi.id,
        "verified_status": VerifiedStatus.VERIFIED,
    }
    customer = await leads.do(leads.pipeline.operations, lambda work: create_customer(work, values))
    for name, value, there in (
        ("company_name", "古渡", True),
        ("company_name", "古渡客运", False),
        ("account_name", "gudu_cloud", True),
        ("account_name", "gudu", False),
        ("mobile", "13900005555", True),
        ("mobile", "1390000", False),
        ("verified_status", (VerifiedStatus.VERIFIED,), True),
        ("verified_status", (VerifiedStatus.FAILED,), False),
        ("frozen", (FreezeState.NOT_FROZEN,), True),
        ("frozen", (FreezeState.ACCOUNT,), False),
    ):
        assert (customer.id in await found(leads, main, (name, value))) is there, (name, value)
    # Who may not reveal a field does not find by it either.
    with pytest.raises(FieldNotSearchableError):
        await found(leads, leads.finance_of_partner, ("mobile", "13900005555"))


async def test_a_partner_tags_its_customers_and_finds_them_by_the_tags(leads: Leads) -> None:
    """COL-5.7.1, COL-5.7.15: in the journal the change stands under the trace's own names."""
    main, manager, customer = leads.pipeline.main, leads.pipeline.manager, leads.customer
    tagged = await leads.do(
        manager, lambda work: set_tags(work, customer.id, [" 重点客户 ", "制造业", "重点客户"], version=1)
    )
    assert (tagged.tags, tagged.version) == (["重点客户", "制造业"], 2)
    assert await found(leads, main, ("tag", "制造业")) == {customer.id}
    assert await found(leads, main, ("tag", "制造")) == set()
    line: JournalLine = (await leads.store.journal())[-1]
    assert (line.operation, line.resource_type, line.event) == (
        "customer.tag",
        "csbchannelsalesCustomer",
        "updateCustomer",
    )
    assert line.partner_id == leads.pipeline.cast.huaqi.id
    same = await leads.do(main, lambda work: set_tags(work, customer.id, ["重点客户", "制造业"], version=2))
    assert same.version == 2
    bare = await leads.do(leads.operator, lambda work: set_tags(work, customer.id, [], version=2))
    assert bare.tags == []


async def test_tags_have_their_bounds_and_belong_to_the_partner(leads: Leads) -> None:
    main, customer = leads.pipeline.main, leads.customer

    def tag(*tags: str, version: int = 1) -> Any:
        return lambda work: set_tags(work, customer.id, tags, version=version)

    error = await leads.store.refused(main, TooManyTagsError, tag(*(f"标签{number}" for number in range(21))))
    assert error.facts == {"maximum": 20, "count": 21}
    for wrong in ("", " ", "签" * 65):
        error = await leads.store.refused(main, LengthError, tag("好", wrong))
        assert error.path == ("tags", 1)
    await leads.store.refused(main, StaleVersionError, tag("好", version=9))
    for by in (leads.finance_of_partner, leads.director, leads.pipeline.pdm, leads.pipeline.auditor):
        await leads.store.refused(by, PermissionDeniedError, tag("好"))
    for by in (leads.pipeline.other_main, leads.other_manager):
        await leads.store.refused(by, NotFoundError, tag("好"))


async def test_a_distributor_does_not_tag_its_resellers_customers(leads: Leads) -> None:
    """COL-5.7.3: whom to ask is named."""

    async def channel(work: Work) -> PartnerOrganisation:
        made = await create_partner(work, name="苏南云经销有限公司", kind=PartnerKind.RESELLER)
        await work.flush()
        ours = await work.first(
            select(PartnerOrganisation).where(PartnerOrganisation.id == leads.pipeline.cast.huaqi.id)
        )
        ours.kind, made.distributor_id = PartnerKind.DISTRIBUTOR, ours.id
        return made

    reseller = await leads.do(operator_actor(), channel)
    values = {"company_name": "无锡青禾", "partner_id": reseller.id}
    customer = await leads.do(leads.pipeline.operations, lambda work: create_customer(work, values))
    error = await leads.store.refused(
        leads.pipeline.main, CustomerOfResellerError, lambda work: set_tags(work, customer.id, ["好"], version=1)
    )
    assert error.facts == {"reseller": "苏南云经销有限公司"}


async def test_a_portal_tags_and_searches(portal: Portal) -> None:
    """COL-5.7.1"""
    pipeline = portal.pipeline
    values = {"company_name": "常州青石材料有限公司", "partner_id": pipeline.cast.huaqi.id}
    customer = await pipeline.do(pipeline.operations, lambda work: create_customer(work, values))
    done = await portal.get(
        pipeline.cast.wang_main,
        """mutation($i: CustomerTagsSetInput!) { customerTagsSet(input: $i) {
          customer { tags version fieldAccess { field writable } } } }""",
        i={"id": customer.public_id, "version": 1, "tags": ["重点"]},
    )
    answer = done["customerTagsSet"]["customer"]
    assert (answer["tags"], answer["version"]) == (["重点"], 2)
    assert [one["field"] for one in answer["fieldAccess"] if one["writable"]] == ["tags"]
    listed = await portal.get(
        pipeline.cast.wang_main,
        '{ customers(filter: {tag: "重点", frozen: [NOT_FROZEN]}) { totalCount nodes { id } } }',
    )
    assert listed["customers"] == {"totalCount": 1, "nodes": [{"id": customer.public_id}]}
