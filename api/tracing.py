"""Traces by OpenTelemetry for whoever runs the installation: one span a request, with nobody's data in it.

Starlette's own layer would write down paths, query strings, addresses and browsers; signed links carry their secret in
the path, and an address is a person's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import metrics
from api.settings import Settings, SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

    from api.graphql import Answered

_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
_state: dict[str, Any] = {}


@asynccontextmanager
async def sending(settings: Settings, exporter: SpanExporter | None = None) -> AsyncIterator[None]:
    """Send traces where the settings say until the block ends; do nothing where they say nothing."""
    if settings.otel_endpoint is None:
        yield
        return
    provider = _provider(settings.otel_endpoint, exporter)
    _state["tracer"] = provider.get_tracer("partner_center")
    try:
        yield
    finally:
        _state.clear()
        await asyncio.to_thread(provider.shutdown)


def _provider(endpoint: str, exporter: SpanExporter | None) -> TracerProvider:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise SettingsError(
            "PARTNER_CENTER_OTEL_ENDPOINT is set, but OpenTelemetry is not installed: pip install partner-center[otel]"
        ) from None
    provider = TracerProvider(resource=Resource.create({"service.name": "partner-center"}))
    exporter = exporter or OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


class Traced:
    """Makes a span of each request, under that of the caller where one is told in `traceparent`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        tracer = _state.get("tracer")
        if tracer is None or scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        from opentelemetry.trace import SpanKind, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        room = metrics.room(scope["path"])
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in (b"traceparent", b"tracestate")
        }
        with tracer.start_as_current_span(
            f"{method} /{room}",
            context=TraceContextTextMapPropagator().extract(carrier),
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": method,
                "http.route": f"/{room}",
                "partner_center.request_id": scope.get("state", {}).get("request_id", ""),
            },
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            try:
                await self.app(scope, receive, answer)
            except Exception as error:
                # What an exception says may quote a value; the log has it, without.
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise


def operation_answered(answered: Answered) -> None:
    """Say on the request's span which GraphQL operation it was, and how it went."""
    if "tracer" not in _state:
        return
    from opentelemetry.trace import get_current_span

    span = get_current_span()
    span.set_attribute("graphql.operation.type", answered.kind or "none")
    span.set_attribute("graphql.operation.name", (answered.operation or "")[:64])
    span.set_attribute("partner_center.cost", answered.cost)
    if answered.codes:
        span.set_attribute("partner_center.codes", sorted(set(answered.codes)))
