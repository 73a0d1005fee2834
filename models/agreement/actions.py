"""Publishing a version, signing the newest, and asking who has signed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from models.agreement.record import AgreementKind, AgreementSignature, AgreementState, AgreementVersion, newest_id
from models.agreement.text import CONTENT_EN, CONTENT_ZH, FIRST_NUMBER, TITLE_EN, TITLE_ZH
from models.customer import Customer
from models.kernel.access import SYSTEM_ID
from models.kernel.amend import field_path
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, Remedy, refuse
from models.kernel.journal import Operation
from models.kernel.work import Work
from models.rights import Right
from models.seed import BEGINNING, also_plant

PUBLISH: Final = Operation("agreement.publish", "发布协议版本", "Publish the version", "agreement", "publishAgreement")
SIGN: Final = Operation("agreement.sign", "签署协议", "Sign the agreement", "agreement", "signAgreement")
LONGEST: Final = {"number": 32, "title_zh": 128, "title_en": 128, "content_zh": 20_000, "content_en": 20_000}


class AgreementVersionTakenError(DomainError):
    """A version never changes once it is published."""

    zh = "版本号“{number}”已发布，请使用新的版本号。"
    en = "Version “{number}” is published already; a new text needs a new number."


class AgreementNotTickedError(DomainError):
    """Reading and ticking the notice comes first (COL-5.3.11, COL-5.7.13)."""

    zh = "请先阅读并勾选《客户关联华为云合作伙伴须知》。"
    en = "Read and tick the notice on associating with a Huawei Cloud partner first."


class AgreementOutdatedError(DomainError):
    """Only the newest version can be signed."""

    zh = "该协议版本已更新，请阅读并签署最新版本（{newest}）。"
    en = "There is a newer version of the agreement; read and sign {newest}."
    remedy = Remedy.RETRY


class AgreementSignedAlreadyError(DomainError):
    """The customer has signed the newest version."""

    zh = "您已签署最新版本，无需重复签署。"
    en = "The newest version is signed already; there is nothing to sign."


class AgreementNotForCustomersError(DomainError):
    """Only the notice is the customers' to sign; the others are for partners to accept (COL-5.11.2)."""

    zh = "该协议由合作伙伴接受，客户无需签署。"
    en = "This agreement is for partners to accept; customers do not sign it."


class NotACustomerError(DomainError):
    """Only the account of a customer does this."""

    zh = "此操作仅限客户账号。"
    en = "Only the account of a customer may do this."
    cbc = "CBC.0151"


async def publish(
    work: Work,
    *,
    number: str,
    title_zh: str,
    title_en: str,
    content_zh: str,
    content_en: str,
    kind: AgreementKind = AgreementKind.ASSOCIATION_NOTICE,
) -> AgreementVersion:
    """Publish a new version, which every customer is asked to sign from now on."""
    work.actor.require(Right.AGREEMENT_PUBLISH)
    texts = {"number": number, "title_zh": title_zh, "title_en": title_en}
    texts |= {"content_zh": content_zh, "content_en": content_en}
    refuse(_misshapen(texts))
    texts = {name: text.strip() for name, text in texts.items()}
    if await work.first(
        select(AgreementVersion.id).where(AgreementVersion.kind == kind, AgreementVersion.number == texts["number"])
    ):
        raise AgreementVersionTakenError(path="number", number=texts["number"])
    made = _version(work, kind, work.now, work.actor.id, texts)
    work.note(PUBLISH, made, after={name: texts[name] for name in ("number", "title_zh", "title_en")})
    return made


async def sign(work: Work, agreement_id: UUID, *, ticked: bool) -> AgreementSignature:
    """Sign the newest version as a customer (COL-5.7.13)."""
    work.actor.require(Right.AGREEMENT_SIGN)
    if work.actor.customer_id is None:
        raise NotACustomerError()
    customer = await work.get(Customer, work.actor.customer_id)
    agreement = await work.get(AgreementVersion, agreement_id)
    if agreement.kind is not AgreementKind.ASSOCIATION_NOTICE:
        raise AgreementNotForCustomersError(path="id")
    last = await newest(work, agreement.kind)
    outdated = last is not None and last.id != agreement.id
    refuse(
        [
            None if ticked else AgreementNotTickedError(path="ticked"),
            AgreementOutdatedError(path="id", newest=last.number) if last and outdated else None,
        ]
    )
    if await _signature(work, customer.id, agreement.id) is not None:
        raise AgreementSignedAlreadyError(path="id")
    return put_signature(work, customer, agreement, customer.partner_id)


def put_signature(
    work: Work, customer: Customer, agreement: AgreementVersion, partner_id: UUID | None
) -> AgreementSignature:
    """Write a customer's signature down, with the partner that it is with or comes to."""
    made = work.add(
        AgreementSignature(
            agreement_id=agreement.id,
            customer_id=customer.id,
            partner_id=partner_id,
            signed_at=work.now,
            signer_id=work.actor.id,
            signer_name=work.actor.name,
        )
    )
    work.note(SIGN, customer, changes={"agreement": agreement.number}, partner_id=partner_id)
    return made


async def newest(work: Work, kind: AgreementKind = AgreementKind.ASSOCIATION_NOTICE) -> AgreementVersion | None:
    """Give the newest version of an agreement."""
    found: AgreementVersion | None = await work.first(
        select(AgreementVersion).where(col(AgreementVersion.id) == newest_id(kind))
    )
    return found


async def state_for(
    work: Work, customer_id: UUID, kind: AgreementKind = AgreementKind.ASSOCIATION_NOTICE
) -> AgreementState:
    """Tell how a customer stands to the newest version."""
    signed = await work.every(
        select(AgreementSignature.agreement_id)
        .join(AgreementVersion, col(AgreementVersion.id) == col(AgreementSignature.agreement_id))
        .where(AgreementSignature.customer_id == customer_id, AgreementVersion.kind == kind)
    )
    last = await newest(work, kind)
    if last is not None and last.id in signed:
        return AgreementState.SIGNED
    return AgreementState.OUTDATED if signed else AgreementState.UNSIGNED


async def _signature(work: Work, customer_id: UUID, agreement_id: UUID) -> AgreementSignature | None:
    found: AgreementSignature | None = await work.first(
        select(AgreementSignature).where(
            AgreementSignature.customer_id == customer_id, AgreementSignature.agreement_id == agreement_id
        )
    )
    return found


def _misshapen(texts: dict[str, str]) -> Iterator[DomainError]:
    for name, text in texts.items():
        length = len(text.strip())
        if not length:
            yield FieldRequiredError(path=field_path(name))
        elif length > LONGEST[name]:
            yield LengthError(path=field_path(name), minimum=1, maximum=LONGEST[name], length=length)


def _version(work: Work, kind: AgreementKind, at: dt.datetime, by: UUID, texts: dict[str, str]) -> AgreementVersion:
    return work.add(
        AgreementVersion(kind=kind, published_at=at, published_by=by, created_at=work.now, updated_at=work.now, **texts)
    )


@also_plant
async def plant_first_version(work: Work) -> int:
    """Give the installation the first version of the notice, where it has none."""
    if await newest(work) is not None:
        return 0
    texts = {"number": FIRST_NUMBER, "title_zh": TITLE_ZH, "title_en": TITLE_EN}
    texts |= {"content_zh": CONTENT_ZH.strip(), "content_en": CONTENT_EN.strip()}
    _version(work, AgreementKind.ASSOCIATION_NOTICE, BEGINNING, SYSTEM_ID, texts)
    return 1
