"""Pages of what is set for everybody: policy numbers and the working calendar."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from sqladmin import ModelView
from sqlmodel import col, select
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from admin.pages.fields import beijing
from admin.pages.inputs import Filled, Input, fill
from admin.site import Pages
from admin.viewer import viewer_of
from admin.words import both, say, spoken
from models.kernel.access import Actor
from models.kernel.calendar import BEIJING
from models.kernel.errors import DomainError, NotFoundError, PermissionDeniedError
from models.kernel.policy import CalendarDay, PolicyRow, declared
from models.labels import field_label
from models.rights import Right
from models.settings import clear_calendar_day, policy_value, set_calendar_day, set_policy


class PolicyPages(Pages):
    """The pages of policy numbers (政策参数)."""

    path: ClassVar[str] = "policies"
    title: ClassVar[str] = "policies"
    icon: ClassVar[str] = "ti ti-adjustments"
    group: ClassVar[str] = "group_system"

    def lay(self) -> None:
        """Add the routes."""
        self.site.get("/policies", self.list_page, "policies")
        self.site.get("/policies/{key}/edit", self.form_page, "policy-form")
        self.site.post("/policies/{key}/edit", self.change, "policy-change")

    async def list_page(self, request: Request) -> Response:
        """Show every policy number with what is in force and what is scheduled."""
        viewer = viewer_of(request)
        async with viewer.reading() as reader:
            rows = await viewer.looking(reader.session).every(
                select(PolicyRow).where(PolicyRow.visible_to(viewer.actor)).order_by(col(PolicyRow.effective_from))
            )
            scheduled: dict[str, list[Any]] = {}
            for row in rows:
                if row.effective_from > reader.now:
                    scheduled.setdefault(row.key, []).append((row.value, beijing(row.effective_from)))
            policies = [
                {
                    "key": key,
                    "title": both(policy),
                    "value": _text(reader.policy(policy)),
                    "seed": _text(policy.seed),
                    "next": [f"{_text(value)} · {since}" for value, since in scheduled.get(key, ())],
                }
                for key, policy in sorted(declared().items())
            ]
        return await self.site.render(
            request,
            "policies.html",
            pages=self,
            heading=say("policies"),
            policies=policies,
            may_edit=viewer.actor.may(Right.POLICY_EDIT),
        )

    async def form_page(self, request: Request) -> Response:
        """Show the form that changes a number."""
        return await self._form(request, None)

    async def change(self, request: Request, form: FormData) -> Response:
        """Change a number from now on or from a later day."""
        viewer, key = viewer_of(request), request.path_params["key"]
        inputs = self._inputs(viewer.actor, key)
        filled = fill(inputs, form)
        if filled.sound:
            day: dt.date | None = filled.values["effective_from"]
            since = dt.datetime.combine(day, dt.time(), BEIJING).astimezone(dt.UTC) if day else None
            note = filled.values["note"] or ""
            try:
                value = policy_value(declared()[key], filled.values["value"])
                await viewer.act(lambda work: set_policy(work, key, value, effective_from=since, note=note))
            except (NotFoundError, PermissionDeniedError):
                raise
            except DomainError as error:
                filled.refuse(error, inputs)
            else:
                self.site.tell(request, "policy_saved")
                return self.site.go(self.address)
        return await self._form(request, filled, 422)

    def _inputs(self, actor: Actor, key: str) -> tuple[Input, ...]:
        actor.require(Right.POLICY_EDIT)
        policy = declared().get(key)
        if policy is None:
            raise NotFoundError()
        value = Input("value", required=True)
        if isinstance(policy.seed, bool):
            value = Input("value", "choice", required=True, options=(("true", say("yes")), ("false", say("no"))))
        return value, Input("effective_from", "day", label="policy_from"), Input("note", longest=200)

    async def _form(self, request: Request, filled: Filled | None, status: int = 200) -> Response:
        viewer, key = viewer_of(request), request.path_params["key"]
        inputs = self._inputs(viewer.actor, key)
        policy = declared()[key]
        async with viewer.reading() as reader:
            present = reader.policy(policy)
        text = str(present).lower() if isinstance(present, bool) else str(present)
        return await self.site.render(
            request,
            "edit.html",
            status,
            pages=self,
            inputs=inputs,
            filled=filled or Filled(texts={"value": text}),
            action=f"{self.address}/{key}/edit",
            cancel=self.address,
            trail=[(say("policies"), self.address)],
            heading=both(policy),
            intro=key,
            version=0,
        )


class CalendarPages(Pages):
    """The pages of the working calendar (工作日历)."""

    path: ClassVar[str] = "calendar"
    title: ClassVar[str] = "calendar"
    icon: ClassVar[str] = "ti ti-calendar"
    group: ClassVar[str] = "group_system"
    inputs = (
        Input("day", "day", required=True),
        Input("is_working", "choice", required=True),
        Input("note", longest=200),
    )

    def lay(self) -> None:
        """Add the routes."""
        self.site.get("/calendar", self.list_page, "calendar")
        self.site.post("/calendar", self.set_day, "calendar-set")
        self.site.post("/calendar/{day}/clear", self.clear_day, "calendar-clear")

    async def list_page(self, request: Request) -> Response:
        """Show the days that differ from the published calendar."""
        return await self._page(request, Filled())

    async def set_day(self, request: Request, form: FormData) -> Response:
        """Say of a day whether it is worked."""
        viewer = viewer_of(request)
        inputs = self._inputs()
        filled = fill(inputs, form)
        if filled.sound:
            told = filled.values
            try:
                moved = await viewer.act(
                    lambda work: set_calendar_day(
                        work, told["day"], is_working=told["is_working"] == "true", note=told["note"] or ""
                    )
                )
            except PermissionDeniedError:
                raise
            except DomainError as error:
                filled.refuse(error, inputs)
            else:
                self.site.tell(request, "calendar_saved", moved=moved)
                return self.site.go(self.address)
        return await self._page(request, filled, 422)

    async def clear_day(self, request: Request, form: FormData) -> Response:
        """Let a day follow the published calendar again."""
        try:
            day = dt.date.fromisoformat(request.path_params["day"])
        except ValueError:
            raise NotFoundError() from None
        moved = await viewer_of(request).act(lambda work: clear_calendar_day(work, day))
        self.site.tell(request, "calendar_saved", moved=moved)
        return self.site.go(self.address)

    def _inputs(self) -> tuple[Input, ...]:
        worked = (("true", say("calendar_working")), ("false", say("calendar_free")))
        day, working, note = self.inputs
        return day, Input(working.name, "choice", required=True, options=worked), note

    async def _page(self, request: Request, filled: Filled, status: int = 200) -> Response:
        viewer = viewer_of(request)
        async with viewer.reading() as reader:
            days = await viewer.looking(reader.session).every(
                select(CalendarDay).where(CalendarDay.visible_to(viewer.actor)).order_by(col(CalendarDay.day).desc())
            )
            assert reader.calendar is not None, "prepare() loads it"
            covered = reader.calendar.covered_until()
        return await self.site.render(
            request,
            "calendar.html",
            status,
            pages=self,
            heading=say("calendar"),
            days=days,
            covered=covered,
            inputs=self._inputs(),
            filled=filled,
            may_edit=viewer.actor.may(Right.CALENDAR_EDIT),
        )


class _Labels(dict[Any, str]):
    """Labels in the language of the request, where SQLAdmin expects texts that never change."""

    def get(self, key: Any, default: Any = None) -> Any:
        """Name a column."""
        return field_label(str(key), spoken())


class PolicyHistory(ModelView, model=PolicyRow):
    """Every row that a policy number has had (政策参数历史), read-only."""

    icon = "ti ti-history-toggle"
    list_template = "reference.html"
    can_create = can_edit = can_delete = can_export = can_import = can_view_details = False
    column_list = ["key", "value", "effective_from", "effective_to", "note"]
    column_sortable_list = ["key", "effective_from"]
    column_searchable_list = ["key"]
    column_default_sort = [("effective_from", True)]
    column_formatters = {
        "value": lambda row, _name: _text(row.value),
        "effective_from": lambda row, _name: beijing(row.effective_from),
        "effective_to": lambda row, _name: beijing(row.effective_to) if row.effective_to else "",
    }
    page_size = 50

    def __init__(self) -> None:
        super().__init__()
        self._column_labels = _Labels(self._column_labels)

    @property
    def name_plural(self) -> str:  # type: ignore[override]
        """Name the list in the language of the request."""
        return say("policy_history")

    def is_accessible(self, request: Request) -> bool:
        """Open it to those who see policy numbers change."""
        viewer = getattr(request.state, "viewer", None)
        return viewer is not None and viewer.actor.may(Right.POLICY_EDIT)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return say("yes" if value else "no")
    return str(value)
