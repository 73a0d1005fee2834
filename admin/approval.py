"""The queue: claim, look, decide, next; it asks the registry which kinds there are and knows none by name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from admin.pages.fields import Column, beijing, cell_of, columns_of, names_of, wanted_of
from admin.pages.finding import SIZES, Asked, asked
from admin.pages.inputs import Filled, Input, fill, with_options
from admin.pages.records import Table, id_from
from admin.pages.sla import Clock, breach_of, clock_of
from admin.pages.steps import Button, Options, button_of, read_reason, version_of
from admin.pages.timeline import LATEST, timeline
from admin.pages.uploads import Shelf, again, chosen_for, complain, put, shelf_of
from admin.site import Pages
from admin.viewer import Viewer, viewer_of
from admin.words import both, say, spoken
from models.approval import (
    AlreadyDecidedError,
    Approval,
    ApprovalKind,
    ApprovalState,
    ClaimedByAnotherError,
    Panel,
    claim,
    decide,
    kinds,
    next_entry,
    release,
)
from models.file import ArrivedFile
from models.kernel.access import Actor
from models.kernel.errors import (
    DomainError,
    InvalidCursorError,
    NotFoundError,
    StaleVersionError,
    TransitionNotAllowedError,
)
from models.kernel.reads import Page, Reader, Wanted
from models.kernel.work import Work
from models.labels import field_label

VIEWS: Final = ("all", "free", "mine", "pool", "closed")
WANTED: Final = Wanted.of(
    *("kind", "subject_kind", "subject_id", "label", "pool", "state", "requested_by", "opened_at", "due_at"),
    *("claimed_by", "claimed_until", "closed_at", "verdict", "decided_by", "reason_code", "reason"),
    partner=Wanted.of("name"),
)
PEOPLE: Final = tuple(Column(name, person=True) for name in ("requested_by", "claimed_by", "decided_by"))
CONFLICTS: Final = (AlreadyDecidedError, ClaimedByAnotherError, StaleVersionError, TransitionNotAllowedError)


@dataclass(frozen=True)
class Asks:
    """What a verdict of a kind asks for beside reason and fields (补充输入); the feature that knows it registers it."""

    inputs: tuple[Input, ...]
    options: dict[str, Options]


_asks: dict[tuple[str, str], Asks] = {}


def ask_for(kind: str, verb: str, *inputs: Input, **options: Options) -> None:
    """Let a feature's pages say what else a verdict of its kind asks for."""
    _asks[kind, verb] = Asks(inputs, options)


Gather = Callable[[Viewer, Reader, Any], Awaitable[dict[str, Any]]]
_shows: dict[str, tuple[str, Gather]] = {}


def show_for(kind: str, template: str, gather: Gather) -> None:
    """Let a feature's pages show more of its records than their fields; the template finds it as `extra`."""
    _shows[kind] = template, gather


@dataclass(frozen=True)
class Line:
    """An entry as the queue shows it (队列条目)."""

    id: str
    kind: str
    label: str
    number: str
    partner: str
    requester: str
    opened: str
    clock: Clock | None
    pool: bool
    mine: bool
    holder: str
    minutes: int
    seconds: int
    own: bool
    closed: bool
    closed_at: str
    verdict: str
    verdict_code: str
    decider: str
    reason: str


