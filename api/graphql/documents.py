"""Documents prepared once: parsed, measured and validated, then remembered by the hash of their text."""

from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import strawberry
from graphql import DocumentNode, GraphQLError, parse, specified_rules
from strawberry.schema.schema import validate_document

from api.graphql import deprecation
from api.graphql.analysis import Analysis, analyze
from api.graphql.executor import Recollection
from api.graphql.limits import Limits
from api.graphql.refusals import Code, Refused, error


@dataclass(slots=True)
class Operation:
    """One operation of a prepared document, with what its executions may share."""

    document: DocumentNode
    document_key: bytes
    """The hash of the document's text."""
    analysis: Analysis
    recollection: Recollection | None
    notices: dict[str, str] = field(default_factory=dict)
    """Headers that tell of fields which will be removed."""


class Prepared:
    """A document as far as it was accepted: its operations, or the refusal that it earned."""

    __slots__ = ("_invalid", "document", "operations", "refusal", "size")

    def __init__(
        self,
        size: int,
        document: DocumentNode | None = None,
        operations: dict[str | None, Operation] | None = None,
        refusal: tuple[Code, list[dict[str, Any]]] | None = None,
    ) -> None:
        self.size = size
        self.document = document
        self.operations = operations or {}
        self.refusal = refusal
        self._invalid: list[dict[str, Any]] | None = None

    def operation(self, name: str | None) -> Operation:
        """Return the operation to run, or raise the refusal of the document or of the choice."""
        if self.refusal:
            code, errors = self.refusal
            raise Refused(code, errors=errors)
        if not name:
            if len(self.operations) > 1:
                raise Refused(Code.AMBIGUOUS_OPERATION)
            for operation in self.operations.values():
                return operation
            raise Refused(Code.OPERATION_NOT_FOUND)
        found = self.operations.get(name)
        if found is None:
            raise Refused(Code.OPERATION_NOT_FOUND)
        return found

    def validate(self, schema: strawberry.Schema) -> None:
        """Raise what is wrong with the document; the rules run once."""
        if self._invalid is None:
            assert self.document is not None
            found = validate_document(schema._schema, self.document, tuple(specified_rules))
            self._invalid = [located(Code.GRAPHQL_VALIDATION_FAILED, problem) for problem in found]
        if self._invalid:
            raise Refused(Code.GRAPHQL_VALIDATION_FAILED, errors=self._invalid)


class Documents:
    """The prepared documents that are kept, bounded by their number and by the bytes of their text."""

    def __init__(self, schema: strawberry.Schema, limits: Limits) -> None:
        self._schema = schema
        self._limits = limits
        self._removals = deprecation.removals(schema._schema)
        self._kept: OrderedDict[bytes, Prepared] = OrderedDict()
        self._bytes = 0
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._kept)

    def prepare(self, text: str, *, keep: bool = True) -> Prepared:
        """Return the prepared document of a text; keep it only for callers who may fill the memory."""
        source = text.encode()
        key = sha256(source).digest()
        found = self._kept.get(key)
        if found is not None:
            self.hits += 1
            self._kept.move_to_end(key)
            return found
        self.misses += 1
        prepared = self._prepare(text, key, len(source))
        if keep:
            self._kept[key] = prepared
            self._bytes += prepared.size
            while self._kept and (
                len(self._kept) > self._limits.prepared_documents or self._bytes > self._limits.prepared_bytes
            ):
                self._bytes -= self._kept.popitem(last=False)[1].size
        return prepared

    def _prepare(self, text: str, key: bytes, size: int) -> Prepared:
        limits = self._limits
        try:
            document = parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.tokens)
        except GraphQLError as problem:
            if " contains more than " in problem.message:
                return _refused(size, Code.DOCUMENT_TOO_LARGE, limits.tokens)
            if "nested too deeply" in problem.message:
                return _refused(size, Code.DOCUMENT_TOO_DEEP, limits.depth)
            refusal = Code.GRAPHQL_PARSE_FAILED, [located(Code.GRAPHQL_PARSE_FAILED, problem)]
            return Prepared(size, refusal=refusal)
        found = analyze(self._schema._schema, document, limits.page_size)
        for analysis in found.values():
            if analysis.depth > limits.depth:
                return _refused(size, Code.DOCUMENT_TOO_DEEP, limits.depth)
            if analysis.aliases > limits.aliases:
                return _refused(size, Code.TOO_MANY_ALIASES, limits.aliases)
            if analysis.directives > limits.directives:
                return _refused(size, Code.TOO_MANY_DIRECTIVES, limits.directives)
            if analysis.repeats > limits.repeats:
                return _refused(size, Code.TOO_MANY_REPEATS, limits.repeats)
        operations = {
            name: Operation(
                document, key, analysis, None if analysis.directives else Recollection(), self._notices(analysis)
            )
            for name, analysis in found.items()
        }
        return Prepared(size, document, operations)

    def _notices(self, analysis: Analysis) -> dict[str, str]:
        return deprecation.headers(self._removals[used] for used in analysis.coordinates & self._removals.keys())


def located(code: Code, problem: GraphQLError) -> dict[str, Any]:
    """Return an error of graphql-core as an entry of `errors`, with the places that it names."""
    where: dict[str, Any] = {}
    if problem.locations:
        where["locations"] = [{"line": place.line, "column": place.column} for place in problem.locations]
    if problem.path:
        where["path"] = problem.path
    return error(code, message=problem.message, **where)


def _refused(size: int, code: Code, limit: int) -> Prepared:
    return Prepared(size, refusal=(code, [error(code, facts={"limit": limit})]))
