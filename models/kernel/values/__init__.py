"""Values of the domain: money, instants, ids, company names, credit codes and masks."""

from models.kernel.values.company import (
    credit_code_for,
    normalised_company_name,
    valid_credit_code,
)
from models.kernel.values.ids import Uid, new_id, parse_public_id, public_id
from models.kernel.values.instants import Instant, instant_text, parse_instant
from models.kernel.values.masks import (
    keyed_hash,
    mask_account,
    mask_company,
    mask_credit_code,
    mask_email,
    mask_mobile,
    mask_name,
)
from models.kernel.values.money import (
    CurrencyMismatchError,
    InvalidAmountError,
    MinorUnits,
    Money,
    UnknownCurrencyError,
    amount_text,
    currency_digits,
)

__all__ = [
    "CurrencyMismatchError",
    "Instant",
    "InvalidAmountError",
    "MinorUnits",
    "Money",
    "Uid",
    "UnknownCurrencyError",
    "amount_text",
    "credit_code_for",
    "currency_digits",
    "instant_text",
    "keyed_hash",
    "mask_account",
    "mask_company",
    "mask_credit_code",
    "mask_email",
    "mask_mobile",
    "mask_name",
    "new_id",
    "normalised_company_name",
    "parse_instant",
    "parse_public_id",
    "public_id",
    "valid_credit_code",
]