class QueuePages(Pages):
    """The pages of the queue (审批队列)."""

    path: ClassVar[str] = "queue"
    title: ClassVar[str] = "queue"
    icon: ClassVar[str] = "ti ti-inbox"
    group: ClassVar[str] = "group_work"

    def open_to(self, actor: Actor) -> bool:
        """Show the queue to whoever may decide on any kind."""
        return any(kind.rows(Approval, actor) is not None for kind in kinds().values())

    async def waiting(self, viewer: Viewer) -> int:
        """Count what waits for the viewer."""
        async with viewer.house.store.reader() as session:
            reader = Reader(session, viewer.actor, viewer.now())
            return await reader.count(Approval, Page(filter=(("state", ApprovalState.OPEN),)))

    def lay(self) -> None:
        """Add the routes."""
        self.site.get("/queue", self.list_page, "queue")
        self.site.get("/queue/next", self.next_page, "queue-next")
        self.site.get("/queue/{id}", self.detail_page, "queue-entry")
        self.site.post("/queue/{id}/claim", self.take_claim, "queue-claim")
        self.site.post("/queue/{id}/release", self.take_release, "queue-release")
        self.site.upload("/queue/{id}/files", self.take_files, "queue-files", first=self.see)
        self.site.upload("/queue/{id}/decide", self.take_decision, "queue-decide", first=self.see)

    # The list

    async def list_page(self, request: Request) -> Response:
        """Show what waits, by kind and by whose it is."""
        viewer = viewer_of(request)
        query = request.query_params
        view = query.get("view", "all") if query.get("view") in VIEWS else "all"
        kind = query.get("kind", "") if query.get("kind") in kinds() else ""
        ask = self._asked(request, view, kind)
        async with viewer.reading() as reader:
            try:
                where = _where(viewer, view)
                paged = await reader.page(Approval, WANTED, ask.page, total=True, where=where)
            except InvalidCursorError:
                return self.site.go(self.address)
            names = await names_of(reader, PEOPLE, paged.nodes)
            lines = [_line(row, viewer, reader, names) for row in paged.nodes]
            counts = await open_by_kind(reader)
        shown = [one for one in kinds().values() if one.rows(Approval, viewer.actor) is not None]
        return await self.site.render(
            request,
            "queue.html",
            pages=self,
            heading=say("queue"),
            lines=lines,
            paged=paged,
            ask=ask,
            view=view,
            kind=kind,
            kinds=[(one.name, both(one), counts.get(one.name, 0)) for one in shown],
            everything=sum(counts.values()),
            views=[(name, say(f"queue_{name}")) for name in VIEWS],
            sizes=SIZES,
        )

    def _asked(self, request: Request, view: str, kind: str) -> Asked:
        state = ApprovalState.CLOSED if view == "closed" else ApprovalState.OPEN
        fixed: list[tuple[str, Any]] = [("state", state)]
        fixed += [("kind", [kind])] if kind else []
        fixed += [("pool", True)] if view == "pool" else []
        ask = asked(Approval, (), request.query_params, fixed=fixed)
        ask.query |= {name: text for name, text in (("view", view if view != "all" else ""), ("kind", kind)) if text}
        if view == "closed":
            ask.page = replace(ask.page, sort=(("opened_at", True),))
        return ask

    async def next_page(self, request: Request) -> Response:
        """Go on to the entry to work on next."""
        viewer = viewer_of(request)
        kind = request.query_params.get("kind") or None
        after = request.query_params.get("after")
        async with viewer.reading() as reader:
            entry = await next_entry(
                viewer.looking(reader.session),
                after=id_from(after, Approval) if after else None,
                kind=kind if kind in kinds() else None,
            )
        if entry is None or entry.public_id == after:
            self.site.tell(request, "no_next_item")
            return self.site.go(self.address)
        return self.site.go(f"{self.address}/{entry.public_id}")

    # One entry

    async def detail_page(self, request: Request) -> Response:
        """Show an entry: the record's facts, what stands beside it, and what may be decided."""
        return await self._detail(request)

    async def _detail(
        self,
        request: Request,
        *,
        status: int = 200,
        verb: str = "",
        filled: Filled | None = None,
        shelf_filled: Filled | None = None,
        conflict: str = "",
    ) -> Response:
        viewer, id_ = viewer_of(request), id_from(request.path_params["id"], Approval)
        async with viewer.reading() as reader:
            row = await reader.one(Approval, id_, WANTED)
            if row is None:
                raise NotFoundError()
            names = await names_of(reader, PEOPLE, [row])
            line = _line(row, viewer, reader, names)
            kind = kinds()[row.kind]  # type: ignore[attr-defined]
            subject_id = UUID(str(row.subject_id).rpartition("_")[2])  # type: ignore[attr-defined]
            facts = await self._facts(viewer, reader, kind, subject_id, line)
            shelf = await self._shelf(viewer, reader, kind, subject_id, id_)
            happenings = await timeline(reader, subject_id)
        return await self.site.render(
            request,
            "queue_entry.html",
            status,
            pages=self,
            heading=line.label,
            line=line,
            kind=both(kind),
            kind_name=kind.name,
            happenings=happenings,
            latest=LATEST,
            open_verb=verb,
            filled=filled,
            shelf=shelf,
            shelf_filled=shelf_filled,
            conflict=conflict,
            **facts,
        )

    async def _facts(
        self, viewer: Viewer, reader: Reader, kind: ApprovalKind, subject_id: UUID, line: Line
    ) -> dict[str, Any]:
        columns = columns_of(kind.model, kind.detail)
        row = await reader.one(kind.model, subject_id, wanted_of(kind.model, columns))
        work = viewer.looking(reader.session)
        record = await work.first(
            select(kind.model).where(col(kind.model.id) == subject_id, kind.model.visible_to(viewer.actor))
        )
        if row is None or record is None:
            return {
                "model": kind.model,
                "facts": [],
                "version": 0,
                "panels": [],
                "concerns": [],
                "buttons": [],
                "record_href": None,
                "extra_template": None,
            }
        names = await names_of(reader, columns, [row])
        record_pages = self.site.page_of.get(kind.model)
        clock = line.clock
        return {
            "model": kind.model,
            "facts": [(column, cell_of(column, row, kind.model, names)) for column in columns],
            "version": record.version,
            "panels": [
                await self._panel(reader, panel) for beside in kind.beside for panel in await beside(work, record)
            ],
            "concerns": await kind.concerns(work, record) if kind.concerns else [],
            "buttons": [] if line.closed else await self.verdicts(work, kind, record, line),
            "record_href": f"{record_pages.address}/{record.public_id}" if record_pages else None,
            "breach": breach_of(kind.model, record) if clock else "",
            **await self._more(viewer, reader, kind, record),
        }

    async def _more(self, viewer: Viewer, reader: Reader, kind: ApprovalKind, record: Any) -> dict[str, Any]:
        if kind.name not in _shows:
            return {"extra_template": None}
        template, gather = _shows[kind.name]
        return {"extra_template": template, "extra": await gather(viewer, reader, record)}

    async def _shelf(
        self, viewer: Viewer, reader: Reader, kind: ApprovalKind, subject_id: UUID, id_: UUID
    ) -> Shelf | None:
        record = await viewer.looking(reader.session).first(
            select(kind.model).where(col(kind.model.id) == subject_id, kind.model.visible_to(viewer.actor))
        )
        shelf = await shelf_of(viewer, reader, record) if record is not None else None
        return shelf.of(id_) if shelf else None

    async def _panel(self, reader: Reader, panel: Panel) -> tuple[Panel, Table]:
        first, *others = columns_of(panel.model, panel.columns)
        columns = (replace(first, opens=True), *others)
        pages = self.site.page_of.get(panel.model)
        addresses = {panel.model: pages.address} if pages else {}
        found = await reader.by_ids(panel.model, panel.ids, wanted_of(panel.model, columns))
        rows = [found[id_] for id_ in panel.ids if id_ in found]
        names = await names_of(reader, columns, rows)
        return panel, Table(
            columns, [(row, [cell_of(one, row, panel.model, names, addresses) for one in columns]) for row in rows]
        )

    async def verdicts(self, work: Work, kind: ApprovalKind, record: Any, line: Line) -> list[Button]:
        """List what may be decided on a record now, with what blocks each."""
        found = []
        for standing in await kind.lifecycle.standing(work, record):
            row = standing.transition
            if not row.decides:
                continue
            inputs = await _inputs(work, kind, row.verb, record)
            named = {one.name for one in inputs}
            blocks: list[Any] = [error for error in standing.blocks if not named & set(map(str, error.path))]
            button = button_of(row, inputs, blocks)
            if line.holder and not line.mine:
                button = replace(button, blocks=(say("held_by", name=line.holder, minutes=line.minutes),))
            if row.names_fields:
                labels = [(name, field_label(name, spoken(), kind.model.__name__)) for name in kind.fields]
                button = replace(button, fields=tuple(labels))
            found.append(button)
        return found

    # What a reviewer does

    async def take_claim(self, request: Request, form: FormData) -> Response:
        """Take an entry for oneself."""
        viewer, id_ = viewer_of(request), id_from(request.path_params["id"], Approval)
        try:
            entry = await viewer.act(lambda work: claim(work, id_))
        except CONFLICTS as error:
            return await self._detail(request, status=409, conflict=error.message(spoken()))
        self.site.tell(request, "claimed", minutes=_minutes(entry.claimed_until, viewer.now()))
        return self.site.go(f"{self.address}/{entry.public_id}")

    async def take_release(self, request: Request, form: FormData) -> Response:
        """Give an entry back."""
        viewer, id_ = viewer_of(request), id_from(request.path_params["id"], Approval)
        try:
            await viewer.act(lambda work: release(work, id_))
        except CONFLICTS as error:
            return await self._detail(request, status=409, conflict=error.message(spoken()))
        self.site.tell(request, "released")
        return self.site.back(request, form)

    async def see(self, request: Request) -> None:
        """Refuse whoever does not see the entry."""
        viewer, id_ = viewer_of(request), id_from(request.path_params["id"], Approval)
        async with viewer.reading() as reader:
            if await reader.one(Approval, id_, Wanted.of("id")) is None:
                raise NotFoundError()

    async def take_files(self, request: Request, form: FormData, files: Sequence[ArrivedFile]) -> Response:
        """Add evidence to the decision: all of it, or nothing and why."""
        viewer, id_ = viewer_of(request), id_from(request.path_params["id"], Approval)
        async with viewer.reading() as reader:
            work = viewer.looking(reader.session)
            entry = await work.first(select(Approval).where(Approval.id == id_, Approval.visible_to(viewer.actor)))
            shelf = await self._shelf(viewer, reader, kinds()[entry.kind], entry.subject_id, id_)
        filled = await put(viewer, shelf, form, files)
        if not filled.sound:
            return await self._detail(request, status=422, shelf_filled=filled)
        self.site.tell(request, "files_added", count=len(files))
        return self.site.go(f"{self.address}/{request.path_params['id']}")

    async def take_decision(self, request: Request, form: FormData, files: Sequence[ArrivedFile]) -> Response:
        """Decide with the evidence for it, in the version that the page showed, and go on to the next entry."""
        viewer, id_ = viewer_of(request), id_from(request.path_params["id"], Approval)
        verb = str(form.get("verb") or "")
        async with viewer.reading() as reader:
            row = await reader.one(Approval, id_, WANTED)
            if row is None:
                raise NotFoundError()
            kind = kinds()[row.kind]  # type: ignore[attr-defined]
            work, subject = viewer.looking(reader.session), UUID(str(row.subject_id).rpartition("_")[2])  # type: ignore[attr-defined]
            record = await work.first(select(kind.model).where(col(kind.model.id) == subject))
            inputs = await _inputs(work, kind, verb, record)
        transition = next((one for one in kind.lifecycle if one.verb == verb and one.decides), None)
        if transition is None:
            raise NotFoundError()
        filled = fill(inputs, form)
        word, reason = read_reason(transition, form, filled)
        fields = tuple(str(name) for name in form.getlist("fields"))
        filled.texts["fields"] = fields
        values = {name: value for name, value in filled.values.items() if value is not None}
        wishes = chosen_for(Approval, id_, files, filled)
        if not filled.sound:
            again(filled, files)
            return await self._detail(request, status=422, verb=verb, filled=filled)
        try:
            await viewer.attach(
                wishes,
                lambda work: decide(
                    work,
                    id_,
                    verb,
                    reason_code=word.value if word else None,
                    reason=reason,
                    fields=fields,
                    version=version_of(form),
                    **values,
                ),
            )
        except CONFLICTS as error:
            # What was typed stays in the form, which now carries the present version.
            return await self._detail(request, status=409, filled=filled, conflict=error.message(spoken()))
        except NotFoundError:
            raise
        except DomainError as error:
            complain(filled, error, files, inputs)
            return await self._detail(request, status=422, verb=verb, filled=filled)
        self.site.tell(request, "decided", what=both(transition))
        aim = f"?after={request.path_params['id']}" + (f"&kind={kind.name}" if form.get("stay") else "")
        return self.site.go(f"{self.address}/next{aim}")


