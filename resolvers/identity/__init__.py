"""People and tools in GraphQL: who one is, sessions, members, roles, client applications and tokens."""

from resolvers.identity.mutations import IdentityMutation
from resolvers.identity.queries import IdentityQuery

__all__ = ["IdentityMutation", "IdentityQuery"]
