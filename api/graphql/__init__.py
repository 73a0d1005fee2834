"""GraphQL over HTTP: reading requests, preparing documents, limits, execution; it knows no business noun."""

from api.graphql.endpoint import Answered, Endpoint
from api.graphql.limits import Limits
from api.graphql.refusals import Code, Refused

__all__ = ["Answered", "Code", "Endpoint", "Limits", "Refused"]