async def _inputs(work: Work, kind: ApprovalKind, verb: str, record: Any) -> tuple[Input, ...]:
    """List what a verdict asks for, with the choices of this moment."""
    asks = _asks.get((kind.name, verb))
    if asks is None:
        return ()
    return tuple(
        [
            with_options(one, await asks.options[one.name](work, record)) if one.name in asks.options else one
            for one in asks.inputs
        ]
    )


async def open_by_kind(reader: Reader) -> dict[str, int]:
    """Count what waits for the viewer by kind."""
    table = Approval.__table__  # type: ignore[attr-defined]
    page = Page(filter=(("state", ApprovalState.OPEN),))
    rows: Sequence[Any] = await reader.groups(Approval, (table.c.kind,), (sa.func.count(),), page)
    return {row[0]: row[1] for row in rows}


def _where(viewer: Viewer, view: str) -> tuple[Any, ...]:
    held = sa.and_(col(Approval.claimed_by).is_not(None), col(Approval.claimed_until) > viewer.now())
    if view == "mine":
        return (held, col(Approval.claimed_by) == viewer.actor.id)
    if view == "free":
        return (sa.not_(sa.func.coalesce(held, sa.false())),)
    return ()


def _minutes(until: Any, now: dt.datetime) -> int:
    return -(-_seconds(until, now) // 60)


def _seconds(until: Any, now: dt.datetime) -> int:
    if until is None:
        return 0
    instant = until if isinstance(until, dt.datetime) else dt.datetime.fromisoformat(until)
    return max(0, int((instant - now).total_seconds()))


def _line(row: Any, viewer: Viewer, reader: Reader, names: dict[str, str]) -> Line:
    kind = kinds()[row.kind]
    me = viewer.actor.id.hex
    claimer = str(row.claimed_by or "").rpartition("_")[2]
    seconds = _seconds(row.claimed_until, reader.now)
    held = bool(claimer) and seconds > 0
    closed = row.state == ApprovalState.CLOSED
    assert reader.calendar is not None, "prepare() loads it"
    transition = next((one for one in kind.lifecycle if one.verb == row.verdict), None)

    # The open label may end in the record's number, which reads better on a line of its own.
    number = f"{kind.model.prefix}_{str(row.subject_id).rpartition('_')[2]}"

    def named(id_: Any) -> str:
        return names.get(str(id_ or "").rpartition("_")[2], "")

    return Line(
        id=f"{Approval.prefix}_{row.uid.hex}",
        kind=both(kind),
        label=row.label.removesuffix(number).rstrip(" ·") or row.label,
        number=number,
        partner=row.partner.name if row.partner else "",
        requester=named(row.requested_by),
        opened=beijing(row.opened_at),
        clock=None if closed else clock_of(row.due_at, reader.now, reader.calendar),
        pool=bool(row.pool),
        mine=held and claimer == me,
        holder="" if not held or claimer == me else names.get(claimer) or say("held_by_another"),
        minutes=-(-seconds // 60) if held else 0,
        seconds=seconds if held else 0,
        own=str(row.requested_by).rpartition("_")[2] == me,
        closed=closed,
        closed_at=beijing(row.closed_at) if row.closed_at else "",
        verdict=both(transition) if transition else str(row.verdict or ""),
        verdict_code=str(row.verdict or ""),
        decider=named(row.decided_by),
        reason=" ".join(filter(None, (_reason(transition, row.reason_code), row.reason))),
    )


def _reason(transition: Any, code: str | None) -> str:
    words = transition.reasons if transition is not None else ()
    return next((word.label(spoken()) for word in words if word.value == code), code or "")
