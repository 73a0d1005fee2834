"""When two customers may be one: what their names share beside width, brackets, legal form and place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from models.kernel.values import normalised_company_name
from models.kernel.words import Word
from models.reference import PROVINCES

# Beside the provinces: their capitals and the cities that companies are most often named after.
CITIES: Final = (
    *("石家庄", "太原", "呼和浩特", "沈阳", "大连", "长春", "哈尔滨", "南京", "苏州", "无锡", "常州", "南通", "徐州"),
    *("杭州", "宁波", "温州", "嘉兴", "绍兴", "金华", "台州", "合肥", "芜湖", "福州", "厦门", "泉州", "南昌", "济南"),
    *("青岛", "烟台", "潍坊", "郑州", "洛阳", "武汉", "长沙", "广州", "深圳", "珠海", "佛山", "东莞", "中山", "惠州"),
    *("南宁", "海口", "三亚", "成都", "绵阳", "贵阳", "昆明", "拉萨", "西安", "兰州", "西宁", "银川", "乌鲁木齐"),
)
_PLACES: Final = sorted(
    {*(province.short for province in PROVINCES.values()), *(province.zh for province in PROVINCES.values())}
    | {*CITIES, *(f"{city}市" for city in CITIES)},
    key=lambda name: (-len(name), name),
)
_SHORT: Final = {one.zh: one.short for one in PROVINCES.values()} | {f"{city}市": city for city in CITIES}
_ANY: Final = "|".join(_PLACES)
_IN_BRACKETS: Final = re.compile(rf"[(\[【〔]\s*({_ANY})\s*[)\]】〕]")
_BEFORE: Final = re.compile(rf"(?P<place>{_ANY})(?P<name>.+)")
_BEHIND: Final = re.compile(rf"(?P<name>.+?)(?P<place>{_ANY})")
# What is left without its place must still be a name, not a word such as 大学.
SHORTEST: Final = 3


class Likeness(NamedTuple):
    """What a company's name comes down to (名称主干): without its place, and the place that it names, if any."""

    core: str
    place: str | None


def likeness_of(text: str) -> Likeness:
    """Take the place off a company's name, be it in front, behind or in brackets, and reduce the rest as names compare.

    北京华为技术有限公司, 华为技术（北京）有限公司 and 华为技术 share a core; a place stays where no name would be left.
    """
    plain = unicodedata.normalize("NFKC", text)
    places = [_SHORT.get(place, place) for place in _IN_BRACKETS.findall(plain)]
    core = normalised_company_name(_IN_BRACKETS.sub("", plain))
    for form in (_BEFORE, _BEHIND):
        if (match := form.fullmatch(core)) and len(match["name"]) >= SHORTEST:
            core = normalised_company_name(match["name"])
            places.append(_SHORT.get(match["place"], match["place"]))
    if len(core) < SHORTEST:
        return Likeness(normalised_company_name(text), None)
    return Likeness(core, places[0] if places else None)


def core_name(text: str | None) -> str | None:
    """Give the core of a company's name as it is kept for finding likely duplicates."""
    return (likeness_of(text).core or None) if text else None


class DuplicateReason(Word):
    """Why two customers look like one (疑似重复原因): the strongest first, those on names by how much they differ."""

    CREDIT_CODE = "CREDIT_CODE", "统一社会信用代码相同", "The same credit code"
    SAME_NAME = "SAME_NAME", "名称相同", "The same name"
    WIDTH = "WIDTH", "名称仅全角、半角或大小写不同", "Names that differ only in width or case"
    BRACKETS = "BRACKETS", "名称仅括号、空格或标点不同", "Names that differ only in brackets, spaces or punctuation"
    LEGAL_FORM = "LEGAL_FORM", "名称仅公司类型后缀不同", "Names that differ only in the legal form"
    PLACE = "PLACE", "名称仅地名不同", "Names that differ only in a place"
    ACCOUNT = "ACCOUNT", "账号名相同", "The same account name"
    MOBILE = "MOBILE", "手机号相同", "The same mobile number"
    EMAIL = "EMAIL", "邮箱相同", "The same e-mail address"
    EMAIL_DOMAIN = "EMAIL_DOMAIN", "企业邮箱域名相同", "E-mail addresses of the same company"


def difference_of(one: str, other: str) -> DuplicateReason | None:
    """Say in what no more than two names of companies differ; nothing where they are names of two companies.

    Two that name different places are two companies, however alike the rest is.
    """
    if one.strip() == other.strip():
        return DuplicateReason.SAME_NAME
    folded, other_folded = (unicodedata.normalize("NFKC", name).casefold() for name in (one, other))
    if folded.split() == other_folded.split():
        return DuplicateReason.WIDTH
    if (letters := _letters(folded)) and letters == _letters(other_folded):
        return DuplicateReason.BRACKETS
    if (same := normalised_company_name(one)) and same == normalised_company_name(other):
        return DuplicateReason.LEGAL_FORM
    first, second = likeness_of(one), likeness_of(other)
    alike = first.core == second.core and (first.place == second.place or None in (first.place, second.place))
    return DuplicateReason.PLACE if first.core and alike else None


def shared(one: Any, other: Any, names: Iterable[str]) -> Iterator[str]:
    """Name the fields in which two records have the same value, such as a credit code; nothing is no value."""
    for name in names:
        value = getattr(one, name)
        if value and value == getattr(other, name):
            yield name


def _letters(text: str) -> str:
    return "".join(letter for letter in text if unicodedata.category(letter)[0] in "LNM")
