"""Invitations in GraphQL: sent by mail, made as a link, answered signed in or by the mail's link."""

from resolvers.invitation.actions import InvitationMutation, InvitationQuery
from resolvers.invitation.types import Invitation

__all__ = ["Invitation", "InvitationMutation", "InvitationQuery"]
