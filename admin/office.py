"""The back-office put together: which pages there are, and in which order the menu lists them."""

from __future__ import annotations

from starlette.applications import Starlette

from admin.account import AccountPages, RolePages
from admin.agreement import AgreementPages
from admin.approval import QueuePages
from admin.association_request import AssociationRequestPages
from admin.balance import AuthorisationPages, BalancePages, EntryPages, FreezePages
from admin.consumption import ConsumptionDetailPages, ConsumptionPages, PerformancePages
from admin.customer import CustomerPages
from admin.customer_merge import CustomerMergePages
from admin.customer_report import CustomerReportPages
from admin.deal_registration import DealRegistrationPages
from admin.door import Door
from admin.entry import PartnerEntryPages
from admin.export import ExportPages
from admin.file import FilePages
from admin.home import HomePage
from admin.invitation import InvitationPages
from admin.journal import JournalPages
from admin.lead import LeadPages
from admin.notice import NoticePages
from admin.operations import ClientPages, DocumentPages, ManifestPages
from admin.opportunity import HoDeskPages, OpportunityPages
from admin.pages.records import Eye
from admin.partner import MembershipPages, PartnerPages
from admin.settings import CalendarPages, PolicyHistory, PolicyPages
from admin.site import Pages, Site
from admin.viewer import House
from models.file import FileTerms, Receiver
from models.identity.sessions import SessionTerms
from models.kernel.work import Clock, Store, utc_now

PAGES: tuple[type[Pages], ...] = (
    Door,
    HomePage,
    Eye,
    QueuePages,
    OpportunityPages,
    HoDeskPages,
    CustomerPages,
    CustomerMergePages,
    CustomerReportPages,
    InvitationPages,
    AssociationRequestPages,
    AgreementPages,
    AuthorisationPages,
    FreezePages,
    BalancePages,
    EntryPages,
    ConsumptionPages,
    ConsumptionDetailPages,
    PerformancePages,
    LeadPages,
    DealRegistrationPages,
    PartnerPages,
    PartnerEntryPages,
    MembershipPages,
    ExportPages,
    FilePages,
    JournalPages,
    NoticePages,
    PolicyPages,
    CalendarPages,
    ClientPages,
    ManifestPages,
    DocumentPages,
    AccountPages,
    RolePages,
)


def mount(
    app: Starlette,
    store: Store,
    terms: SessionTerms,
    *,
    secret: str,
    secure: bool,
    clock: Clock = utc_now,
    base_url: str = "/admin",
    export_key: bytes = b"",
    files: FileTerms | None = None,
    receiver: Receiver | None = None,
    production: bool = False,
) -> Site:
    """Open the back-office under an address of the application.

    `secret` signs the cookie that carries one notice to the next page; `secure` keeps cookies to HTTPS; without a
    `receiver` no form takes files.
    """
    house = House(store, terms, clock, export_key, files, receiver, production)
    site = Site(app, house, secret=secret, secure=secure, base_url=base_url)
    for pages in PAGES:
        site.add(pages())
    site.add_view(PolicyHistory)
    return site
