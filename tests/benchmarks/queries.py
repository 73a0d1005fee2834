"""Q1 to Q5 of performance.md, customers with their consumption and a home page, as a portal would send them."""

from __future__ import annotations

READER, WRITER = "main-0", "main-1"
"""Logins of the main accounts that read and that write."""

SIGN_IN = "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { session { accessToken } } }"

Q1 = """
query List($partner: ID!, $first: Int!) {
  opportunities(first: $first, filter: {partner: $partner, status: [VALIDATED]}) {
    nodes {
      id name status direction companyName contactMobile industry province stage winProbability
      expectedSignDate createdAt
      customer { id companyName accountName industry province city }
      owner { id name title }
      partner { id name level }
    }
    pageInfo { hasNextPage endCursor }
  }
}"""

Q2 = """
query Detail($id: ID!) {
  opportunity(id: $id) {
    id name status direction companyName contactMobile industry province stage winProbability
      expectedSignDate createdAt
    need version
    expectedAmount { amount currency }
    customer { id companyName accountName industry province city }
    lines(first: 20) { nodes { id product service quantity amount { amount currency } } }
    history(first: 10) { nodes { id at actorName operation operationZh fromStatus toStatus } }
  }
}"""

Q3 = """
query Nested($first: Int!) {
  customers(first: $first) {
    nodes {
      id companyName accountName industry province
      opportunities(first: 10) { nodes { id name status stage winProbability createdAt } }
    }
  }
}"""

CONSUMPTION = """
query Consumption($first: Int!) {
  customers(first: $first) {
    nodes {
      id companyName accountName industry province city
      consumption(first: 4, filter: {thisMonth: true}) {
        nodes { id view amountDue { amount currency } performanceAmount { amount currency } }
      }
    }
  }
}"""

Q4 = """
mutation Win($input: OpportunityWinInput!) {
  opportunityWin(input: $input) {
    replayed
    opportunity { id version status stage updatedAt signedOn contractNumber signedAmount { amount currency } }
  }
}"""

Q5 = """
query Summary($partner: ID!) {
  opportunitySummary(filter: {partner: $partner}) {
    count
    byStatus { key count expected { amount currency } signed { amount currency } }
  }
}"""

HOME = """
query Home {
  home {
    pipeline { stage count amounts { amount currency } }
    waiting { drafts returned offers stale }
    dueNext(first: 5) { id name status dueAt }
    unreadNotices
  }
}"""
