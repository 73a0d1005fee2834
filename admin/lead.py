"""Pages of leads: list and detail for Huawei's side, and the forms by which operations send leads down."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

from sqlmodel import col, select
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from admin.pages.fields import Column
from admin.pages.finding import Find
from admin.pages.inputs import Filled, Input, fill, with_options
from admin.pages.records import RecordPages, Related, Section
from admin.viewer import Viewer, viewer_of
from admin.words import say, spoken
from models import lead as domain
from models.customer import CustomerType
from models.file import ArrivedFile
from models.kernel.errors import DomainError, NotFoundError, PermissionDeniedError
from models.kernel.reads import Reader
from models.lead import Lead, LeadLevel, LeadRowState, LeadSource, LeadStatus, import_leads, template
from models.lead.importing import COLUMNS, heading
from models.partner import PartnerOrganisation
from models.reference import INDUSTRIES, OFFICES, PROVINCES
from models.rights import Right

SOURCES = tuple((one.value, one) for one in (LeadSource.HUAWEI, LeadSource.CAMPAIGN))
PARTNER = Input("partner_id", "record", required=True, prefix=PartnerOrganisation.prefix, options=())
SOURCE = Input("source", "choice", required=True, words=LeadSource)
PUSHED = (
    PARTNER,
    SOURCE,
    Input("company_name", longest=128),
    Input("customer_name", longest=128),
    Input("account_name", longest=64, row_type="Lead"),
    Input("email", longest=254),
    Input("mobile", longest=32),
    Input("customer_type", "choice", words=CustomerType),
    Input("industry", "choice", reference=INDUSTRIES),
    Input("province", "choice", reference=PROVINCES),
    Input("level", "choice", words=LeadLevel, row_type="Lead"),
    Input("campaign_name", longest=128),
    Input("requirement", "area", longest=1000),
)
IMPORTED = (PARTNER, SOURCE)


class LeadPages(RecordPages):
    """The pages of leads (线索)."""

    model = Lead
    path: ClassVar[str] = "leads"
    title: ClassVar[str] = "leads"
    icon: ClassVar[str] = "ti ti-bulb"
    group: ClassVar[str] = "group_records"
    rights = (Right.LEAD_READ_ALL, Right.LEAD_READ_PARTNERS, Right.LEAD_READ_OFFICE)
    template: ClassVar[str] = "leads.html"
    heading = Column("company_name")
    status = "status"
    columns = (
        Column("company_name", opens=True),
        Column("customer_name"),
        Column("account_name"),
        Column("level"),
        Column("status", badge=True),
        Column("partner.name"),
        Column("follower.name"),
        Column("next_follow_at"),
        Column("source"),
        Column("campaign_name"),
        Column("created_at"),
    )
    finds = (
        Find("account_name"),
        Find("company_name"),
        Find("customer_name"),
        Find("email"),
        Find("mobile"),
        Find("customer_type", "choice", words=CustomerType),
        Find("level", "choice", words=LeadLevel),
        Find("campaign_name"),
        Find("follower_name"),
        Find("status", "choice", words=LeadStatus),
        Find("source", "choice", words=LeadSource),
        Find("office", "choice", reference=OFFICES),
        Find("overdue", "flag"),
        Find("created_from", "from_day", label="created_at"),
        Find("created_before", "to_day", label="created_at"),
    )
    sections = (
        Section(
            "section_lead",
            (
                Column("company_name"),
                Column("customer_name"),
                Column("account_name"),
                Column("email"),
                Column("mobile"),
                Column("customer_type"),
                Column("industry"),
                Column("province"),
                Column("level"),
                Column("source"),
                Column("campaign_name"),
                Column("requirement", wide=True),
            ),
        ),
        Section(
            "section_following",
            (
                Column("status", badge=True),
                Column("partner.name"),
                Column("follower.name"),
                Column("dispatched_at"),
                Column("last_follow_up_at"),
                Column("next_follow_at"),
                Column("close_reason"),
                Column("converted_opportunity.name"),
                Column("converted_deal_registration.name"),
                Column("office_id"),
                Column("created_at"),
                Column("updated_at"),
            ),
        ),
    )
    lists = (
        Related(
            "follow_ups",
            "follow_ups",
            (Column("at"), Column("by_name"), Column("note", wide=True), Column("next_follow_at")),
        ),
    )

    async def beside_list(self, viewer: Viewer, reader: Reader) -> dict[str, Any]:
        """Say what lets the viewer send leads down."""
        return {"push_right": Right.LEAD_PUSH}

    def lay(self) -> None:
        """Add the routes of the two forms before those of the records."""
        self.site.get("/leads/new", self.form_page, "leads-new")
        self.site.post("/leads/new", self.push, "leads-push")
        self.site.get("/leads/import", self.import_page, "leads-import")
        self.site.get("/leads/template", self.give_template, "leads-template")
        self.site.upload("/leads/import", self.take_file, "leads-take", first=self.may_push)
        super().lay()

    async def may_push(self, request: Request) -> None:
        """Refuse whoever does not send leads down."""
        viewer_of(request).actor.require(Right.LEAD_PUSH)

    async def form_page(self, request: Request) -> Response:
        """Show the form of a lead for a partner."""
        await self.may_push(request)
        return await self._form(request, Filled(texts={"source": LeadSource.HUAWEI.value}))

    async def push(self, request: Request, form: FormData) -> Response:
        """Send a lead down."""
        await self.may_push(request)
        viewer = viewer_of(request)
        inputs = await self._inputs(viewer, PUSHED)
        filled = fill(inputs, form)
        if filled.sound:
            values = {name: value for name, value in filled.values.items() if value is not None}
            partner, source = values.pop("partner_id"), values.pop("source")
            try:
                lead = await viewer.act(lambda work: domain.push(work, partner, values, source=source))
            except PermissionDeniedError:
                raise
            except DomainError as error:
                filled.refuse(error, inputs)
            else:
                self.site.tell(request, "lead_pushed")
                return self.site.go(f"{self.address}/{lead.public_id}")
        return await self._form(request, filled, 422)

    async def import_page(self, request: Request) -> Response:
        """Show the form that takes a file of leads."""
        await self.may_push(request)
        return await self._import_form(request, Filled(texts={"source": LeadSource.HUAWEI.value}))

    async def give_template(self, request: Request) -> Response:
        """Give the file to be filled."""
        await self.may_push(request)
        headers = {"content-disposition": 'attachment; filename="leads-template.csv"'}
        return Response(template(spoken()), 200, headers, "text/csv; charset=utf-8")

    async def take_file(self, request: Request, form: FormData, files: Sequence[ArrivedFile]) -> Response:
        """Take a file in, and show what became of each of its rows."""
        viewer = viewer_of(request)
        filled = fill(await self._inputs(viewer, IMPORTED), form)
        if len(files) != 1:
            filled.errors["files"] = [say("lead_file_missing")]
        for error in (error for file in files for error in file.errors):
            filled.errors.setdefault("files", []).append(error.message(spoken()))
        if not filled.sound or (path := files[0].path) is None:
            return await self._import_form(request, filled, 422)
        content = await asyncio.to_thread(path.read_bytes)
        try:
            done = await import_leads(
                viewer.house.store,
                viewer.actor,
                files[0].name,
                content,
                partner_id=filled.values["partner_id"],
                source=filled.values["source"],
                clock=viewer.house.clock,
            )
        except (NotFoundError, PermissionDeniedError):
            raise
        except DomainError as error:
            filled.errors["files"] = [single.message(spoken()) for single in error]
            return await self._import_form(request, filled, 422)
        return await self._import_form(request, filled, done=done)

    async def _inputs(self, viewer: Viewer, inputs: tuple[Input, ...]) -> tuple[Input, ...]:
        async with viewer.reading() as reader:
            found = await viewer.looking(reader.session).every(
                select(PartnerOrganisation)
                .where(PartnerOrganisation.visible_to(viewer.actor))
                .order_by(col(PartnerOrganisation.name), col(PartnerOrganisation.id))
                .limit(500)
            )
        choices: dict[str, list[tuple[str, str]]] = {
            "partner_id": [(one.public_id, one.name) for one in found],
            "source": [(code, word.label(spoken())) for code, word in SOURCES],
        }
        return tuple(with_options(one, choices[one.name]) if one.name in choices else one for one in inputs)

    async def _form(self, request: Request, filled: Filled, status: int = 200) -> Response:
        return await self.site.render(
            request,
            "edit.html",
            status,
            pages=self,
            inputs=await self._inputs(viewer_of(request), PUSHED),
            filled=filled,
            action=f"{self.address}/new",
            cancel=self.address,
            trail=[(say(self.title), self.address)],
            heading=say("lead_push"),
            intro=say("lead_push_note"),
            submit=say("lead_push"),
            version=0,
        )

    async def _import_form(
        self, request: Request, filled: Filled, status: int = 200, *, done: domain.LeadImport | None = None
    ) -> Response:
        between = "、" if spoken() == "zh" else ", "
        return await self.site.render(
            request,
            "leads_import.html",
            status,
            pages=self,
            inputs=await self._inputs(viewer_of(request), IMPORTED),
            filled=filled,
            trail=[(say(self.title), self.address)],
            heading=say("lead_import"),
            intro=say("lead_import_note", columns=between.join(heading(name, spoken()) for name in COLUMNS)),
            done=done,
            counts={state.value.lower(): done.count(state) for state in LeadRowState} if done else {},
        )
