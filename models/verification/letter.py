"""The mail that carries a code: the code itself is put in where the mail is written, and nowhere else."""

from __future__ import annotations

from typing import Final

from sqlmodel import select

from models.kernel.reads import Reader
from models.notice import Claimed, Letter
from models.notice.letters import letter
from models.verification.actions import LETTER
from models.verification.operations import verified_operations
from models.verification.record import VerificationCode

SUBJECT: Final = {"zh": "操作验证码", "en": "Your verification code"}
PARAGRAPHS: Final = {
    "zh": ("您正在进行操作：{operation}。验证码如下，{minutes} 分钟内有效，仅可使用一次。",),
    "en": ("You are about to: {operation}. This code holds for {minutes} minutes and serves once.",),
}
WARNING: Final = {
    "zh": "请勿向任何人透露验证码。如非本人操作，请忽略此邮件并尽快修改密码。",
    "en": "Tell the code to nobody. If it was not you who asked, ignore this mail and change your password.",
}


@letter(LETTER)
async def send_code(reader: Reader, mail: Claimed) -> Letter | None:
    """Write to whoever asked; nothing once the code can no longer be used."""
    found = (
        (await reader.session.execute(select(VerificationCode).where(VerificationCode.id == mail.subject_id)))
        .scalars()
        .first()
    )
    if found is None or found.spent_at or found.replaced_at or found.expires_at <= reader.now:
        return None
    lang = reader.actor.lang
    operation = verified_operations()[found.operation]
    minutes = max(int((found.expires_at - reader.now).total_seconds()) // 60, 1)
    facts = {"operation": operation.zh if lang == "zh" else operation.en, "minutes": minutes}
    return Letter(
        "verification",
        SUBJECT[lang],
        {
            "paragraphs": [one.format(**facts) for one in PARAGRAPHS[lang]],
            "warning": WARNING[lang],
            "verification": found.id,
        },
    )
