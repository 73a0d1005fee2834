"""What a caller sends over HTTP, read strictly: one operation, as GraphQL over HTTP spells it."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from api.graphql.refusals import Code, Refused

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
NUL = re.compile(rb"\\u(?:0000|\{0+\})")
"""The character that no text may hold: one database refuses it, another keeps it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation as it was asked for."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any] | None


async def read(request: Request, body_limit: int) -> Asked:
    """Read the operation from a GET's query string or from a POST's body."""
    if request.method == "GET":
        return _from_query_string(request.scope["query_string"])
    _require_json(request.headers.get("content-type", ""))
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Refused(Code.UNSUPPORTED_MEDIA_TYPE)
    body = await _body(request, body_limit)
    _without_nul(body)
    asked = _decoded(body)
    if isinstance(asked, list):
        raise Refused(Code.BATCH_NOT_SUPPORTED)
    if not isinstance(asked, dict):
        raise Refused(Code.MALFORMED_REQUEST)
    return _checked(asked)


@lru_cache(maxsize=256)
def answer_type(accept: str | None) -> str | None:
    """Return the media type to answer with, or None where the caller accepts none that we speak."""
    if not accept:
        return JSON
    best: tuple[float, str] | None = None
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        if name in {"*/*", "application/*"}:
            name, weight = JSON, weight - 0.001
        if name in {GRAPHQL_RESPONSE, JSON} and weight > 0 and (best is None or weight > best[0]):
            best = weight, name
    return best[1] if best else None


def wants_page(request: Request) -> bool:
    """Say whether this is a browser that opens the address, rather than a client that asks something."""
    return (
        request.method == "GET"
        and "text/html" in request.headers.get("accept", "")
        and b"query=" not in request.scope["query_string"]
    )


@lru_cache(maxsize=64)
def _require_json(content_type: str) -> None:
    name, *parameters = (piece.strip() for piece in content_type.lower().split(";"))
    charsets = [parameter.partition("=")[2].strip('"') for parameter in parameters if parameter.startswith("charset=")]
    if name != JSON or any(charset not in {"utf-8", "utf8"} for charset in charsets):
        raise Refused(Code.UNSUPPORTED_MEDIA_TYPE)


def _without_nul(sent: bytes) -> None:
    if NUL.search(sent):
        raise Refused(Code.BAD_USER_INPUT, facts={"character": "U+0000"})


async def _body(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 12 or int(declared) > limit):
        raise Refused(Code.BODY_TOO_LARGE, facts={"limit": limit})
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise Refused(Code.BODY_TOO_LARGE, facts={"limit": limit})
        chunks.append(chunk)
    return b"".join(chunks)


def _from_query_string(query_string: bytes) -> Asked:
    try:
        pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, errors="strict", max_num_fields=32)
    except UnicodeDecodeError:
        raise Refused(Code.BAD_ENCODING) from None
    except ValueError:
        raise Refused(Code.MALFORMED_REQUEST) from None
    asked: dict[str, Any] = dict(pairs)
    for text in asked.values():
        _without_nul(text.replace("\x00", "\\u0000").encode())
    for name in ("variables", "extensions"):
        if asked.get(name):
            asked[name] = _decoded(asked[name].encode())
        else:
            asked.pop(name, None)
    return _checked(asked)


def _decoded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _why_not_json(body) from None


def _why_not_json(body: bytes) -> Refused:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return Refused(Code.BAD_ENCODING)
    try:
        json.loads(text, parse_constant=_not_finite, parse_float=_finite)
    except Refused as refused:
        return refused
    except (ValueError, RecursionError):
        pass
    return Refused(Code.MALFORMED_JSON)


def _not_finite(_: str) -> NoReturn:
    raise Refused(Code.NOT_FINITE_NUMBER)


def _finite(number: str) -> float:
    if float(number) in {float("inf"), float("-inf")}:
        raise Refused(Code.NOT_FINITE_NUMBER)
    return float(number)


def _checked(asked: dict[str, Any]) -> Asked:
    query = asked.get("query")
    operation_name = asked.get("operationName")
    if not isinstance(query, str) or not query:
        raise Refused(Code.MALFORMED_REQUEST, facts={"parameter": "query"})
    if operation_name is not None and not isinstance(operation_name, str):
        raise Refused(Code.MALFORMED_REQUEST, facts={"parameter": "operationName"})
    for name in ("variables", "extensions"):
        if asked.get(name) is not None and not isinstance(asked[name], dict):
            raise Refused(Code.MALFORMED_REQUEST, facts={"parameter": name})
    return Asked(query, operation_name, asked.get("variables"), asked.get("extensions"))
