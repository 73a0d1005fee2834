"""The numbers by which verification codes are kept, as dated rows."""

from typing import Final

from models.kernel.policy import Policy

CODE_MINUTES: Final = Policy(
    "verification.minutes", 5, "验证码有效期（分钟）", "Minutes for which a verification code holds"
)
MOST_TRIES: Final = Policy(
    "verification.most_tries", 5, "每个验证码可尝试次数", "How often one verification code may be tried"
)
PAUSE_SECONDS: Final = Policy(
    "verification.pause_seconds", 60, "两次获取验证码的最短间隔（秒）", "Seconds between two codes of one account"
)
MOST_AN_HOUR: Final = Policy(
    "verification.most_an_hour", 10, "每个账号每小时获取验证码次数上限", "Codes that an account gets within an hour"
)
