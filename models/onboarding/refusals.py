"""What can stand against a file, its mapping, or one of its rows, as named refusals."""

from __future__ import annotations

from models.kernel.errors import DomainError
from models.kernel.words import Word


class Trouble(Word):
    """Why a file cannot be read (文件问题)."""

    NOT_THERE = "NOT_THERE", "文件不存在或无权读取", "there is no such file, or it may not be read"
    NOT_TEXT = "NOT_TEXT", "既不是 UTF-8 或 GB18030 编码的 CSV，也不是 XLSX", "no CSV in UTF-8 or GB18030, and no XLSX"
    DAMAGED = "DAMAGED", "XLSX 文件已损坏", "the XLSX is damaged"
    NO_SHEET = "NO_SHEET", "没有映射文件指定的工作表", "it lacks the sheet that the mapping names"
    BROKEN = "BROKEN", "引号未闭合或单元格过长", "a quote is never closed, or a cell is too long"


class FileNotReadableError(DomainError):
    """The file is not there, or is neither CSV nor XLSX."""

    zh = "无法读取文件 {file}：{problem}。"
    en = "The file {file} cannot be read: {problem}."


class FileEmptyError(DomainError):
    """The file has no line of column names."""

    zh = "文件 {file} 没有表头。"
    en = "The file {file} has no line of column names."


class HeaderRepeatedError(DomainError):
    """Two columns share a name, so that nobody can say which is meant."""

    zh = "文件 {file} 中有重名的列：{columns}。请改名或删除后再导入。"
    en = "Columns of {file} share a name: {columns}. Rename or remove them."


class ColumnMissingError(DomainError):
    """The mapping names a column that the file does not have."""

    zh = "文件 {file} 没有列“{column}”，现有：{columns}。相近的列名：{suggestion}。"
    en = "The file {file} has no column “{column}”; it has: {columns}. Near to it: {suggestion}."


class MappingNotReadableError(DomainError):
    """The mapping is not there or is no TOML."""

    zh = "无法读取映射文件 {mapping}：{problem}。"
    en = "The mapping {mapping} cannot be read: {problem}."


class MappingKeyError(DomainError):
    """The mapping says something that it cannot say there."""

    zh = "映射文件 [{place}] 中“{key}”无效，可用：{known}。"
    en = "In the mapping, [{place}] does not know “{key}”; it knows: {known}."


class MappingIncompleteError(DomainError):
    """The mapping leaves out what this import needs."""

    zh = "映射文件 [{place}] 缺少“{key}”。"
    en = "In the mapping, [{place}] lacks “{key}”."


class RaggedRowError(DomainError):
    """A row has more or fewer cells than there are columns."""

    zh = "该行有 {cells} 个单元格，表头有 {columns} 列。"
    en = "The row has {cells} cells where the file has {columns} columns."


class UnprintableTextError(DomainError):
    """A cell holds control characters, as damaged files do."""

    zh = "单元格含有不可见的控制字符。"
    en = "A cell holds control characters."


class UnknownValueError(DomainError):
    """A value that the mapping, a companion file or the installation does not know."""

    zh = "“{value}”不在“{column}”的已知取值中。相近的取值：{suggestion}。"
    en = "“{value}” is not known in “{column}”. Near to it: {suggestion}."


class DateNotReadableError(DomainError):
    """A date that is not written as the mapping says."""

    zh = "日期“{value}”与格式 {format} 不符。"
    en = "The date “{value}” is not written like {format}."


class RowRepeatedError(DomainError):
    """Two rows of the file have the same external id."""

    zh = "外部编号“{external_id}”已在第 {line} 行出现。"
    en = "The external id “{external_id}” stands in line {line} already."
