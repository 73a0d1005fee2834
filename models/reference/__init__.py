"""Reference data of the project: provinces, offices, Huawei Cloud services, industries and company sizes."""

from typing import Final

from models.kernel.words import Lang
from models.reference.entries import Entry, Listing
from models.reference.industries import (
    INDUSTRIES,
    SUB_INDUSTRIES,
    CompanySize,
    Industry,
    SubIndustry,
    belongs_to,
    sub_industries_of,
)
from models.reference.places import (
    LONGEST_CITY,
    OFFICES,
    PROVINCES,
    Office,
    Province,
    find_province,
    office_for,
    tidy_city,
)
from models.reference.services import SERVICES, CloudService, ServiceCategory

__all__ = [
    "INDUSTRIES",
    "LONGEST_CITY",
    "OFFICES",
    "PROVINCES",
    "SERVICES",
    "SUB_INDUSTRIES",
    "CloudService",
    "CompanySize",
    "Entry",
    "Industry",
    "Listing",
    "Office",
    "Province",
    "ServiceCategory",
    "SubIndustry",
    "belongs_to",
    "find_province",
    "label",
    "office_for",
    "sub_industries_of",
    "tidy_city",
]

_ENTRIES: Final[dict[str, Entry]] = {**PROVINCES, **OFFICES, **SERVICES, **INDUSTRIES, **SUB_INDUSTRIES}


def label(code: str, lang: Lang) -> str:
    """Say in Chinese or English what a code of any of these lists stands for; an unknown code is a `LookupError`."""
    entry = _ENTRIES.get(code)
    if entry is None:
        raise LookupError(f"no reference entry {code!r}")
    return entry.label(lang)
