"""Onboarding: existing customers and pipelines, taken in from files by an operator of Huawei's side."""

from models.onboarding.importing import Progress, Report, import_customers, import_opportunities
from models.onboarding.mapping import Mapping, read_mapping, shipped
from models.onboarding.matching import Correction, Suggestion
from models.onboarding.record import ImportKind, ImportRun, ImportState
from models.onboarding.refusals import (
    ColumnMissingError,
    DateNotReadableError,
    FileEmptyError,
    FileNotReadableError,
    HeaderRepeatedError,
    MappingIncompleteError,
    MappingKeyError,
    MappingNotReadableError,
    RaggedRowError,
    RowRepeatedError,
    UnknownValueError,
    UnprintableTextError,
)
from models.onboarding.sheet import ERROR_COLUMNS, Row, Sheet, read_sheet, write_refused

__all__ = [
    "ERROR_COLUMNS",
    "ColumnMissingError",
    "Correction",
    "DateNotReadableError",
    "FileEmptyError",
    "FileNotReadableError",
    "HeaderRepeatedError",
    "ImportKind",
    "ImportRun",
    "ImportState",
    "Mapping",
    "MappingIncompleteError",
    "MappingKeyError",
    "MappingNotReadableError",
    "Progress",
    "RaggedRowError",
    "Report",
    "Row",
    "RowRepeatedError",
    "Sheet",
    "Suggestion",
    "UnknownValueError",
    "UnprintableTextError",
    "import_customers",
    "import_opportunities",
    "read_mapping",
    "read_sheet",
    "shipped",
    "write_refused",
]
