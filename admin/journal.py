"""The journal as a list with filters."""

from __future__ import annotations

from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from admin.pages.finding import SIZES, Find, asked
from admin.pages.records import RecordPages
from admin.pages.timeline import WANTED, Happening, happenings
from admin.viewer import viewer_of
from admin.words import say, spoken
from models.export import ExportKind
from models.kernel.access import Side
from models.kernel.errors import DomainError, InvalidCursorError, ValueNotAllowedError
from models.kernel.journal import JournalLine, JournalRight
from models.kernel.reads import Paged
from models.kernel.record import record_types
from models.kernel.values import parse_public_id


class AnyRecord(Find):
    """A filter by a record of whatever noun."""

    def value(self, text: str) -> Any:
        """Read a public id of any noun."""
        try:
            return parse_public_id(text)[1]
        except ValueError:
            raise ValueNotAllowedError(path=("filter", self.name), value=text) from None


class JournalPages(RecordPages):
    """The pages of the journal (操作记录)."""

    model = JournalLine
    path: ClassVar[str] = "journal"
    title: ClassVar[str] = "journal"
    icon: ClassVar[str] = "ti ti-history"
    group: ClassVar[str] = "group_system"
    rights = (JournalRight.ALL, JournalRight.PARTNERS, JournalRight.OFFICE, JournalRight.CUSTOMERS)
    exports = ExportKind.JOURNAL
    finds = (
        AnyRecord("subject", "record", label="subject_id"),
        Find("operation", "exact", label="operation_code"),
        Find("side", "choice", words=Side, several=False, label="actor_side"),
        Find("at_from", "from_day", label="at"),
        Find("at_before", "to_day", label="at"),
    )

    async def list_page(self, request: Request) -> Response:
        """Show what was done, the latest first, as far as the viewer sees the journal."""
        viewer = viewer_of(request)
        ask = asked(JournalLine, self.finds, request.query_params)
        paged: Paged | None = None
        said: list[Happening] = []
        async with viewer.reading() as reader:
            if not ask.errors:
                try:
                    paged = await reader.page(JournalLine, WANTED, ask.page, total=True)
                    said = await happenings(reader, paged.nodes)
                except InvalidCursorError:
                    return self.site.go(f"{self.address}{ask.link()}")
                except DomainError as error:
                    ask.errors.extend(single.message(spoken()) for single in error)
        addresses = {model.__name__: address for model, address in self.addresses(viewer.actor).items()}
        nodes = paged.nodes if paged else []
        lines = [(line, self._href(row, addresses)) for line, row in zip(said, nodes, strict=True)]
        return await self.site.render(
            request,
            "journal.html",
            pages=self,
            heading=say(self.title),
            lines=lines,
            paged=paged,
            ask=ask,
            finds=self.finds,
            filtered=any(ask.texts.values()),
            sizes=SIZES,
        )

    def _href(self, row: Any, addresses: dict[str, str]) -> str | None:
        address = addresses.get(row.subject_kind)
        model = next((one for one in record_types().values() if one.__name__ == row.subject_kind), None)
        if address is None or model is None or row.subject_id is None:
            return None
        return f"{address}/{model.prefix}_{str(row.subject_id).rpartition('_')[2]}"
