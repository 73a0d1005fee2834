"""GraphQL over HTTP: reading requests, preparing documents, limits, execution; it knows no business noun."""

from api.graphql.budget import Budget
from api.graphql.endpoint import Endpoint
from api.graphql.exchange import Answered
from api.graphql.limits import Limits
from api.graphql.persisted import Mode, Registered, Terms
from api.graphql.refusals import Code, Refused

__all__ = ["Answered", "Budget", "Code", "Endpoint", "Limits", "Mode", "Refused", "Registered", "Terms"]
