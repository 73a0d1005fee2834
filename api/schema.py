"""The GraphQL schema: one room's queries and mutations after the other."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from api.guide import GUIDE, guide
from models.kernel.lifecycle import lifecycles_markdown
from resolvers.account_manager import AccountManagerMutation
from resolvers.agreement import AgreementMutation, AgreementQuery
from resolvers.approval import ApprovalMutation, ApprovalQuery
from resolvers.association import AssociationMutation, AssociationQuery
from resolvers.association_request import AssociationRequestMutation, AssociationRequestQuery
from resolvers.authorisation import AuthorisationMutation, AuthorisationQuery
from resolvers.balance import BalanceMutation, BalanceQuery
from resolvers.consumption import ConsumptionQuery
from resolvers.customer import CustomerMutation, CustomerQuery
from resolvers.customer_merge import CustomerMergeMutation, CustomerMergeQuery
from resolvers.customer_report import CustomerReportMutation, CustomerReportQuery
from resolvers.dashboard import DashboardQuery
from resolvers.deal_registration import DealRegistrationMutation, DealRegistrationQuery
from resolvers.entry import PartnerEntryMutation, PartnerEntryQuery
from resolvers.export import ExportMutation, ExportQuery
from resolvers.fields import node_types
from resolvers.file import FileMutation
from resolvers.freeze import FreezeMutation, FreezeQuery
from resolvers.general import GeneralMutation, GeneralQuery
from resolvers.home import HomeMutation, HomeQuery
from resolvers.identity import IdentityMutation, IdentityQuery
from resolvers.invitation import InvitationMutation, InvitationQuery
from resolvers.journal import JournalQuery
from resolvers.lead import LeadMutation, LeadQuery
from resolvers.notice import NoticeMutation, NoticeQuery
from resolvers.operations import OperationsMutation, OperationsQuery
from resolvers.opportunity import OpportunityMutation, OpportunityQuery
from resolvers.partner import PartnerMutation, PartnerQuery
from resolvers.pce import PceMutation, PceQuery
from resolvers.reseller import ResellerQuery
from resolvers.role_effects import RoleEffectsQuery
from resolvers.scalars import SCALARS
from resolvers.verification import VerificationMutation, VerificationQuery

QUERIES = (
    GeneralQuery,
    IdentityQuery,
    PartnerQuery,
    PartnerEntryQuery,
    PceQuery,
    CustomerQuery,
    CustomerMergeQuery,
    ConsumptionQuery,
    ResellerQuery,
    CustomerReportQuery,
    InvitationQuery,
    AssociationQuery,
    AssociationRequestQuery,
    VerificationQuery,
    AuthorisationQuery,
    BalanceQuery,
    FreezeQuery,
    AgreementQuery,
    OpportunityQuery,
    LeadQuery,
    DealRegistrationQuery,
    OperationsQuery,
    RoleEffectsQuery,
    ApprovalQuery,
    JournalQuery,
    NoticeQuery,
    ExportQuery,
    HomeQuery,
    DashboardQuery,
)
MUTATIONS = (
    GeneralMutation,
    IdentityMutation,
    PartnerMutation,
    PartnerEntryMutation,
    PceMutation,
    CustomerMutation,
    CustomerMergeMutation,
    AccountManagerMutation,
    CustomerReportMutation,
    InvitationMutation,
    AssociationMutation,
    AssociationRequestMutation,
    VerificationMutation,
    AuthorisationMutation,
    BalanceMutation,
    FreezeMutation,
    AgreementMutation,
    OpportunityMutation,
    LeadMutation,
    DealRegistrationMutation,
    OperationsMutation,
    ApprovalMutation,
    NoticeMutation,
    FileMutation,
    ExportMutation,
    HomeMutation,
)


def build_schema() -> strawberry.Schema:
    """Put the schema together."""
    return strawberry.Schema(
        query=merge_types("Query", QUERIES),
        mutation=merge_types("Mutation", MUTATIONS),
        types=list(node_types().values()),
        config=StrawberryConfig(scalar_map=SCALARS),
    )


def contract() -> dict[Path, str]:
    """Print what is committed beside the code: the schema, the lifecycles, and the guide with its codes."""
    return {
        Path(str(files("api") / "schema.graphql")): build_schema().as_str().rstrip() + "\n",
        Path(str(files("models") / "LIFECYCLES.md")): lifecycles_markdown().rstrip() + "\n",
        GUIDE: guide(),
    }
