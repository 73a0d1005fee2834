"""Opportunities in GraphQL."""

from resolvers.opportunity.mutations import OpportunityMutation
from resolvers.opportunity.queries import OpportunityQuery

__all__ = ["OpportunityMutation", "OpportunityQuery"]
