"""Pages of partner entry: whom Huawei has invited, how far each has come, and the form that invites the next."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import col, select
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from admin.customer import staff
from admin.pages.fields import MEANINGS, Column
from admin.pages.finding import Find
from admin.pages.inputs import Filled, Input, fill, filled_with, with_options
from admin.pages.records import RecordPages, Related, Section
from admin.pages.steps import Given, Step
from admin.viewer import Viewer, viewer_of
from admin.words import say, spoken
from models import entry as domain
from models.entry import EntryConcern, EntryStatus, EntryWords, PartnerEntry
from models.kernel.errors import DomainError, NotFoundError, PermissionDeniedError
from models.kernel.reads import Reader
from models.kernel.work import Work
from models.partner import PartnerKind, PartnerOrganisation, Path
from models.reference import PROVINCES
from models.rights import Right

MEANINGS["concerns"] = EntryConcern
INVITATION = (
    Input("company_name", required=True, longest=128),
    Input("email", required=True, longest=254),
    Input("kind", "choice", required=True, words=PartnerKind, row_type="PartnerOrganisation"),
    Input("path", "choice", words=Path, hint="entry_path_hint"),
    Input("distributor_id", "record", prefix=PartnerOrganisation.prefix, options=(), hint="entry_distributor_hint"),
    Input("pdm_id", "person"),
    Input("language", "choice", required=True, options=(("zh", "中文"), ("en", "English"))),
)


async def _resend(work: Work, id: UUID, given: Given) -> Any:
    await work.get(PartnerEntry, id, version=given.version)
    return await domain.resend(work, id)


async def _withdraw(work: Work, id: UUID, given: Given) -> Any:
    return await domain.withdraw(work, id, version=given.version)


class PartnerEntryPages(RecordPages):
    """The pages of entries (伙伴入驻)."""

    model = PartnerEntry
    path: ClassVar[str] = "partner-entries"
    title: ClassVar[str] = "partner_entries"
    icon: ClassVar[str] = "ti ti-door-enter"
    rights = (Right.ENTRY_READ_ALL, Right.ENTRY_READ_INVITED)
    template: ClassVar[str] = "partner_entries.html"
    heading = Column("invited_name")
    status = "status"
    columns = (
        Column("invited_name", opens=True, wide=True),
        Column("status", badge=True),
        Column("kind"),
        Column("company_name"),
        Column("credit_code"),
        Column("pdm.name"),
        Column("due_at"),
        Column("created_at"),
    )
    finds = (
        Find("invited_name"),
        Find("company_name"),
        Find("credit_code"),
        Find("status", "choice", words=EntryStatus),
        Find("kind", "choice", words=PartnerKind),
        Find("province", "choice", reference=PROVINCES),
        Find("created_from", "from_day", label="created_at"),
        Find("created_to", "to_day", label="created_at"),
    )
    sections = (
        Section(
            "section_invitation",
            (
                Column("invited_name"),
                Column("invited_email"),
                Column("status", badge=True),
                Column("kind"),
                Column("invited_path"),
                Column("distributor.name"),
                Column("pdm.name"),
                Column("issuer.name"),
                Column("valid_until"),
                Column("times_sent"),
                Column("last_sent_at"),
                Column("created_at"),
            ),
        ),
        Section(
            "section_entering",
            (
                Column("opened_at"),
                Column("verified_at"),
                Column("finish_by"),
                Column("mobile"),
                Column("email"),
                Column("registered_at"),
                Column("account.name"),
                Column("terms.number"),
                Column("terms_accepted_at"),
            ),
        ),
        Section(
            "section_entry",
            (
                Column("company_name"),
                Column("credit_code"),
                Column("legal_form"),
                Column("province"),
                Column("city"),
                Column("address", wide=True),
                Column("path"),
                Column("contact_name"),
                Column("contact_title"),
                Column("contact_email"),
                Column("submitted_at"),
                Column("concerns", wide=True),
                Column("escalated_at"),
                Column("verdict_reason", wide=True),
                Column("joined_at"),
                Column("partner.name"),
            ),
        ),
    )
    lists = (
        Related(
            "attachments",
            "files",
            (Column("name", wide=True), Column("field"), Column("size"), Column("uploaded_by_name"), Column("at")),
        ),
    )
    steps = {
        "resend": Step(
            _resend,
            zh="重新发送邀请",
            en="Send the invitation again",
            permission=Right.ENTRY_INVITE,
            applies=lambda _actor, record: domain.waits(record),
            colour="primary",
        ),
        "withdraw": Step(_withdraw),
    }

    def lay(self) -> None:
        """Add the form that invites before the routes of a record, whose ids it could be taken for."""
        self.site.get(f"/{self.path}/invite", self.form_page, "partner-entries-invite")
        self.site.post(f"/{self.path}/invite", self.take_invitation, "partner-entries-send")
        super().lay()

    async def beside_list(self, viewer: Viewer, reader: Reader) -> dict[str, Any]:
        """Offer the form to whoever may invite."""
        return {"invite_right": Right.ENTRY_INVITE}

    async def form_page(self, request: Request) -> Response:
        """Show the empty form."""
        return await self._form(request)

    async def take_invitation(self, request: Request, form: FormData) -> Response:
        """Show the mail as it would be sent, or send it."""
        viewer = viewer_of(request)
        inputs = await self._inputs(viewer)
        filled = fill(inputs, form)
        if not filled.sound:
            return await self._form(request, filled, status=422)
        try:
            if form.get("do") == "send":
                made = await viewer.act(lambda work: domain.invite(work, filled.values))
                self.site.tell(request, "done", what=say("entry_invite"))
                return self.site.go(f"{self.address}/{made.public_id}")
            async with viewer.reading() as reader:
                words = await domain.preview(viewer.looking(reader.session), filled.values)
        except NotFoundError:
            raise
        except DomainError as error:
            filled.refuse(error, inputs)
            return await self._form(request, filled, status=422)
        return await self._form(request, filled, words=words)

    async def _form(
        self, request: Request, filled: Filled | None = None, *, words: EntryWords | None = None, status: int = 200
    ) -> Response:
        viewer = viewer_of(request)
        inputs = await self._inputs(viewer)
        given = {"kind": PartnerKind.SOLUTION_PROVIDER, "language": spoken()}
        return await self.site.render(
            request,
            "partner_entry_invite.html",
            status,
            pages=self,
            inputs=inputs,
            filled=filled or filled_with(inputs, given),
            words=words,
            action=f"{self.address}/invite",
            cancel=self.address,
            trail=[(say(self.title), self.address)],
            heading=say("entry_invite"),
        )

    async def _inputs(self, viewer: Viewer) -> tuple[Input, ...]:
        if not viewer.actor.may(Right.ENTRY_INVITE):
            raise PermissionDeniedError(permission=Right.ENTRY_INVITE)
        async with viewer.reading() as reader:
            work = viewer.looking(reader.session)
            people = await staff(work)
            distributors = await work.every(
                select(PartnerOrganisation)
                .where(
                    PartnerOrganisation.kind == PartnerKind.DISTRIBUTOR, PartnerOrganisation.visible_to(viewer.actor)
                )
                .order_by(col(PartnerOrganisation.name))
                .limit(200)
            )
        choices = {"pdm_id": people, "distributor_id": [(one.public_id, one.name) for one in distributors]}
        # A PDM becomes the PDM of whom he invites; only who may name another is asked for one.
        own = viewer.actor.may(Right.PARTNER_READ_PARTNERS)
        return tuple(
            with_options(one, choices[one.name]) if one.name in choices else one
            for one in INVITATION
            if not (own and one.name == "pdm_id")
        )
