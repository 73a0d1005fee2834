"""The GraphQL schema: one room's queries and mutations after the other."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from resolvers.approval import ApprovalMutation, ApprovalQuery
from resolvers.customer import CustomerMutation, CustomerQuery
from resolvers.fields import node_types
from resolvers.general import GeneralMutation, GeneralQuery
from resolvers.identity import IdentityMutation, IdentityQuery
from resolvers.journal import JournalQuery
from resolvers.opportunity import OpportunityMutation, OpportunityQuery
from resolvers.partner import PartnerMutation, PartnerQuery
from resolvers.pce import PceMutation, PceQuery
from resolvers.scalars import SCALARS

QUERIES = (
    GeneralQuery,
    IdentityQuery,
    PartnerQuery,
    PceQuery,
    CustomerQuery,
    OpportunityQuery,
    ApprovalQuery,
    JournalQuery,
)
MUTATIONS = (
    GeneralMutation,
    IdentityMutation,
    PartnerMutation,
    PceMutation,
    CustomerMutation,
    OpportunityMutation,
    ApprovalMutation,
)


def build_schema() -> strawberry.Schema:
    """Put the schema together."""
    return strawberry.Schema(
        query=merge_types("Query", QUERIES),
        mutation=merge_types("Mutation", MUTATIONS),
        types=list(node_types().values()),
        config=StrawberryConfig(scalar_map=SCALARS),
    )
