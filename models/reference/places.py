"""Provinces of GB/T 2260, and the representative office that a customer's location leads to."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from models.reference.entries import Entry, Listing


@dataclass(frozen=True, slots=True)
class Office(Entry):
    """A representative office of Huawei (代表处)."""


@dataclass(frozen=True, slots=True)
class Province(Entry):
    """A province-level division (省级行政区), coded `CN-32` as in Huawei Cloud's own list of provinces."""

    short: str
    office: str

    @property
    def division_code(self) -> str:
        """The six digits of GB/T 2260, such as `320000`."""
        return f"{self.code[3:]}0000"


# Digits of GB/T 2260, letters of GB/T 2260 (two, lower case), full name, short name, English name.
_ROWS: Final = (
    ("11", "bj", "北京市", "北京", "Beijing"),
    ("12", "tj", "天津市", "天津", "Tianjin"),
    ("13", "he", "河北省", "河北", "Hebei"),
    ("14", "sx", "山西省", "山西", "Shanxi"),
    ("15", "nm", "内蒙古自治区", "内蒙古", "Inner Mongolia"),
    ("21", "ln", "辽宁省", "辽宁", "Liaoning"),
    ("22", "jl", "吉林省", "吉林", "Jilin"),
    ("23", "hl", "黑龙江省", "黑龙江", "Heilongjiang"),
    ("31", "sh", "上海市", "上海", "Shanghai"),
    ("32", "js", "江苏省", "江苏", "Jiangsu"),
    ("33", "zj", "浙江省", "浙江", "Zhejiang"),
    ("34", "ah", "安徽省", "安徽", "Anhui"),
    ("35", "fj", "福建省", "福建", "Fujian"),
    ("36", "jx", "江西省", "江西", "Jiangxi"),
    ("37", "sd", "山东省", "山东", "Shandong"),
    ("41", "ha", "河南省", "河南", "Henan"),
    ("42", "hb", "湖北省", "湖北", "Hubei"),
    ("43", "hn", "湖南省", "湖南", "Hunan"),
    ("44", "gd", "广东省", "广东", "Guangdong"),
    ("45", "gx", "广西壮族自治区", "广西", "Guangxi"),
    ("46", "hi", "海南省", "海南", "Hainan"),
    ("50", "cq", "重庆市", "重庆", "Chongqing"),
    ("51", "sc", "四川省", "四川", "Sichuan"),
    ("52", "gz", "贵州省", "贵州", "Guizhou"),
    ("53", "yn", "云南省", "云南", "Yunnan"),
    ("54", "xz", "西藏自治区", "西藏", "Xizang"),
    ("61", "sn", "陕西省", "陕西", "Shaanxi"),
    ("62", "gs", "甘肃省", "甘肃", "Gansu"),
    ("63", "qh", "青海省", "青海", "Qinghai"),
    ("64", "nx", "宁夏回族自治区", "宁夏", "Ningxia"),
    ("65", "xj", "新疆维吾尔自治区", "新疆", "Xinjiang"),
    ("71", "tw", "台湾省", "台湾", "Taiwan"),
    ("81", "hk", "香港特别行政区", "香港", "Hong Kong"),
    ("82", "mo", "澳门特别行政区", "澳门", "Macao"),
)

LONGEST_CITY: Final = 64

OFFICES: Final = Listing(
    Office(f"office-{letters}", f"{short}代表处", f"{en} Representative Office") for _, letters, _, short, en in _ROWS
)
PROVINCES: Final = Listing(
    Province(f"CN-{digits}", zh, en, short, f"office-{letters}") for digits, letters, zh, short, en in _ROWS
)

_BY_NAME: Final = {
    name.casefold(): province
    for province in PROVINCES.values()
    for name in (
        *(province.code, province.code[3:], province.division_code),
        *(province.zh, province.short, province.en),
    )
}


def find_province(text: str) -> Province | None:
    """Recognise a province by its code, its GB/T 2260 digits, or its full, short or English name."""
    return _BY_NAME.get(" ".join(unicodedata.normalize("NFKC", text).split()).casefold())


def office_for(province_code: str) -> Office:
    """Name the office to which a location in a province leads; an unknown code is a `LookupError`."""
    return OFFICES[PROVINCES[province_code].office]


def tidy_city(text: str) -> str:
    """Take a city as it was written, in 1 to 64 printable characters with single spaces."""
    city = " ".join(unicodedata.normalize("NFKC", text).split())
    if not 1 <= len(city) <= LONGEST_CITY or not city.isprintable():
        raise ValueError(f"a city is written in 1 to {LONGEST_CITY} printable characters")
    return city
