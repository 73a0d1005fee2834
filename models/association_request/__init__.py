"""Un-linking and switching: requests that one side files and the other decides."""

from models.association_request.record import AssociationRequest

__all__ = ["AssociationRequest"]
