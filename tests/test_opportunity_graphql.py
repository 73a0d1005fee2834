"""Opportunities over GraphQL, as a portal asks for them."""

from __future__ import annotations

from typing import Any

from tests.portal import Portal, portal

__all__ = ["portal"]

LIST = """
query($filter: OpportunityFilter) {
  opportunities(first: 10, filter: $filter) {
    totalCount
    pageInfo { hasNextPage endCursor }
    edges { cursor node {
      id version status name companyName contactMobile isStale
      expectedAmount { amount currency } sla { dueAt workingHoursLeft onBreachEn }
      partner { id name } customer { id companyName } responsible { id name }
      fieldAccess { field outcome revealable writable }
      availableTransitions { verb possible blockedBy { code } }
      history(first: 5) { nodes { operation operationZh toStatus } }
    } }
  }
}"""


async def test_a_partner_lists_its_opportunities_with_masks(portal: Portal) -> None:
    await portal.pipeline.submitted()
    data = await portal.get(portal.pipeline.cast.wang_main, LIST)
    node = data["opportunities"]["edges"][0]["node"]
    assert data["opportunities"]["totalCount"] == 1
    assert node["companyName"] != "江苏恒远精密制造有限公司"
    assert "****" in node["companyName"]
    assert node["partner"]["name"] == "华启软件有限公司"
    assert node["expectedAmount"] == {"amount": "1200000.00", "currency": "CNY"}
    print(node)


async def test_a_reviewer_is_told_what_to_look_at_twice(portal: Portal) -> None:
    """COL-2.2.4: an amount below the floor is a warning, not a refusal; COL-2.2.5, COL-2.1.9."""
    query = "{ opportunities(first: 1) { nodes { concerns } } }"
    await portal.pipeline.submitted(expected_amount="999.99")
    data = await portal.get(portal.pipeline.cast.zhou_pdm, query)
    assert data["opportunities"]["nodes"][0]["concerns"] == ["AMOUNT_BELOW_FLOOR", "NO_ACCOUNT", "NOT_COUNTED"]

    fine: dict[str, Any] = {"name": "华东制造二期", "expected_amount": "1000.00", "account_name": "hengyuan_cloud"}
    offering = [portal.pipeline.offering.public_id]
    await portal.pipeline.submitted(**fine, offering_ids=offering)
    data = await portal.get(portal.pipeline.cast.zhou_pdm, query)
    assert data["opportunities"]["nodes"][0]["concerns"] == []
