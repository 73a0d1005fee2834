"""Company names as they compare, and unified social credit codes."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Longest first, so that 股份有限公司 goes as a whole.
HAN_FORMS: Final = (
    *("特殊普通合伙", "股份有限公司", "有限责任公司"),
    *("有限公司", "股份公司", "集团公司", "有限责任", "有限合伙", "普通合伙", "合伙企业"),
    *("总公司", "公司", "集团", "股份", "有限"),
)
LATIN_FORMS: Final = frozenset(
    {
        *("co", "coltd", "company", "corp", "corporation", "group", "inc", "incorporated", "limited", "llc", "llp"),
        *("lp", "ltd", "plc", "pte", "pty", "pvt", "bhd", "sdn", "gmbh", "ag", "kg", "sa", "sarl", "srl", "spa", "bv"),
        *("nv", "oy", "ab", "kk"),
    }
)
RUNS: Final = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+|[^\s\u3400-\u9fff\U00020000-\U0003ffff]+")

CODE_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CODE_VALUES: Final = {letter: number for number, letter in enumerate(CODE_ALPHABET)}
CODE_BODY: Final = re.compile(rf"[{CODE_ALPHABET}]{{2}}[0-9]{{6}}[{CODE_ALPHABET}]{{9}}")


def _is_han(run: str) -> bool:
    return "\u3400" <= run[0] <= "\u9fff" or run[0] >= "\U00020000"


def _plain_runs(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).replace(".", "")
    words = "".join(letter if unicodedata.category(letter)[0] in "LNM" else " " for letter in folded)
    runs: list[str] = []
    for run in RUNS.findall(words):
        if runs and _is_han(run) and _is_han(runs[-1]):
            runs[-1] += run
        else:
            runs.append(run)
    return runs


def _without_legal_form(runs: list[str]) -> str:
    while runs:
        last = runs[-1]
        form = next((form for form in HAN_FORMS if last.endswith(form)), None) if _is_han(last) else None
        shorter = last[: len(last) - len(form)] if form else "" if last in LATIN_FORMS else last
        if shorter == last or not (shorter or runs[:-1]):
            break
        runs = [*runs[:-1], shorter] if shorter else runs[:-1]
    return "".join(runs)


def normalised_company_name(text: str) -> str:
    """Reduce a company's name to what two spellings of it share, for finding duplicates.

    Width, case, spaces, punctuation, brackets and the legal form (有限公司, Co., Ltd.) do not count. A name of nothing
    but a legal form stays; a name without a letter or digit becomes empty and must match nothing.
    """
    name = _without_legal_form(_plain_runs(text))
    while (again := _without_legal_form(_plain_runs(name))) != name:
        name = again
    return name


def credit_code_for(body17: str) -> str:
    """Complete the first 17 characters of a unified social credit code (统一社会信用代码) with its check character.

    GB 32100-2015: the sum of the characters' values, weighted by powers of 3, and the check value is 0 modulo 31.
    """
    if not CODE_BODY.fullmatch(body17):
        raise ValueError("17 characters: two of the registry, six digits of the place, nine of the organisation")
    weighted = sum(CODE_VALUES[letter] * pow(3, place, 31) for place, letter in enumerate(body17))
    return body17 + CODE_ALPHABET[-weighted % 31]


def valid_credit_code(text: str) -> bool:
    """Tell whether a unified social credit code is well formed and its check character right."""
    return len(text) == 18 and CODE_BODY.fullmatch(text[:17]) is not None and credit_code_for(text[:17]) == text
