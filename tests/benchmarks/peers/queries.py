"""Q1 to Q5 in the names that PostGraphile generates, and its answers told as the application tells them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

from models.kernel.values import mask_account, mask_company, mask_mobile

Row = dict[str, Any]

OPPORTUNITY = """
  rowId name status direction companyName contactMobile industry province stage winProbability
  expectedSignDate createdAt"""
CUSTOMER = "customerByCustomerId { rowId companyName accountName industry province city }"

Q1 = f"""
query List($partner: UUID!, $first: Int!) {{
  allOpportunities(
    first: $first, orderBy: [CREATED_AT_DESC, ROW_ID_DESC], condition: {{partnerId: $partner, status: "VALIDATED"}}
  ) {{
    nodes {{
      {OPPORTUNITY}
      {CUSTOMER}
      owner {{ rowId name title }}
      partnerOrganisationByPartnerId {{ rowId name level }}
    }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""

Q2 = f"""
query Detail($id: UUID!, $partner: UUID!) {{
  opportunityByRowId(rowId: $id) {{
    {OPPORTUNITY}
    need version expectedAmount currency
    {CUSTOMER}
    opportunityLinesByOpportunityId(first: 20, orderBy: [POSITION_ASC, ROW_ID_ASC]) {{
      nodes {{ rowId product service quantity amount currency }}
    }}
    history(first: 10, orderBy: [AT_DESC, ROW_ID_DESC], condition: {{partnerId: $partner, internal: false}}) {{
      nodes {{ rowId at actorName operation operationZh fromStatus toStatus }}
    }}
  }}
}}"""

Q3 = """
query Nested($first: Int!, $partner: UUID!) {
  allCustomers(first: $first, orderBy: [CREATED_AT_DESC, ROW_ID_DESC], condition: {partnerId: $partner}) {
    nodes {
      rowId companyName accountName industry province
      opportunitiesByCustomerId(
        first: 10, orderBy: [CREATED_AT_DESC, ROW_ID_DESC], condition: {partnerId: $partner}
      ) {
        nodes { rowId name status stage winProbability createdAt }
      }
    }
  }
}"""

Q4 = """
mutation Win($input: WinInput!) {
  win(input: $input) {
    result { rowId version status stage updatedAt signedOn contractNumber signedAmount currency }
  }
}"""

Q5 = """
query Summary($partner: UUID!) {
  opportunitySummary(partner: $partner) { nodes { status currency count expected signed } }
}"""


def told_q1(data: Row) -> Row:
    """Tell the list as the application does; cursors are each server's own."""
    nodes = [
        {
            **_opportunity(row),
            "customer": _customer(row["customerByCustomerId"]),
            "owner": {"id": _id("acc", row["owner"]), "name": row["owner"]["name"], "title": row["owner"]["title"]},
            "partner": {
                **{name: row["partnerOrganisationByPartnerId"][name] for name in ("name", "level")},
                "id": _id("ptn", row["partnerOrganisationByPartnerId"]),
            },
        }
        for row in data["allOpportunities"]["nodes"]
    ]
    return {"opportunities": {"nodes": nodes, "pageInfo": {**data["allOpportunities"]["pageInfo"], "endCursor": None}}}


def told_q2(data: Row) -> Row:
    """Tell the detail as the application does."""
    row = data["opportunityByRowId"]
    lines = [
        {
            **{name: line[name] for name in ("product", "service", "quantity")},
            "id": _id("opl", line),
            "amount": _money(line["amount"], line["currency"]),
        }
        for line in row["opportunityLinesByOpportunityId"]["nodes"]
    ]
    names = ("actorName", "operation", "operationZh", "fromStatus", "toStatus")
    history = [
        {**{name: line[name] for name in names}, "id": _id("jrn", line), "at": _instant(line["at"])}
        for line in row["history"]["nodes"]
    ]
    node = {
        **_opportunity(row),
        **{name: row[name] for name in ("need", "version")},
        "expectedAmount": _money(row["expectedAmount"], row["currency"]),
        "customer": _customer(row["customerByCustomerId"]),
        "lines": {"nodes": lines},
        "history": {"nodes": history},
    }
    return {"opportunity": node}


def told_q3(data: Row) -> Row:
    """Tell the nested list as the application does."""
    nodes = [
        {
            **{name: row[name] for name in ("industry", "province")},
            "id": _id("cus", row),
            "companyName": mask_company(row["companyName"]),
            "accountName": mask_account(row["accountName"]),
            "opportunities": {
                "nodes": [
                    {
                        **{name: one[name] for name in ("name", "status", "stage", "winProbability")},
                        "id": _id("opp", one),
                        "createdAt": _instant(one["createdAt"]),
                    }
                    for one in row["opportunitiesByCustomerId"]["nodes"]
                ]
            },
        }
        for row in data["allCustomers"]["nodes"]
    ]
    return {"customers": {"nodes": nodes}}


def told_q4(data: Row) -> Row:
    """Tell what was won as the application does; each wins an opportunity of its own."""
    row = data["win"]["result"]
    same = {name: row[name] for name in ("version", "status", "stage", "signedOn", "contractNumber")}
    node = {**same, "id": None, "updatedAt": None, "signedAmount": _money(row["signedAmount"], row["currency"])}
    return {"opportunityWin": {"replayed": False, "opportunity": node}}


def told_q5(data: Row) -> Row:
    """Tell the summary as the application does."""
    rows = data["opportunitySummary"]["nodes"]
    found = [
        {
            "key": status,
            "count": sum(int(row["count"]) for row in of_status),
            "expected": [_money(row["expected"], row["currency"]) for row in of_status if int(row["expected"])],
            "signed": [_money(row["signed"], row["currency"]) for row in of_status if int(row["signed"])],
        }
        for status in dict.fromkeys(row["status"] for row in rows)
        for of_status in ([row for row in rows if row["status"] == status],)
    ]
    return {"opportunitySummary": {"count": sum(int(row["count"]) for row in rows), "byStatus": found}}


def own(data: Row) -> Row:
    """Leave out of the application's answer what no other server can know."""
    if "opportunities" in data:
        data["opportunities"]["pageInfo"]["endCursor"] = None
    if "opportunityWin" in data:
        data["opportunityWin"]["opportunity"] |= {"id": None, "updatedAt": None}
    return data


def _id(kind: str, row: Row) -> str:
    return f"{kind}_{UUID(row['rowId']).hex}"


def _instant(text: str) -> str:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _money(minor: str | None, currency: str) -> Row | None:
    return None if minor is None else {"amount": str(Decimal(minor).scaleb(-2)), "currency": currency}


def _opportunity(row: Row) -> Row:
    same = ("name", "status", "direction", "industry", "province", "stage", "winProbability", "expectedSignDate")
    return {
        **{name: row[name] for name in same},
        "id": _id("opp", row),
        "companyName": mask_company(row["companyName"]),
        "contactMobile": mask_mobile(row["contactMobile"]),
        "createdAt": _instant(row["createdAt"]),
    }


def _customer(row: Row) -> Row:
    return {
        **{name: row[name] for name in ("industry", "province", "city")},
        "id": _id("cus", row),
        "companyName": mask_company(row["companyName"]),
        "accountName": mask_account(row["accountName"]),
    }
