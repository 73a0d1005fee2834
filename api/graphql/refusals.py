"""The refusals of the endpoint itself: a stable code, a status, and one sentence in English and in Chinese."""

from collections.abc import Mapping
from enum import Enum
from typing import Any


class Code(Enum):
    """Why a request was refused before, or instead of, being executed."""

    MALFORMED_JSON = (400, "The body is not valid JSON.", "请求体不是有效的 JSON。")
    MALFORMED_REQUEST = (400, "This is not a well-formed GraphQL request.", "这不是格式正确的 GraphQL 请求。")
    UNSUPPORTED_MEDIA_TYPE = (415, "Send application/json in UTF-8.", "请以 UTF-8 编码的 application/json 发送。")
    NOT_ACCEPTABLE = (
        406,
        "Accept application/graphql-response+json or application/json.",
        "请接受 application/graphql-response+json 或 application/json。",
    )
    BODY_TOO_LARGE = (413, "The body is too large.", "请求体过大。")
    METHOD_NOT_ALLOWED = (405, "This method is not allowed here.", "此处不允许使用该请求方法。")
    BATCH_NOT_SUPPORTED = (400, "Send one operation a request.", "每次请求只能发送一个操作。")
    BAD_ENCODING = (400, "The request is not valid UTF-8.", "请求不是有效的 UTF-8 编码。")
    NOT_FINITE_NUMBER = (400, "NaN and infinite numbers are not allowed.", "不允许使用 NaN 或无穷大的数值。")
    GRAPHQL_PARSE_FAILED = (400, "The document has a syntax error.", "查询文档存在语法错误。")
    GRAPHQL_VALIDATION_FAILED = (400, "The document does not fit the schema.", "查询文档与模式不符。")
    BAD_USER_INPUT = (400, "An argument or a variable has a wrong value.", "参数或变量的值不正确。")
    DOCUMENT_TOO_DEEP = (400, "The document is nested too deeply.", "查询文档嵌套过深。")
    DOCUMENT_TOO_COSTLY = (400, "The operation would cost too much.", "该操作的开销超出上限。")
    TOO_MANY_ALIASES = (400, "The document has too many aliases.", "查询文档使用的别名过多。")
    TOO_MANY_DIRECTIVES = (400, "The document has too many directives.", "查询文档使用的指令过多。")
    TOO_MANY_REPEATS = (400, "The document repeats too many fields.", "查询文档重复的字段过多。")
    DOCUMENT_TOO_LARGE = (400, "The document has too many tokens.", "查询文档过长。")
    OPERATION_NOT_FOUND = (400, "The document has no operation of this name.", "查询文档中没有该名称的操作。")
    AMBIGUOUS_OPERATION = (
        400,
        "Say which of the document's operations to run: operationName.",
        "查询文档包含多个操作，请用 operationName 指明要执行的操作。",
    )
    SUBSCRIPTION_NOT_SUPPORTED = (400, "Subscriptions are not supported.", "不支持订阅操作。")
    AUTHENTICATION_REQUIRED = (401, "Sign in, or send a valid token.", "请登录，或提供有效的令牌。")
    INTROSPECTION_REFUSED = (400, "The schema is not shown here.", "此处不展示模式。")
    # The words of the English message are part of Apollo's protocol: its clients then send the text.
    PERSISTED_QUERY_NOT_FOUND = (
        400,
        "PersistedQueryNotFound",
        "没有可供您调用的、标识为此的文档。",
    )
    PERSISTED_QUERY_ID_REQUIRED = (
        400,
        "This application calls registered documents by their id only.",
        "该应用只能按标识调用已登记的文档。",
    )
    QUERY_NOT_IN_SAFELIST = (
        400,
        "This document is not registered for this application.",
        "该文档未为此应用登记。",
    )
    PERSISTED_QUERY_HASH_MISMATCH = (
        400,
        "The hash is not that of the document's text.",
        "哈希值与文档内容不符。",
    )
    RATE_LIMITED = (
        429,
        "The budget for this minute is used up; nothing was done, wait and try again.",
        "当前时段的调用额度已用完，未做任何处理，请稍后重试。",
    )
    READ_TIMED_OUT = (503, "The read took too long and was stopped.", "查询耗时过长，已被终止。")
    OVER_CAPACITY = (
        503,
        "Too many requests at once; nothing was done, try again.",
        "请求过多，未做任何处理，请稍后重试。",
    )
    INTERNAL_ERROR = (
        500,
        "Something went wrong on our side. Quote the request id when you report it.",
        "系统内部错误，请在反馈时提供请求编号。",
    )

    @property
    def status(self) -> int:
        return self.value[0]

    @property
    def message(self) -> str:
        return self.value[1]

    @property
    def message_zh(self) -> str:
        return self.value[2]


REQUEST_ERRORS = frozenset(
    {
        Code.GRAPHQL_PARSE_FAILED,
        Code.GRAPHQL_VALIDATION_FAILED,
        Code.BAD_USER_INPUT,
        Code.DOCUMENT_TOO_DEEP,
        Code.DOCUMENT_TOO_COSTLY,
        Code.TOO_MANY_ALIASES,
        Code.TOO_MANY_DIRECTIVES,
        Code.TOO_MANY_REPEATS,
        Code.DOCUMENT_TOO_LARGE,
        Code.OPERATION_NOT_FOUND,
        Code.AMBIGUOUS_OPERATION,
        Code.SUBSCRIPTION_NOT_SUPPORTED,
        Code.INTROSPECTION_REFUSED,
        Code.PERSISTED_QUERY_NOT_FOUND,
        Code.PERSISTED_QUERY_ID_REQUIRED,
        Code.QUERY_NOT_IN_SAFELIST,
        Code.PERSISTED_QUERY_HASH_MISMATCH,
    }
)
"""Refusals of a well-formed request: 200 to who accepts application/json only, as the HTTP specification asks."""


class Refused(Exception):
    """One or several errors that answer the whole request; no data goes with them."""

    def __init__(
        self,
        code: Code,
        *,
        errors: list[dict[str, Any]] | None = None,
        facts: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(code.message)
        self.code = code
        self.status = status or code.status
        self.headers = dict(headers or {})
        self.errors = errors or [error(code, facts=facts)]


def error(
    code: Code,
    *,
    message: str | None = None,
    facts: Mapping[str, Any] | None = None,
    **located: Any,
) -> dict[str, Any]:
    """Return one entry of `errors`, without its request id."""
    extensions = {"code": code.name, "messageZh": code.message_zh, **(facts or {})}
    return {"message": message or code.message, **located, "extensions": extensions}
