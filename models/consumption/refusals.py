"""What can stand against a line of consumption, as named refusals."""

from __future__ import annotations

from models.kernel.errors import DomainError


class ConsumptionCustomerUnknownError(DomainError):
    """No customer has the account that the line names."""

    zh = "没有华为云账号 ID 为“{account}”的客户。"
    en = "There is no customer with the Huawei Cloud account id “{account}”."


class ConsumptionNotAssociatedError(DomainError):
    """The customer was no partner's when it consumed this."""

    zh = "客户在 {at} 未关联任何伙伴，该消费不属于伙伴客户消费。"
    en = "The customer was associated with no partner at {at}, so the line is no partner's."


class BillCycleOutOfRangeError(DomainError):
    """The month cannot be looked at: too long ago, or not begun (COL-5.9.3)."""

    zh = "账期 {month} 不在可查询范围内（{first} 至 {last}）。"
    en = "The billing cycle {month} lies outside what can be looked at ({first} to {last})."


class ConsumedInFutureError(DomainError):
    """Nothing was consumed yet at that time."""

    zh = "消费时间 {at} 晚于当前时间。"
    en = "The time of consumption, {at}, lies in the future."


class AmountNotReadableError(DomainError):
    """An amount that is no exact number of the currency's minor units; nothing is rounded."""

    zh = "金额“{value}”无法识别，或小数位数超过 {currency} 的 {digits} 位；不做四舍五入。"
    en = (
        "The amount “{value}” cannot be read, or has more than the {digits} decimals of {currency}; nothing is rounded."
    )


class InstantNotReadableError(DomainError):
    """A time that does not say its offset from UTC."""

    zh = "时间“{value}”无法识别，请按 2026-11-21T03:04:05Z 填写。"
    en = "The time “{value}” cannot be read; write it like 2026-11-21T03:04:05Z."


class LineContradictsError(DomainError):
    """A line of this id is here already and says something else; what is here stays."""

    zh = "唯一标识“{line_id}”已导入，但内容不同（{fields}）；已导入的数据保持不变。"
    en = "The line “{line_id}” is here already and says something else ({fields}); what is here stays."
