"""Pages of agreements: every version with its text, and the form that publishes the next."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from admin.pages.fields import Column
from admin.pages.inputs import Input
from admin.pages.records import RecordPages, Section
from admin.pages.steps import Given, Step
from models.agreement import AgreementVersion, publish
from models.kernel.work import Work
from models.rights import Right

TEXTS = ("title_zh", "title_en", "content_zh", "content_en")


async def _publish(work: Work, id: UUID, given: Given) -> Any:
    shown = await work.get(AgreementVersion, id)
    return await publish(work, kind=shown.kind, **{name: given.values[name] for name in ("number", *TEXTS)})


class AgreementPages(RecordPages):
    """The pages of agreements (协议管理)."""

    model = AgreementVersion
    path: ClassVar[str] = "agreements"
    title: ClassVar[str] = "agreements"
    icon: ClassVar[str] = "ti ti-file-certificate"
    group: ClassVar[str] = "group_records"
    rights = (Right.AGREEMENT_READ_SIGNATURES, Right.AGREEMENT_PUBLISH)
    heading = Column("number")
    columns = (
        Column("number", opens=True),
        Column("kind"),
        Column("title_zh"),
        Column("title_en"),
        Column("published_at"),
    )
    sections = (
        Section(
            "facts",
            (
                Column("number"),
                Column("kind"),
                Column("published_at"),
                Column("publisher.name"),
                Column("title_zh", wide=True),
                Column("content_zh", wide=True),
                Column("title_en", wide=True),
                Column("content_en", wide=True),
            ),
        ),
    )
    steps = {
        "publish": Step(
            _publish,
            (
                Input("number", required=True, longest=32, row_type="AgreementVersion"),
                Input("title_zh", required=True, longest=128),
                Input("content_zh", "area", required=True, longest=20_000),
                Input("title_en", required=True, longest=128),
                Input("content_en", "area", required=True, longest=20_000),
            ),
            zh="发布新版本",
            en="Publish a new version",
            permission=Right.AGREEMENT_PUBLISH,
            present=lambda record: {name: getattr(record, name) for name in TEXTS},
            colour="primary",
        ),
    }
