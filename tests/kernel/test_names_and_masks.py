"""Company names compare, credit codes are checked, masks hide."""

import re
from collections import defaultdict
from itertools import islice
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.kernel.values import (
    credit_code_for,
    keyed_hash,
    mask_account,
    mask_company,
    mask_credit_code,
    mask_email,
    mask_mobile,
    mask_name,
    normalised_company_name,
    valid_credit_code,
)
from tests.kernel.samples import sample

# Company names and credit codes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("华为技术有限公司", "华为技术"),
        ("华为技术有限公司", " 华为　技术　有限责任公司 "),
        ("华为技术（深圳）有限公司", "华为技术(深圳)有限公司"),
        ("安踏集团", "安踏集团股份有限公司"),
        ("上海某某企业管理中心(有限合伙)", "上海某某企业管理中心（有限合伙）"),
        ("Acme Co., Ltd.", "ＡＣＭＥ"),
        ("ACME, Inc.", "acme LLC"),
        ("Müller GmbH & Co. KG", "MÜLLER"),
        ("Acme Co.,Ltd", "Acme Co.Ltd."),
        ("华为技术有限公司 Ltd", "华为技术"),
        ("Straße AG", "STRASSE"),
    ],
)
def test_two_spellings_of_one_company_are_the_same(one: str, other: str) -> None:
    assert normalised_company_name(one) == normalised_company_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("华为技术有限公司", "华为云计算技术有限公司"),
        ("华为技术（深圳）有限公司", "华为技术（上海）有限公司"),
        ("Zinc", "Z Inc"),
        ("Tesco", "Tes Co"),
        ("公司宝", "宝"),
    ],
)
def test_two_companies_stay_two(one: str, other: str) -> None:
    assert normalised_company_name(one) != normalised_company_name(other)


@pytest.mark.parametrize(
    ("text", "left"), [("集团", "集团"), ("Ltd.", "ltd"), ("", ""), ("（）!", ""), ("公司 Inc", "公司")]
)
def test_a_name_of_nothing_but_a_legal_form_stays(text: str, left: str) -> None:
    assert normalised_company_name(text) == left


@given(st.text(max_size=40) | st.text("华为集团有限公司股份 ()（）.coltdincABs", max_size=30))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalised_company_name(text)
    assert normalised_company_name(once) == once
    assert not re.search(r"\s", once)


def test_real_short_names_survive_and_meet_their_full_names() -> None:
    with sample("cn-company-short-names/company-short-names-28w.txt").open(encoding="utf-8-sig") as file:
        names = [line.strip() for line in islice(file, 3, None, 40)]
    assert len(names) > 5000
    spelled: dict[str, set[str]] = defaultdict(set)
    for name in names:
        normal = normalised_company_name(name)
        assert normal
        assert normal == normalised_company_name(f"　{name}（集团） 股份有限公司")
        spelled[normal].add(name)
    assert len(spelled) > 0.99 * len(set(names))


@pytest.mark.parametrize("code", ["914403001922038216", "91330100799655058B", "9144030071526726XG"])
def test_the_codes_of_known_companies_are_valid(code: str) -> None:
    assert valid_credit_code(code)
    assert credit_code_for(code[:17]) == code


@pytest.mark.parametrize(
    "code",
    [
        *("", "914403001922038215", "91440300192203821", "9144030019220382166", "91330100799655058b"),
        *("I14403001922038216", "9144O3001922038216", "914403001922038216\n", "９14403001922038216"),
    ],
)
def test_a_credit_code_with_a_slip_is_not_valid(code: str) -> None:
    assert not valid_credit_code(code)


@given(
    st.from_regex(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{9}", fullmatch=True),
    st.integers(0, 17),
    st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"),
)
def test_one_wrong_character_never_passes(body: str, place: int, letter: str) -> None:
    code = credit_code_for(body)
    assert valid_credit_code(code)
    assume(code[place] != letter)
    assert not valid_credit_code(code[:place] + letter + code[place + 1 :])


def test_a_body_that_is_no_credit_code_is_refused() -> None:
    with pytest.raises(ValueError, match="17 characters"):
        credit_code_for("91440300")


# Masks


@pytest.mark.parametrize(
    ("mask", "value", "seen"),
    [
        (mask_company, "华为技术有限公司", "华为****公司"),
        (mask_company, "华为云技术", "华为****技术"),
        (mask_company, "华为技术", "华****术"),
        (mask_company, "华为云", "华****"),
        (mask_company, "华", "****"),
        (mask_account, "hw12345678", "hw****"),
        (mask_account, "hw", "h****"),
        (mask_mobile, "13800138000", "138****8000"),
        (mask_mobile, "+86 138-0013-8000", "+86 138****8000"),
        (mask_mobile, "5551234", "55****4"),
        (mask_mobile, "none", "****"),
        (mask_email, "li.lei@example.com", "l****@example.com"),
        (mask_email, "a@b.cn", "****@b.cn"),
        (mask_email, "no address", "n****"),
        (mask_credit_code, "914403001922038216", "91****16"),
        (mask_name, "李雷", "李****"),
        (mask_name, "李", "****"),
    ],
)
def test_a_mask_keeps_what_the_rule_says(mask: Any, value: str, seen: str) -> None:
    """COL-5.7.7: what is left to see of each kind of value."""
    assert mask(value) == seen


@pytest.mark.parametrize("mask", [mask_company, mask_account, mask_mobile, mask_email, mask_credit_code, mask_name])
@given(value=st.text(max_size=30) | st.emails() | st.from_regex(r"\+?[0-9 -]{0,16}", fullmatch=True))
def test_a_mask_never_shows_the_whole_value(mask: Any, value: str) -> None:
    """COL-5.7.7: however short the value is."""
    assume("*" not in value)
    seen = mask(value)
    assert seen == "" if not value else "****" in seen
    if value:
        assert seen != value
        assert value not in seen


def test_a_keyed_hash_tells_sameness_and_nothing_else() -> None:
    one = keyed_hash("13800138000", "key")
    assert re.fullmatch("[0-9a-f]{16}", one)
    assert one == keyed_hash("13800138000", b"key")
    assert one != keyed_hash("13800138000", "another key")
    assert one != keyed_hash("13800138001", "key")
