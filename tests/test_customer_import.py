"""Customers that nobody here wrote: a CRM's accounts and a corpus of names, by the command that imports."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from models.customer import Customer
from models.customer.likeness import DuplicateReason, core_name, difference_of, likeness_of
from models.customer_merge import merge
from models.kernel.journal import JournalLine
from models.kernel.values import credit_code_for
from models.onboarding import ImportKind, ImportRun, import_customers, read_mapping
from tests.kernel.samples import sample
from tests.maven_twin import write
from tests.stage import Stage as Theatre
from tests.test_import import LIN, command, installation, rows_of, theatre

__all__ = ["installation", "theatre"]
CODE = credit_code_for("91350211M000100Y4")
NAMES = 10_000


@pytest.fixture
def names(tmp_path: Path) -> Path:
    """The banner and the first ten thousand names of the corpus."""
    with sample("cn-company-short-names/company-short-names-28w.txt").open(encoding="utf-8", newline="") as file:
        lines = [line for _, line in zip(range(NAMES + 3), file, strict=False)]
    path = tmp_path / "names.txt"
    path.write_text("".join(lines), encoding="utf-8", newline="")
    return path


async def test_the_accounts_of_a_crm_go_in_and_what_was_misspelt_is_told(installation: Theatre):
    accounts = sample("maven-crm-sales/accounts.csv")

    said = await command("customers", str(accounts), "--map", "maven", code=0)

    assert "85 taken in, 0 known already, 0 refused" in said
    assert "sector: “technolgy” (12 rows) read as “technology”, as the mapping says" in said
    assert "office_location: “Philipines” (1 rows) read as “Philippines”" in said
    customers = {one.company_name: one for one in await rows_of(installation, Customer)}
    assert customers["Acme Corporation"].industry == "SOFTWARE"
    assert customers["Bioholding"].address == "Philippines"
    lines = await rows_of(installation, JournalLine, operation="customer.onboard")
    assert {line.subject_id for line in lines} == {one.id for one in customers.values()}

    before = await installation.everything()
    assert "0 taken in, 85 known already, 0 refused" in await command(
        "customers", str(accounts), "--map", "maven", code=0
    )
    assert await installation.everything() == before


async def test_ten_thousand_names_go_in_once_each_with_its_line(installation: Theatre, names: Path):
    said = await command("customers", str(names), "--map", "short-names", code=0)

    [run] = await rows_of(installation, ImportRun, kind=ImportKind.CUSTOMERS)
    assert (run.total, run.refused) == (NAMES, 0)
    assert run.created + run.known == NAMES
    # The corpus has a name twice only under another legal form, width or brackets.
    assert run.created > 0.97 * NAMES
    assert run.known == 0 or "known under another spelling" in said
    customers = await rows_of(installation, Customer)
    assert len(customers) == run.created
    assert all(one.normalised_name for one in customers if any(map(str.isalnum, one.company_name)))
    assert all(one.core_name == core_name(one.company_name) for one in customers)
    assert len(await rows_of(installation, JournalLine, operation="customer.onboard")) == run.created

    again = await command("customers", str(names), "--map", "short-names", code=0)

    assert f"0 taken in, {NAMES} known already, 0 refused" in again
    assert len(await rows_of(installation, Customer)) == run.created


async def test_each_wrong_row_has_its_own_refusal_and_the_rest_goes_in(theatre: Theatre, tmp_path: Path):
    """COL-5.7.1, COL-2.1.7: wrong check characters and full-width digits are refused row by row."""
    rows = [
        {"company_name": "东方数码有限公司", "credit_code": CODE, "mobile": "13900001111", "email": "a@df.example.com"},
        {
            "company_name": "南海数码有限公司",
            "credit_code": CODE[:-1] + ("1" if CODE[-1] != "1" else "2"),
            "mobile": "",
            "email": "",
        },
        {"company_name": "西山数码有限公司", "credit_code": "９" + CODE[1:], "mobile": "", "email": ""},
        {"company_name": "北川数码有限公司", "credit_code": "", "mobile": "１３９００００１１１１", "email": ""},
        {"company_name": "中原数码有限公司", "credit_code": "", "mobile": "021-1234", "email": ""},
        {"company_name": "远海数码有限公司", "credit_code": "", "mobile": "", "email": "nowhere"},
        {"company_name": "", "credit_code": "", "mobile": "", "email": ""},
    ]
    rows[6]["email"] = "only@df.example.com"

    report = await import_customers(theatre, LIN, write(tmp_path / "own.csv", rows))

    assert report.created == 1
    assert [(row.line, [error.code for error in errors]) for row, errors in report.refused] == [
        (3, ["CREDIT_CODE_INVALID"]),
        (4, ["FULL_WIDTH_DIGITS"]),
        (5, ["FULL_WIDTH_DIGITS"]),
        (6, ["MOBILE_INVALID"]),
        (7, ["EMAIL_INVALID"]),
        (8, ["FIELD_REQUIRED"]),
    ]
    assert [one.company_name for one in await rows_of(theatre, Customer)] == ["东方数码有限公司"]


async def test_names_that_differ_only_in_width_or_brackets_are_one_customer_and_the_report_says_why(
    installation: Theatre, tmp_path: Path
):
    """COL-2.1.7: a second spelling enters nothing, and its line says in what it differs."""
    spelled = (
        "汇创（中国）科技有限公司",
        "汇创(中国)科技有限公司",
        "汇创 中国 科技有限公司",
        "汇创中国科技股份有限公司",
    )
    path = write(tmp_path / "own.csv", [{"company_name": name} for name in (*spelled, "另一家科技有限公司")])

    said = await command("customers", str(path), code=0)

    assert "2 taken in, 3 known already, 0 refused" in said
    assert "1 known under another spelling, names that differ only in width or case: lines 3" in said
    assert "names that differ only in brackets, spaces or punctuation: lines 4" in said
    assert "names that differ only in the legal form: lines 5" in said
    with path.open(encoding="utf-8") as file:
        assert len(list(csv.reader(file))) == 6
    assert len(await rows_of(installation, Customer)) == 2


async def test_whoever_was_merged_away_is_not_taken_in_again(theatre: Theatre, tmp_path: Path):
    """COL-2.1.7: a name, an external id or a credit code of the one that is no more means the survivor."""
    rows = [
        {"external_id": "A1", "company_name": "汇创科技有限公司", "credit_code": ""},
        {"external_id": "A2", "company_name": "深圳市汇创科技有限公司", "credit_code": CODE},
    ]
    path = write(tmp_path / "own.csv", rows)
    assert (await import_customers(theatre, LIN, path)).created == 2
    kept, other = sorted(await rows_of(theatre, Customer), key=lambda one: one.external_id)
    made = await theatre.done(LIN, lambda work: merge(work, kept.id, other.id, versions=(1, 1), reason="同一家公司"))
    assert (made.taken, made.company_name) == (["CREDIT_CODE"], "深圳市汇创科技有限公司")

    again = await import_customers(theatre, LIN, write(tmp_path / "more.csv", [*rows, rows[0] | {"external_id": "A3"}]))

    assert (again.created, again.known) == (0, 3)
    assert [one.id for one in await rows_of(theatre, Customer)] == [kept.id]
    by_name = write(
        tmp_path / "names.csv", [{"company_name": "（深圳市）汇创科技"}, {"company_name": "深圳市汇创科技"}]
    )
    assert (await import_customers(theatre, LIN, by_name)).known == 2


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("汇创科技有限公司", " 汇创科技有限公司", DuplicateReason.SAME_NAME),
        ("ＡＢＣ科技", "abc科技", DuplicateReason.WIDTH),
        ("汇创（中国）科技", "汇创中国科技", DuplicateReason.BRACKETS),
        ("Acme Co., Ltd.", "ACME", DuplicateReason.LEGAL_FORM),
        ("北京汇创科技有限公司", "汇创科技（北京）股份有限公司", DuplicateReason.PLACE),
        ("北京汇创科技有限公司", "汇创科技", DuplicateReason.PLACE),
        ("深圳市汇创科技有限公司", "汇创科技（深圳）有限公司", DuplicateReason.PLACE),
        ("北京汇创科技", "上海汇创科技", None),
        ("北京大学", "南京大学", None),
        ("汇创科技", "汇创实业", None),
        ("（）", "【】", None),
    ],
)
def test_two_names_differ_in_a_way_that_can_be_said(one: str, other: str, reason: DuplicateReason | None):
    assert difference_of(one, other) is reason
    assert difference_of(other, one) is reason


def test_a_place_is_taken_off_only_where_a_name_is_left():
    assert likeness_of("（深圳）汇创科技有限公司") == ("汇创科技", "深圳")
    assert likeness_of("上海大学") == ("上海大学", None)
    assert core_name("（）") is None


def test_the_mapping_of_names_reads_a_plain_list(tmp_path: Path):
    mapping = read_mapping("short-names")
    assert (mapping.listed, mapping.skip) == ("name", 3)
