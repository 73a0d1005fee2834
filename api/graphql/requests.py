"""What a caller sends over HTTP, read strictly: one operation, as GraphQL over HTTP spells it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import orjson
from starlette.requests import ClientDisconnect, Request

from api.graphql.refusals import Code, Refused

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
NUL = re.compile(rb"\\u(?:0000|\{0+\})")
"""The character that no text may hold: one database refuses it, another keeps it."""
ID_NAMES = ("documentId", "id", "doc_id")
"""What the document's id is called, by the appendix on persisted documents and by those who use Relay."""
LONGEST_ID = 256
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation as it was asked for: by a text, by a document's id, or by a text with its SHA-256."""

    query: str | None
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any] | None
    document_id: str | None = None
    sha256: str | None = None
    """The hash that Apollo's automatic persisted queries name; it is lower-case hexadecimal."""

    @property
    def by_id(self) -> bool:
        """Say whether the document is named and not sent."""
        return self.query is None


async def read(request: Request, body_limit: int) -> Asked:
    """Read the operation from a GET's query string or from a POST's body, and from the path."""
    path = request.scope.get("path_params", {})
    if request.method == "GET":
        return _from_query_string(request.scope["query_string"], path)
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
    return _checked(asked, path)


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
        and not request.scope.get("path_params")
        and not any(sign in request.scope["query_string"] for sign in (b"query=", b"documentId=", b"extensions="))
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
    receive = request.receive
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect()
        chunk: bytes = message.get("body", b"")
        body = body + chunk if body else chunk
        more = message.get("more_body", False)
        if len(body) > limit:
            raise Refused(Code.BODY_TOO_LARGE, facts={"limit": limit})
    return body


def _from_query_string(query_string: bytes, path: Mapping[str, Any]) -> Asked:
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
    return _checked(asked, path)


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


def _checked(asked: dict[str, Any], path: Mapping[str, Any]) -> Asked:
    query, operation_name = asked.get("query"), asked.get("operationName")
    for name, value in (("query", query), ("operationName", operation_name)):
        if value is not None and not isinstance(value, str):
            raise _malformed(name)
    for name in ("variables", "extensions"):
        if asked.get(name) is not None and not isinstance(asked[name], dict):
            raise _malformed(name)
    extensions = asked.get("extensions")
    sha256 = _named_sha256(extensions) if extensions else None
    document_id = _named_id(asked, path, sha256, sent=bool(query))
    if not query and document_id is None and sha256 is None:
        raise _malformed("query")
    in_path = path.get("operation_name")
    if in_path and operation_name and in_path != operation_name:
        raise _malformed("operationName")
    return Asked(query or None, in_path or operation_name, asked.get("variables"), extensions, document_id, sha256)


def _named_id(asked: dict[str, Any], path: Mapping[str, Any], sha256: str | None, *, sent: bool) -> str | None:
    """Return the one id by which the document is named, or None; two that differ, or one beside a text, are refused."""
    found: set[str] = {path["document_id"]} if path.get("document_id") else set()
    # Only `documentId` is a parameter of the specification; beside a text, the other names mean something else.
    for name in ID_NAMES[:1] if sent else ID_NAMES:
        value = asked.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or not value:
            raise _malformed(name)
        found.add(value)
    if not found:
        return None
    if sent or len(found) > 1:
        raise _malformed("documentId")
    (document_id,) = found
    if sha256 is not None and document_id.removeprefix("sha256:") != sha256:
        raise _malformed("documentId")
    if len(document_id) > LONGEST_ID:
        raise Refused(Code.PERSISTED_QUERY_NOT_FOUND)
    return document_id


def _named_sha256(extensions: dict[str, Any]) -> str | None:
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return None
    if not isinstance(persisted, dict) or persisted.get("version") != 1:
        raise _malformed("persistedQuery")
    sha256 = persisted.get("sha256Hash")
    if not isinstance(sha256, str) or not SHA256.fullmatch(sha256):
        raise _malformed("persistedQuery")
    return sha256


def _malformed(parameter: str) -> Refused:
    return Refused(Code.MALFORMED_REQUEST, facts={"parameter": parameter})
