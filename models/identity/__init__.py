"""People and tools: who signs in, what their roles grant, and the sessions and tokens that prove it."""

from models.identity.access import SignInRequiredError, actor_of, enrich, operator_actor, permissions_of
from models.identity.record import (
    Account,
    AccountRole,
    ApiSession,
    ApiToken,
    BackOfficeSession,
    ClientApplication,
    Role,
    SignInFailure,
)

__all__ = [
    "Account",
    "AccountRole",
    "ApiSession",
    "ApiToken",
    "BackOfficeSession",
    "ClientApplication",
    "Role",
    "SignInFailure",
    "SignInRequiredError",
    "actor_of",
    "enrich",
    "operator_actor",
    "permissions_of",
]
