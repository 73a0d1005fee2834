"""The workbooks of an import: the template to be filled, and the result that says what became of each row."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any, Final

from models.draft_import.columns import CHOICES, CURRENCIES, LISTS, heading, labels
from models.kernel.words import Lang
from models.opportunity import FORM
from models.opportunity.rules import MANDATORY

TITLES: Final = {"zh": ("机会点草稿", "填写说明", "选项"), "en": ("Drafts", "Notes", "Lists")}
RESULT: Final = {"zh": ("行号", "结果", "编号", "问题"), "en": ("Line", "Result", "Id", "Problems")}
NOTES: Final = {
    "zh": (
        "每行一个机会点，最多 {most} 行；导入后保存为草稿，须逐个提交审核。",
        "带 * 的列为提交时必填，保存草稿时可以为空。",
        "多个选项之间用分号分隔；日期写作 2026-11-21；金额写作 1200000.00。",
        "负责人填写登录名或姓名；Offering 填写名称；重复导入同一行不会新增草稿。",
    ),
    "en": (
        "One opportunity a row, {most} rows at most; each becomes a draft, to be submitted one by one.",
        "Columns with * are needed for submission; a draft may leave them empty.",
        "Part several choices by semicolons; write days as 2026-11-21 and amounts as 1200000.00.",
        "Name the person in charge by login or name, an offering by its name; importing a row again adds nothing.",
    ),
}
OPTIONS: Final = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def template(lang: Lang, most: int) -> bytes:
    """Make the workbook that a partner fills: headings, picklists, and how to fill it."""
    content = io.BytesIO()
    # Whoever makes no file spares the memory.
    import xlsxwriter

    with xlsxwriter.Workbook(content, OPTIONS) as book:
        sheet, notes, lists = (book.add_worksheet(title) for title in TITLES[lang])
        lists.hide()
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        text = book.add_format({"num_format": "@"})
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(FORM):
            star = " *" if name in MANDATORY else ""
            sheet.write_string(0, column, f"{heading(name, lang)}{star}", bold)
            sheet.set_column(column, column, 20, text)
            if (offered := _offered(name, lang)) is not None:
                letter = xlsxwriter.utility.xl_col_to_name(column)
                lists.write_column(0, column, offered)
                source = f"='{TITLES[lang][2]}'!${letter}$1:${letter}${len(offered)}"
                several = name in LISTS
                # Several choices in one cell are no entry of the list, so there it only offers.
                sheet.data_validation(
                    1, column, most, column, {"validate": "list", "source": source, "show_error": not several}
                )
        for row, note in enumerate(NOTES[lang]):
            notes.write_string(row, 0, note.format(most=most))
        notes.set_column(0, 0, 100)
    return content.getvalue()


def _offered(name: str, lang: Lang) -> list[str] | None:
    if name in CHOICES:
        return labels(CHOICES[name], lang)
    if name in LISTS:
        return labels(LISTS[name], lang)
    if name == "consent_confirmed":
        return ["是", "否"] if lang == "zh" else ["Yes", "No"]
    return list(CURRENCIES) if name == "currency" else None


def result(lang: Lang, columns: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> bytes:
    """Make the workbook that says of each row what became of it; what was refused can be repaired there."""
    content = io.BytesIO()
    import xlsxwriter

    with xlsxwriter.Workbook(content, OPTIONS) as book:
        sheet = book.add_worksheet(TITLES[lang][0])
        bold = book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for column, title in enumerate((*RESULT[lang], *columns)):
            sheet.write_string(0, column, title, bold)
        for place, cells in enumerate(rows, start=1):
            for column, cell in enumerate(cells):
                if isinstance(cell, int):
                    sheet.write_number(place, column, cell)
                elif cell:
                    sheet.write_string(place, column, str(cell)[:32_767])
    return content.getvalue()
