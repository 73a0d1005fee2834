"""The numbers of files, as dated policy rows."""

from __future__ import annotations

from models.kernel.policy import Policy

MOST_FILES = Policy("file.most_per_record", 10, "每条记录附件数上限", "Files that one record holds at most")
LARGEST_BYTES = Policy("file.largest_bytes", 20 * 1024 * 1024, "单个附件大小上限（字节）", "Largest file, in bytes")
TICKET_MINUTES = Policy("file.ticket_minutes", 15, "上传凭证有效期（分钟）", "Minutes for which an upload ticket holds")
LINK_MINUTES = Policy("file.link_minutes", 5, "下载链接有效期（分钟）", "Minutes for which a link to a file holds")
