"""Every refusal that a file may meet."""

from __future__ import annotations

from models.kernel.errors import DomainError, Path, Remedy


class FileNameError(DomainError):
    """A name with parts of a path, control characters, or no ending."""

    zh = '文件名无效：不能包含路径、控制字符或 < > : " | ? *，且须带扩展名，最长 {longest} 个字符。'
    en = 'The name is not allowed: no path, no control characters, no < > : " | ? *, an ending, {longest} at most.'
    cbc = "CBC.0100"


class FileTypeError(DomainError):
    """A type that is not taken."""

    zh = "不支持的文件类型，仅支持：{taken}。"
    en = "This type of file is not taken; send one of {taken}."
    cbc = "CBC.0100"


class FileContentError(DomainError):
    """The content is not what the name says."""

    zh = "文件内容与扩展名“{ending}”不符，或包含宏。"
    en = "The content is not what the ending “{ending}” says, or it holds macros."
    cbc = "CBC.0100"


class FileSizeError(DomainError):
    """An empty or too large file."""

    zh = "文件不能为空，且不能超过 {megabytes} MB。"
    en = "A file is not empty, and has {megabytes} MB at most."
    cbc = "CBC.0100"

    def __init__(self, *, path: Path | str = (), largest: int) -> None:
        super().__init__(path=path, largest=largest, megabytes=f"{largest / 2**20:.4g}")


class FileIncompleteError(DomainError):
    """More or fewer bytes came than the ticket was made for."""

    zh = "收到的字节数与上传凭证不符（应为 {size} 字节），请重新申请凭证。"
    en = "The ticket is for {size} bytes, and another number came; ask for a new ticket."


class TransferTooSlowError(DomainError):
    """The bytes came too slowly."""

    zh = "传输速度过慢，已中止；请检查网络后重新开始。"
    en = "The bytes came too slowly, and the transfer was ended; look at the line, then begin again."
    remedy = Remedy.RETRY


class TooManyFilesError(DomainError):
    """The record holds as many files as it may (COL-2.2.4)."""

    zh = "每条记录最多 {most} 个附件（含待上传的凭证）。"
    en = "A record holds {most} files at most, tickets that wait for their bytes included."
    cbc = "CBC.0100"


class FilesNotTakenError(DomainError):
    """This kind of record has no such field for files."""

    zh = "该记录不接受此类附件。"
    en = "This record takes no files of this kind."


class FilesFixedError(DomainError):
    """The record is decided or not the actor's to edit; its files stay as they are."""

    zh = "记录当前状态下不能增删附件。"
    en = "Files of this record can be neither added nor removed now."
    cbc = "CBC.0155"


class TicketNotValidError(DomainError):
    """The ticket was used, ran out, or was made for somebody else."""

    zh = "上传凭证无效、已使用或已过期，请重新申请。"
    en = "The ticket does not hold: used, run out, or not yours; ask for a new one."
    remedy = Remedy.RETRY


class LinkNotValidError(DomainError):
    """The link ran out, or was made for somebody else."""

    zh = "下载链接无效或已过期，请重新打开页面获取。"
    en = "The link does not hold (any longer); open the page again for a new one."
    remedy = Remedy.RETRY
