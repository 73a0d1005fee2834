"""Lists and details of one noun, from what its pages declare."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import col, select
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from admin.pages.fields import Cell, Column, cell_of, names_of, to_many, wanted_of
from admin.pages.finding import SIZES, Find, asked, offered, sortable
from admin.pages.inputs import Filled, Input, fill, filled_with
from admin.pages.sla import Clock, breach_of, clock_of, pause_of
from admin.pages.steps import Foreseen, Given, Step, buttons, lifecycle_of, read_reason, version_of
from admin.pages.timeline import LATEST, timeline
from admin.pages.uploads import put, shelf_of
from admin.site import Pages
from admin.viewer import Viewer, viewer_of
from admin.words import say, spoken
from models.approval import Approval, ApprovalState, kinds
from models.export import ExportKind, exported_by
from models.file import ArrivedFile
from models.kernel.access import Actor
from models.kernel.errors import DomainError, InvalidCursorError, NotFoundError, StaleVersionError
from models.kernel.reads import ListWanted, Page, Paged, Reader, Row, Wanted
from models.kernel.record import Record, record_types, rules_of
from models.kernel.values import parse_public_id
from models.kernel.work import Work
from models.reveal import reveal


@dataclass(frozen=True)
class Section:
    """Facts that belong together (信息分组); an optional section shows once there is anything in it."""

    title: str
    columns: tuple[Column, ...]
    optional: bool = False


@dataclass(frozen=True)
class Related:
    """A list of rows that hang on the record (关联列表)."""

    relation: str
    title: str
    columns: tuple[Column, ...]
    first: int = 20


@dataclass(frozen=True)
class Edit:
    """The form that edits a record (编辑表单): only what may be written now is offered."""

    act: Callable[[Work, UUID, Mapping[str, Any], int], Awaitable[Any]]
    inputs: tuple[Input, ...]


@dataclass
class Table:
    """Rows as a page shows them (表格)."""

    columns: Sequence[Column]
    rows: list[tuple[Row, list[Cell]]]

    def revealable(self, place: int) -> bool:
        """Tell whether the eye opens anything in a column."""
        return any(cells[place].revealable for _, cells in self.rows)

    def kind(self, place: int) -> str:
        """Name the row type that a column's values belong to."""
        return next((cells[place].kind for _, cells in self.rows if cells[place].revealable), "")


