"""The reference lists are whole, labelled in both languages, and looked up by code."""

import csv
from collections.abc import Mapping

import pytest

from models import reference
from models.reference import (
    INDUSTRIES,
    OFFICES,
    PROVINCES,
    SERVICES,
    SUB_INDUSTRIES,
    CompanySize,
    Entry,
    Listing,
    ServiceCategory,
    belongs_to,
    find_province,
    label,
    office_for,
    sub_industries_of,
    tidy_city,
)
from tests.kernel.samples import sample

LISTS: dict[str, Mapping[str, Entry]] = {
    "provinces": PROVINCES,
    "offices": OFFICES,
    "services": SERVICES,
    "industries": INDUSTRIES,
    "sub-industries": SUB_INDUSTRIES,
}


def has_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


@pytest.mark.parametrize("entries", LISTS.values(), ids=LISTS.keys())
def test_every_entry_says_itself_in_both_languages(entries: Mapping[str, Entry]) -> None:
    for code, entry in entries.items():
        assert code == entry.code
        assert label(code, "zh") == entry.label("zh") == entry.zh
        assert label(code, "en") == entry.label("en") == entry.en
        assert entry.zh
        assert not has_chinese(entry.en)
        assert entry.en.isascii()
    zh = [(entry.zh, getattr(entry, "industry", "")) for entry in entries.values()]
    assert len(set(zh)) == len(zh)


def test_no_two_lists_share_a_code() -> None:
    codes = [code for entries in LISTS.values() for code in entries]
    assert len(codes) == len(set(codes))


def test_an_unknown_code_or_language_has_no_label() -> None:
    with pytest.raises(LookupError):
        label("ATLANTIS", "zh")
    with pytest.raises(ValueError):
        label("ECS", "fr")  # type: ignore[arg-type]


def test_a_list_takes_a_code_once() -> None:
    with pytest.raises(ValueError, match="stands twice"):
        Listing([Entry("A", "甲", "A"), Entry("A", "乙", "B")])


def test_there_are_34_provinces_each_with_an_office_of_its_own() -> None:
    assert len(PROVINCES) == 34
    assert {office_for(code).code for code in PROVINCES} == set(OFFICES)
    assert office_for("CN-32").zh == "江苏代表处"
    with pytest.raises(LookupError):
        office_for("CN-99")


def test_the_provinces_are_those_of_the_statistics_bureau() -> None:
    with sample("china-divisions/provinces.csv").open(encoding="utf-8", newline="") as file:
        official = {f"CN-{row['code']}": row["name"] for row in csv.DictReader(file)}
    ours = {code: province.zh for code, province in PROVINCES.items()}
    assert ours == official | {"CN-71": "台湾省", "CN-81": "香港特别行政区", "CN-82": "澳门特别行政区"}


@pytest.mark.parametrize("text", ["江苏", "江苏省", " 江苏 ", "jiangsu", "Jiangsu", "CN-32", "cn-32", "32", "320000"])
def test_a_province_is_recognised_however_it_is_written(text: str) -> None:
    assert find_province(text) is PROVINCES["CN-32"]
    assert PROVINCES["CN-32"].division_code == "320000"


@pytest.mark.parametrize("text", ["", "江", "苏州", "CN", "3200"])
def test_what_is_no_province_is_not_guessed(text: str) -> None:
    assert find_province(text) is None


def test_a_city_is_tidied_and_its_length_checked() -> None:
    assert tidy_city("  呼和浩特\t市 ") == "呼和浩特 市"
    assert tidy_city("Ｓｕｚｈｏｕ") == "Suzhou"
    assert tidy_city("市" * 64) == "市" * 64
    for refused in ("", "  ", "市" * 65, "苏\x00州", "苏\u202e州"):
        with pytest.raises(ValueError, match="city"):
            tidy_city(refused)


def test_every_category_has_a_service() -> None:
    assert {service.category for service in SERVICES.values()} == set(ServiceCategory)
    assert len(SERVICES) >= 40


def test_every_industry_ends_with_other() -> None:
    for code in INDUSTRIES:
        branches = sub_industries_of(code)
        assert branches[-1].code == f"{code}.OTHER"
        assert all(belongs_to(branch.code, code) for branch in branches)
    assert sum(len(sub_industries_of(code)) for code in INDUSTRIES) == len(SUB_INDUSTRIES)


def test_a_branch_belongs_to_one_industry_only() -> None:
    assert belongs_to("FINANCE.BANKING", "FINANCE")
    assert not belongs_to("FINANCE.BANKING", "RETAIL")
    assert not belongs_to("FINANCE.PIRACY", "FINANCE")
    with pytest.raises(LookupError):
        sub_industries_of("PIRACY")


def test_company_sizes_are_labelled() -> None:
    for size in CompanySize:
        assert has_chinese(size.zh)
        assert size.en.isascii()


def test_all_that_is_promised_is_there() -> None:
    assert all(hasattr(reference, name) for name in reference.__all__)