class RecordPages(Pages):
    """The pages of one noun (记录页面): a subclass names row type, columns, filters, sections, lists and steps."""

    model: ClassVar[type[Record]]
    columns: ClassVar[tuple[Column, ...]] = ()
    finds: ClassVar[tuple[Find, ...]] = ()
    fixed: ClassVar[tuple[tuple[str, Any], ...]] = ()
    heading: ClassVar[Column]
    status: ClassVar[str | None] = None
    sections: ClassVar[tuple[Section, ...]] = ()
    lists: ClassVar[tuple[Related, ...]] = ()
    steps: ClassVar[Mapping[str, Step]] = {}
    editing: ClassVar[Edit | None] = None
    rights: ClassVar[tuple[str, ...]] = ()
    exports: ClassVar[ExportKind | None] = None
    holds_files: ClassVar[bool] = False
    template: ClassVar[str] = "records.html"
    detail_template: ClassVar[str] = "record.html"

    def open_to(self, actor: Actor) -> bool:
        """Show the pages in the menu of whoever sees any of their rows."""
        return not self.rights or any(actor.may(right) for right in self.rights)

    def may_export(self, actor: Actor) -> bool:
        """Tell whether the list offers this viewer a file."""
        return self.exports is not None and self.exports in exported_by(actor)

    def lay(self) -> None:
        """Add the routes of list, detail, steps and edits."""
        name = self.path
        self.site.get(f"/{name}", self.list_page, f"{name}-list")
        if self.sections:
            self.site.get(f"/{name}/{{id}}", self.detail_page, f"{name}-detail")
            self.site.post(f"/{name}/{{id}}/do/{{verb}}", self.take_step, f"{name}-step")
        if self.holds_files:
            self.site.upload(f"/{name}/{{id}}/files", self.take_files, f"{name}-files", first=self.see)
        if self.editing is not None:
            self.site.get(f"/{name}/{{id}}/edit", self.edit_page, f"{name}-edit")
            self.site.post(f"/{name}/{{id}}/edit", self.take_edit, f"{name}-save")

    def addresses(self, actor: Actor) -> dict[type[Record], str]:
        """Say where the pages of each noun are that the viewer may open."""
        return {
            model: pages.address
            for model, pages in self.site.page_of.items()
            if (getattr(pages, "sections", ()) or pages.leads) and pages.open_to(actor)
        }

    # Lists

    async def list_page(self, request: Request) -> Response:
        """Show one page of the rows that the viewer sees."""
        viewer = viewer_of(request)
        finds = offered(self.model, self.finds, viewer.actor)
        ask = asked(self.model, finds, request.query_params, fixed=self.fixed)
        paged: Paged | None = None
        names: dict[str, str] = {}
        async with viewer.reading() as reader:
            if not ask.errors:
                try:
                    paged = await reader.page(self.model, self.wanted_of_list(), ask.page, total=True)
                except InvalidCursorError:
                    return self.site.go(f"{self.address}{ask.link()}")
                except DomainError as error:
                    ask.errors.extend(single.message(spoken()) for single in error)
            nodes = paged.nodes if paged else []
            names = await names_of(reader, self.columns, nodes)
            extra = await self.beside_list(viewer, reader)
        table = self.table(viewer.actor, self.columns, nodes, self.model, names)
        return await self.site.render(
            request,
            self.template,
            pages=self,
            heading=say(self.title),
            table=table,
            paged=paged,
            ask=ask,
            finds=finds,
            filtered=any(ask.texts.values()),
            sortable={name for name in self._sort_names() if sortable(self.model, name, viewer.actor)},
            sizes=SIZES,
            **extra,
        )

    def wanted_of_list(self) -> Wanted:
        """Say what the list needs."""
        return wanted_of(self.model, self.columns)

    async def beside_list(self, viewer: Viewer, reader: Reader) -> dict[str, Any]:
        """Add what the list shows beside its rows."""
        return {}

    def _sort_names(self) -> set[str]:
        return {column.name for column in self.columns}

    def table(
        self,
        actor: Actor,
        columns: Sequence[Column],
        rows: Sequence[Row],
        model: type[Record],
        names: Mapping[str, str],
    ) -> Table:
        """Make the cells of some rows."""
        addresses = self.addresses(actor)
        return Table(columns, [(row, [cell_of(one, row, model, names, addresses) for one in columns]) for row in rows])

    # Details

    def id_of(self, request: Request) -> UUID:
        """Read the record's id from the address; what is no id of this noun is not there."""
        return id_from(request.path_params["id"], self.model)

    async def detail_page(self, request: Request) -> Response:
        """Show a record."""
        return await self.detail(request)

    async def detail(
        self, request: Request, *, status: int = 200, verb: str = "", filled: Filled | None = None, **more: Any
    ) -> Response:
        """Show a record, with a step's form open where something was wrong with it."""
        viewer, id_ = viewer_of(request), self.id_of(request)
        async with viewer.reading() as reader:
            context = await self.facts(viewer, reader, id_)
        if context["row"].uid != id_:
            # The record is no more; what stands in its place has a page of its own.
            return self.site.go(f"{self.address}/{context['public_id']}")
        return await self.site.render(
            request, self.detail_template, status, pages=self, open_verb=verb, filled=filled, **context, **more
        )

    async def facts(self, viewer: Viewer, reader: Reader, id_: UUID) -> dict[str, Any]:
        """Gather what the page of a record shows."""
        columns = [self.heading, *(column for section in self.sections for column in section.columns)]
        wanted = wanted_of(self.model, columns)
        lists = tuple(self._list_wanted(related) for related in self.lists)
        wanted = Wanted(wanted.columns, wanted.computed, wanted.ones, lists, wanted.access)
        row = await reader.one(self.model, id_, wanted)
        if row is None:
            raise NotFoundError()
        names = await names_of(reader, columns, [row])
        addresses = self.addresses(viewer.actor)
        cells = {column.name: cell_of(column, row, self.model, names, addresses) for column in columns}
        work = viewer.looking(reader.session)
        record = await work.first(select(self.model).where(col(self.model.id) == row.uid))
        return {
            "row": row,
            "public_id": record.public_id,
            "version": getattr(record, "version", 0),
            "heading_cell": cell_of(self.heading, row, self.model, names),
            "status_cell": cells.get(self.status or ""),
            "cells": cells,
            "shown": [
                section
                for section in self.sections
                if not section.optional
                or any(not cells[one.name].empty or cells[one.name].refused for one in section.columns)
            ],
            "tables": [(related, await self._related(reader, row, related)) for related in self.lists],
            "clock_": self._clock(reader, record),
            "paused": pause_of(self.model, record) if hasattr(record, "due_at") else "",
            "buttons": await buttons(work, self.model, record, self.steps),
            "writable": self._writable(viewer.actor, record),
            "entry": await self._waiting_entry(reader, id_),
            "shelf": await shelf_of(viewer, reader, record) if self.holds_files else None,
            "happenings": await timeline(reader, id_),
            "latest": LATEST,
            **await self.beside(viewer, reader, record),
        }

    async def beside(self, viewer: Viewer, reader: Reader, record: Any) -> dict[str, Any]:
        """Add what the page shows beyond what every record has."""
        return {}

    def _list_wanted(self, related: Related) -> ListWanted:
        target = to_many(self.model, related.relation).target
        return ListWanted(
            related.relation, related.relation, wanted_of(target, related.columns), Page(first=related.first)
        )

    async def _related(self, reader: Reader, row: Row, related: Related) -> Table:
        target = to_many(self.model, related.relation).target
        nodes = row.list_of(related.relation).nodes
        return self.table(reader.actor, related.columns, nodes, target, await names_of(reader, related.columns, nodes))

    def _clock(self, reader: Reader, record: Any) -> Clock | None:
        assert reader.calendar is not None, "prepare() loads it"
        due = getattr(record, "due_at", None)
        return clock_of(due, reader.now, reader.calendar, breach=breach_of(self.model, record)) if due else None

    def _writable(self, actor: Actor, record: Any) -> frozenset[str]:
        if self.editing is None:
            return frozenset()
        allowed: frozenset[str] = record.editable_now(actor)
        return allowed & {one.name for one in self.editing.inputs}

    async def _waiting_entry(self, reader: Reader, id_: UUID) -> Any:
        page = Page(first=1, filter=(("subject", id_), ("state", ApprovalState.OPEN)))
        for row in (await reader.page(Approval, Wanted.of("kind", "due_at"), page)).nodes:
            return {"id": f"{Approval.prefix}_{row.uid.hex}", "kind": kinds()[row.kind]}  # type: ignore[attr-defined]
        return None

    # Steps

    async def take_step(self, request: Request, form: FormData) -> Response:
        """Take a step; what is wrong with its form stands beside the fields, with everything that was typed."""
        viewer, id_, verb = viewer_of(request), self.id_of(request), request.path_params["verb"]
        step = self.steps.get(verb)
        if step is None:
            raise NotFoundError()
        async with viewer.reading() as reader:
            record = await viewer.looking(reader.session).first(
                select(self.model).where(col(self.model.id) == id_, self.model.visible_to(viewer.actor))
            )
            if record is None:
                raise NotFoundError()
            lifecycle = lifecycle_of(self.model, record)
            transition = next((row for row in lifecycle or () if row.verb == verb), None)
            shown = await buttons(viewer.looking(reader.session), self.model, record, {verb: step})
        inputs = shown[0].inputs if shown else step.inputs
        filled = fill(inputs, form)
        word, text = read_reason(transition, form, filled)
        if filled.sound:
            given = Given(version_of(form), word, text, filled.values)
            try:
                foreseen = await self._foreseen(viewer, step, id_, given)
                if foreseen is not None and form.get("foreseen") != foreseen.seal:
                    return await self.detail(request, verb=verb, filled=filled, foreseen=foreseen)
                await viewer.act(lambda work: step.act(work, id_, given))
            except NotFoundError:
                raise
            except DomainError as error:
                filled.refuse(error, inputs)
            else:
                self.site.tell(request, "done", what=shown[0].label if shown else verb)
                return self.site.go(f"{self.address}/{request.path_params['id']}")
        status = 409 if filled.general else 422
        return await self.detail(request, status=status, verb=verb, filled=filled)

    async def _foreseen(self, viewer: Viewer, step: Step, id_: UUID, given: Given) -> Foreseen | None:
        if step.foresee is None:
            return None
        async with viewer.reading() as reader:
            return await step.foresee(viewer.looking(reader.session), id_, given)

    # Files

    async def see(self, request: Request) -> None:
        """Refuse whoever does not see the record."""
        viewer, id_ = viewer_of(request), self.id_of(request)
        async with viewer.reading() as reader:
            if await reader.one(self.model, id_, Wanted.of("id")) is None:
                raise NotFoundError()

    async def take_files(self, request: Request, form: FormData, files: Sequence[ArrivedFile]) -> Response:
        """Let the record hold what somebody has chosen: all of it, or nothing and why."""
        viewer, id_ = viewer_of(request), self.id_of(request)
        query = select(self.model).where(col(self.model.id) == id_, self.model.visible_to(viewer.actor))
        async with viewer.reading() as reader:
            shelf = await shelf_of(viewer, reader, await viewer.looking(reader.session).first(query))
        filled = await put(viewer, shelf, form, files)
        if not filled.sound:
            return await self.detail(request, status=422, shelf_filled=filled)
        self.site.tell(request, "files_added", count=len(files))
        return self.site.go(f"{self.address}/{request.path_params['id']}")

    # Edits

    async def edit_page(self, request: Request) -> Response:
        """Show the form with the present values."""
        return await self._edit_form(request, None)

    async def take_edit(self, request: Request, form: FormData) -> Response:
        """Save what was changed, in the version that the form was drawn for."""
        viewer, id_ = viewer_of(request), self.id_of(request)
        assert self.editing is not None, "there is no route without a form"
        editing = self.editing
        _, inputs = await self._editable(viewer, id_)
        filled = fill(inputs, form)
        if filled.sound:
            try:
                await viewer.act(lambda work: editing.act(work, id_, filled.values, version_of(form)))
            except NotFoundError:
                raise
            except DomainError as error:
                filled.refuse(error, inputs)
                status = 409 if isinstance(error, StaleVersionError) else 422
                return await self._edit_form(request, filled, status)
            self.site.tell(request, "saved")
            return self.site.go(f"{self.address}/{request.path_params['id']}")
        return await self._edit_form(request, filled, 422)

    async def _edit_form(self, request: Request, filled: Filled | None, status: int = 200) -> Response:
        viewer, id_ = viewer_of(request), self.id_of(request)
        record, inputs = await self._editable(viewer, id_)
        if not inputs:
            raise NotFoundError()
        present = filled_with(inputs, {one.name: getattr(record, one.name) for one in inputs})
        return await self.site.render(
            request,
            "edit.html",
            status,
            pages=self,
            inputs=inputs,
            filled=filled or present,
            action=f"{self.address}/{record.public_id}/edit",
            cancel=f"{self.address}/{record.public_id}",
            trail=[(say(self.title), self.address), (record.public_id, f"{self.address}/{record.public_id}")],
            heading=say("edit"),
            version=record.version,
        )

    async def _editable(self, viewer: Viewer, id_: UUID) -> tuple[Any, tuple[Input, ...]]:
        assert self.editing is not None, "there is no route without a form"
        async with viewer.reading() as reader:
            record = await viewer.looking(reader.session).first(
                select(self.model).where(col(self.model.id) == id_, self.model.visible_to(viewer.actor))
            )
            if record is None:
                raise NotFoundError()
            writable = self._writable(viewer.actor, record)
            inputs = tuple([one for one in self.editing.inputs if one.name in writable])
            return record, await self.with_choices(viewer, reader, record, inputs)

    async def with_choices(
        self, viewer: Viewer, reader: Reader, record: Any, inputs: tuple[Input, ...]
    ) -> tuple[Input, ...]:
        """Give inputs the choices of this moment."""
        return inputs


def id_from(text: str, model: type[Record]) -> UUID:
    """Read a public id of one noun; anything else is not there."""
    try:
        prefix, id_ = parse_public_id(text)
    except ValueError:
        raise NotFoundError() from None
    if prefix != model.prefix:
        raise NotFoundError()
    return id_


class Eye(Pages):
    """The eye (查看明文): shows one field of the rows on a page by the domain's own action."""

    def lay(self) -> None:
        """Add the route."""
        self.site.post("/reveal", self.look, "reveal")

    async def look(self, request: Request, form: FormData) -> Response:
        """Answer the plain values of one column as JSON, or why not."""
        viewer = viewer_of(request)
        model = record_types().get(str(form.get("kind")))
        field = str(form.get("field") or "")
        if model is None or field not in rules_of(model):
            raise NotFoundError()
        ids = [id_from(str(one), model) for one in form.getlist("ids")]
        reason = str(form.get("reason") or "")
        try:
            shown = await viewer.act(lambda work: reveal(work, model, field, ids, reason))
        except NotFoundError:
            raise
        except DomainError as error:
            return JSONResponse({"message": " ".join(dict.fromkeys(single.message(spoken()) for single in error))}, 422)
        return JSONResponse({"values": {f"{model.prefix}_{id_.hex}": value for id_, value in shown.items()}})
