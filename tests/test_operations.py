"""The installation under an operator's hands: told to stop, behind a proxy, with several workers, beyond capacity."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
import pytest_asyncio
import sqlalchemy as sa
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlmodel import col
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs
from typer.testing import CliRunner

from api import tracing
from api.admission import Admission
from api.app import create_app
from api.cli import app as command_line
from api.database import Database, connect
from api.demo import demo_token
from api.logs import RequestLog
from api.metrics import TOLD_SECONDS
from api.settings import Settings, SettingsError, load
from models.identity.rules import FAILURES_PER_ADDRESS
from models.kernel.policy import PolicyRow
from tests.databases import Databases
from tests.demonstration import demonstrated
from tests.processes import Server, serving

ROOT = Path(__file__).parent.parent
QUERY = "{ opportunities(first: 3) { nodes { id } } }"
TOKEN = demo_token(Settings())
DRAFT = """mutation($key: String!) {
  opportunitySaveDraft(input: {idempotencyKey: $key, externalId: $key, form: {name: "停机时正在写入的机会点"}}) {
    opportunity { id }
  }
}"""


@pytest_asyncio.fixture(scope="module")
async def demonstration_left(databases: Databases) -> AsyncIterator[str]:
    """The address of the demonstration, which nobody has open."""
    url = await databases.copy()
    await (await demonstrated(url)).database.dispose()
    yield url
    await databases.drop(url)


@pytest_asyncio.fixture
async def running_url(databases: Databases, demonstration_left: str) -> AsyncIterator[str]:
    """The address of a copy of the demonstration that only this test uses."""
    url = await databases.copy(demonstration_left)
    yield url
    await databases.drop(url)


# ------------------------------------------------------------------------------------------------------------ shutdown


@asynccontextmanager
async def nobody_else_writes(database: Database) -> AsyncIterator[None]:
    """Hold what every write to opportunities must wait for."""
    async with database.writer.begin() as session:
        if database.dialect == "postgresql":
            await session.execute(sa.text("LOCK TABLE opportunity IN EXCLUSIVE MODE"))
        else:
            await session.execute(sa.text("SELECT 1"))
        yield


class SlowRequest:
    """A query whose caller sends half of it, and the rest when told."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.body = json.dumps({"query": QUERY}).encode()

    async def begin(self) -> None:
        where = urlsplit(self.server.address)
        self.reader, self.writer = await asyncio.open_connection(where.hostname, where.port)
        self.writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"
            b"authorization: Bearer %b\r\ncontent-length: %d\r\n\r\n"
            % (TOKEN.encode(), len(self.body))
            + self.body[:10]
        )
        await self.writer.drain()

    async def finish(self) -> bytes:
        self.writer.write(self.body[10:])
        await self.writer.drain()
        answer = await asyncio.wait_for(self.reader.read(), 10)
        self.writer.close()
        return answer


@asynccontextmanager
async def calling(server: Server, **headers: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=server.address, headers=headers, timeout=20) as client:
        yield client


async def until_refused(server: Server) -> None:
    for _ in range(100):
        try:
            await server.get("/healthz")
        except httpx2.TransportError:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("new connections are still taken")


async def save_draft(server: Server, key: str) -> httpx2.Response:
    async with httpx2.AsyncClient(timeout=20) as client:
        return await client.post(
            f"{server.address}/graphql",
            json={"query": DRAFT, "variables": {"key": key}},
            headers={"authorization": f"Bearer {TOKEN}"},
        )


async def saved(database: Database, key: str) -> int:
    async with database.reader() as session:
        asked = sa.text("SELECT count(*) FROM opportunity WHERE external_id = :key")
        return int((await session.execute(asked, {"key": key})).scalar_one())


@pytest.mark.slow
async def test_told_to_stop_it_finishes_what_was_begun_takes_nothing_new_and_ends_well(running_url: str):
    database = connect(running_url)
    async with serving(running_url, sweep_interval_seconds="1") as server:
        await server.query(QUERY, TOKEN)  # the token's use is written down now, and not while others must wait
        read = SlowRequest(server)
        await read.begin()
        async with nobody_else_writes(database):
            write = asyncio.create_task(save_draft(server, "stop-1"))
            await asyncio.sleep(0.4)
            assert not write.done()
            server.process.send_signal(signal.SIGTERM)
            asked = time.monotonic()
            await until_refused(server)
            assert server.process.returncode is None
            assert not write.done()
        answer = await write
        assert answer.status_code == 200
        assert answer.json()["data"]["opportunitySaveDraft"]["opportunity"]["id"]
        read_answer = await read.finish()
        assert read_answer.startswith(b"HTTP/1.1 200")
        assert b'"opportunities"' in read_answer
        assert await asyncio.wait_for(server.process.wait(), 10) == 0
        assert time.monotonic() - asked < 15
    assert "Application shutdown complete." in server.printed
    assert await saved(database, "stop-1") == 1
    await database.dispose()


@pytest.mark.slow
async def test_what_cannot_be_finished_does_not_hold_up_the_stop_and_leaves_nothing_behind(running_url: str):
    database = connect(running_url)
    async with serving(running_url, shutdown_seconds="1") as server:
        await server.query(QUERY, TOKEN)
        idle = SlowRequest(server)
        await idle.begin()
        await asyncio.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.process.wait(), 8) == 0
        idle.writer.close()
    assert "Traceback" not in server.printed
    await database.dispose()


@pytest.mark.slow
async def test_several_workers_are_stopped_with_their_work_done(running_url: str):
    database = connect(running_url)
    async with serving(running_url, "--workers", "2") as server:
        await server.query(QUERY, TOKEN)
        async with nobody_else_writes(database):
            write = asyncio.create_task(save_draft(server, "stop-2"))
            await asyncio.sleep(0.4)
            server.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(1)
            assert not write.done()
        assert (await write).status_code == 200
        assert await asyncio.wait_for(server.process.wait(), 15) == 0
    assert await saved(database, "stop-2") == 1
    await database.dispose()


# ----------------------------------------------------------------------------------------------------- several workers


def total(figures: str, start: str) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in figures.splitlines() if line.startswith(start))


def workers_of(server: Server) -> set[int]:
    return {int(number) for number in re.findall(r"Started server process \[(\d+)\]", server.printed)}


@pytest.mark.slow
async def test_the_figures_of_several_workers_add_up_also_when_one_of_them_dies(running_url: str):
    # Each question comes on a connection of its own, so both workers answer some.
    alone = {"connection": "close", "authorization": f"Bearer {TOKEN}"}
    async with serving(running_url, "--workers", "2") as server, calling(server, **alone) as client:
        for _ in range(100):
            if len(workers_of(server)) == 2:
                break
            await asyncio.sleep(0.1)
        asked = 40
        for _ in range(asked):
            assert (await client.post("/graphql", json={"query": QUERY})).status_code == 200
        counted = 'partner_center_requests_total{room="graphql",status="200"}'
        # The other worker tells its latest figures a moment later.
        await asyncio.sleep(10 * TOLD_SECONDS)
        figures = (await server.get("/metrics"))[1]
        assert total(figures, counted) == asked
        assert total(figures, "partner_center_operation_seconds_count") == asked
        assert total(figures, "partner_center_requests_active") == 0
        first, second = sorted(workers_of(server))
        os.kill(first, signal.SIGKILL)
        for _ in range(100):
            if len(workers_of(server)) > 2 and "Application startup complete." in server.printed.rpartition("died")[2]:
                break
            await asyncio.sleep(0.1)
        assert second in workers_of(server)
        for _ in range(20):
            assert (await client.post("/graphql", json={"query": QUERY})).status_code == 200
        await asyncio.sleep(10 * TOLD_SECONDS)
        figures = (await server.get("/metrics"))[1]
        assert total(figures, counted) == asked + 20
        assert total(figures, "partner_center_requests_active") == 0
        assert "pid=" not in figures


# ----------------------------------------------------------------------------------------------------- trusted proxies


async def allow_three_failures(url: str) -> None:
    database = connect(url)
    async with database.writer.begin() as session:
        await session.execute(
            sa.update(PolicyRow).where(col(PolicyRow.key) == FAILURES_PER_ADDRESS.key).values(value=3)
        )
    await database.dispose()


async def sign_in(client: httpx2.AsyncClient, address: str, login: str) -> str:
    given = f'{{login: "{login}", password: "wrong 2026"}}'
    document = f"mutation {{ sessionCreate(input: {given}) {{ session {{ accessToken }} }} }}"
    answer = await client.post("/graphql", json={"query": document}, headers={"x-forwarded-for": address})
    return str(answer.json()["errors"][0]["extensions"]["code"])


@pytest.mark.slow
async def test_behind_a_trusted_proxy_each_address_is_throttled_for_itself(running_url: str):
    await allow_three_failures(running_url)
    async with serving(running_url, trusted_proxies="127.0.0.1") as server, calling(server) as client:
        for number in range(3):
            assert await sign_in(client, "203.0.113.7", f"nobody{number}") == "WRONG_CREDENTIALS"
        assert await sign_in(client, "203.0.113.7", "somebody") == "SIGN_IN_THROTTLED"
        # What the stranger writes himself stands further left, and is not believed.
        assert await sign_in(client, "198.51.100.1, 203.0.113.7", "somebody") == "SIGN_IN_THROTTLED"
        assert await sign_in(client, "203.0.113.8", "somebody") == "WRONG_CREDENTIALS"


@pytest.mark.slow
async def test_without_a_trusted_proxy_nobody_can_say_that_he_comes_from_elsewhere(running_url: str):
    await allow_three_failures(running_url)
    async with serving(running_url) as server, calling(server) as client:
        for number in range(3):
            assert await sign_in(client, f"203.0.113.{number}", f"nobody{number}") == "WRONG_CREDENTIALS"
        assert await sign_in(client, "203.0.113.200", "somebody") == "SIGN_IN_THROTTLED"


def test_a_proxy_is_named_by_address_or_network():
    assert load(trusted_proxies="127.0.0.1, 10.0.0.0/8").trusted_proxies == ("127.0.0.1", "10.0.0.0/8")
    for wrong in ("proxy.example.com", "*", "10.0.0.1/8"):
        with pytest.raises(SettingsError, match="PARTNER_CENTER_TRUSTED_PROXIES"):
            load(trusted_proxies=wrong)


# ------------------------------------------------------------------------------------------------------------ capacity


class Kitchen:
    """An application behind admission whose answers wait until the test lets them go."""

    def __init__(self, concurrent: int, waiting: int, seconds: float) -> None:
        self.doors: list[asyncio.Event] = []
        self.most = 0
        self.busy = 0
        limits: dict[str, Any] = {"concurrent": concurrent, "waiting": waiting, "seconds": seconds, "body_bytes": 100}
        routes = [Route(path, self.answer, methods=["GET", "POST"]) for path in ("/graphql", "/admin/x", "/healthz")]
        self.app = Starlette(routes=routes, middleware=[Middleware(RequestLog), Middleware(Admission, **limits)])
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.app), base_url="http://here")

    async def answer(self, request: Request) -> Response:
        if request.url.path == "/healthz":
            return PlainTextResponse("ok")
        door = asyncio.Event()
        self.doors.append(door)
        self.busy += 1
        self.most = max(self.most, self.busy)
        await door.wait()
        self.busy -= 1
        return PlainTextResponse((await request.body()).decode())

    async def ask(self, body: str = "", path: str = "/graphql", **headers: str) -> httpx2.Response:
        return await self.client.post(path, content=body, headers=headers)

    async def several(self, count: int) -> list[asyncio.Task[httpx2.Response]]:
        tasks = []
        for number in range(count):
            tasks.append(asyncio.create_task(self.ask(f"{number}", **{"x-request-id": f"request-{number}"})))
            await asyncio.sleep(0)
        await asyncio.sleep(0.02)
        return tasks


async def test_beyond_capacity_some_wait_in_order_and_the_rest_are_told_to_come_back():
    kitchen = Kitchen(concurrent=2, waiting=3, seconds=30)
    tasks = await kitchen.several(8)
    away = [task for task in tasks if task.done()]
    assert [tasks.index(task) for task in away] == [5, 6, 7]
    for task in away:
        answer = task.result()
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "30"
        (entry,) = answer.json()["errors"]
        assert entry["extensions"]["code"] == "OVER_CAPACITY"
        assert entry["extensions"]["action"] == "RETRY"
        assert "请求过多" in entry["extensions"]["messageZh"]
        assert entry["extensions"]["requestId"] == f"request-{tasks.index(task)}" == answer.headers["x-request-id"]
    assert (await kitchen.client.get("/healthz")).text == "ok"
    answered: list[Any] = []
    while len(answered) < 5:
        kitchen.doors.pop(0).set()
        await asyncio.sleep(0.02)
        answered = [task for task in tasks[:5] if task.done()]
    assert [task.result().text for task in tasks[:5]] == ["0", "1", "2", "3", "4"]
    assert kitchen.most == 2
    # The places are free again.
    late = asyncio.create_task(kitchen.ask("late"))
    await asyncio.sleep(0.02)
    kitchen.doors.pop().set()
    assert (await late).text == "late"


async def test_who_has_waited_too_long_is_told_to_come_back_and_in_the_back_office_by_a_page():
    kitchen = Kitchen(concurrent=1, waiting=3, seconds=0.05)
    first, second = await kitchen.several(2)
    answer = await second
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    page = await kitchen.ask(path="/admin/x")
    assert page.status_code == 503
    assert page.headers["content-type"].startswith("text/html")
    assert "请求过多" in page.text
    kitchen.doors.pop().set()
    assert (await first).status_code == 200


async def test_a_crowd_that_is_sent_away_leaves_one_log_line_not_one_each():
    kitchen = Kitchen(concurrent=1, waiting=0, seconds=30)
    with capture_logs() as lines:
        tasks = await kitchen.several(40)
        kitchen.doors.pop().set()
        await asyncio.gather(*tasks)
    assert [task.result().status_code for task in tasks].count(503) == 39
    assert [(line["event"], line["log_level"]) for line in lines if line.get("status") != 200] == [
        ("over_capacity", "warning")
    ]


async def test_who_goes_away_while_waiting_or_being_served_leaves_his_place_to_others():
    kitchen = Kitchen(concurrent=1, waiting=2, seconds=30)
    first, second, third = await kitchen.several(3)
    second.cancel()
    first.cancel()
    await asyncio.sleep(0.02)
    kitchen.doors.pop().set()
    assert (await third).text == "2"


async def test_a_body_is_handed_on_whole_whatever_its_size():
    kitchen = Kitchen(concurrent=1, waiting=0, seconds=1)
    for size in (0, 99, 100, 101, 5000):
        task = asyncio.create_task(kitchen.ask("x" * size))
        await asyncio.sleep(0.02)
        kitchen.doors.pop().set()
        assert (await task).text == "x" * size


async def test_a_slow_line_holds_no_place():
    kitchen = Kitchen(concurrent=1, waiting=0, seconds=1)

    async def slowly() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    parts = [{"type": "http.request", "body": b"a", "more_body": True}]

    async def receive() -> Any:
        if parts:
            return parts.pop()
        await asyncio.Event().wait()

    scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": [], "query_string": b"", "state": {}}
    slow = asyncio.create_task(kitchen.app(scope, receive, lambda _: asyncio.sleep(0)))
    await asyncio.sleep(0.02)
    quick = asyncio.create_task(kitchen.ask("quick"))
    await asyncio.sleep(0.02)
    kitchen.doors.pop().set()
    assert (await quick).text == "quick"
    slow.cancel()


# -------------------------------------------------------------------------------------------------------------- traces


async def test_a_trace_names_the_operation_and_holds_nobodys_data(demonstration_left: str, databases: Databases):
    url = await databases.copy(demonstration_left)
    database = connect(url)
    settings = Settings(database_url=url, otel_endpoint="http://127.0.0.1:9")
    exporter = InMemorySpanExporter()
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    asked = {
        "query": "query Mirror($text: String) { opportunities(first: 1, filter: {text: $text}) { nodes { id } } }",
        "variables": {"text": "王芳的公司"},
    }
    async with tracing.sending(settings, exporter):
        app = create_app(settings, database=database, sweeping=False)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://here") as client:
            headers = {"authorization": f"Bearer {TOKEN}", "traceparent": parent, "x-request-id": "trace-0001"}
            assert (await client.post("/graphql?secret=1", json=asked, headers=headers)).status_code == 200
            assert (await client.get("/admin/reset/a-secret-of-the-link")).status_code == 200
    spans = exporter.get_finished_spans()
    await database.dispose()
    await databases.drop(url)
    assert [span.name for span in spans] == ["POST /graphql", "GET /admin"]
    told = dict(spans[0].attributes or {})
    assert told == {
        "http.request.method": "POST",
        "http.route": "/graphql",
        "http.response.status_code": 200,
        "partner_center.request_id": "trace-0001",
        "graphql.operation.type": "query",
        "graphql.operation.name": "Mirror",
        "partner_center.cost": told["partner_center.cost"],
    }
    assert spans[0].parent is not None
    assert f"{spans[0].parent.trace_id:032x}" in parent
    written = "".join(span.to_json() for span in spans)
    for kept_out in ("王芳", "secret", "127.0.0.1", "httpx", TOKEN):
        assert kept_out not in written


async def test_without_an_endpoint_there_are_no_traces():
    async with tracing.sending(Settings()):
        assert tracing._state == {}
    with pytest.raises(SettingsError, match="PARTNER_CENTER_OTEL_ENDPOINT"):
        load(otel_endpoint="collector:4318")


# ---------------------------------------------------------------------------------------------------------- deployment


def instructions(text: str) -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def known(command_given: list[str]) -> bool:
    """Tell whether the command line takes these words."""
    done = CliRunner().invoke(command_line, [command_given[0], "--help"])
    options = {word for word in command_given[1:] if word.startswith("--")}
    return done.exit_code == 0 and all(option in done.output for option in options)


def test_the_container_runs_locked_requirements_as_nobody_in_particular_and_tells_its_health(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("COLUMNS", "200")
    found = instructions((ROOT / "Dockerfile").read_text("utf-8"))
    allowed = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD", "ENTRYPOINT"}
    names = [name for name, _ in found]
    assert set(names) <= allowed
    assert names[0] == "FROM"
    assert re.fullmatch(r"python:3\.\d+-slim(-\w+)?( AS \w+)?", found[0][1])
    text = "\n".join(f"{name} {rest}" for name, rest in found)
    assert "--require-hashes -r requirements.lock" in text
    assert names.index("USER") < max(place for place, name in enumerate(names) if name == "CMD")
    assert dict(found)["USER"] not in ("root", "0")
    assert "/readyz" in dict(found)["HEALTHCHECK"] or "/healthz" in dict(found)["HEALTHCHECK"]
    assert json.loads(dict(found)["VOLUME"]) == ["/data"]
    entry = json.loads(dict(found)["ENTRYPOINT"]) + json.loads(dict(found)["CMD"])
    assert entry[0] == "partner-center"
    assert known(entry[1:])
    for name, rest in found:
        if name == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
        if name == "ENV":
            for setting in re.findall(r"PARTNER_CENTER_(\w+)=", rest):
                assert setting.lower() in Settings.model_fields


def test_what_stays_out_of_the_container_is_named():
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert {".env", ".git", ".venv", "*.db"} <= set(ignored)


def test_the_systemd_unit_starts_the_command_hardened_and_leaves_it_time_to_finish(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "200")
    text = (ROOT / "api" / "deploy" / "partner-center.service").read_text("utf-8")
    section, unit = "", {}
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, sign, value = line.partition("=")
            assert sign, line
            unit[f"{section}.{name}"] = value
    assert {name.partition(".")[0] for name in unit} == {"Unit", "Service", "Install"}
    assert unit["Service.User"] not in ("", "root")
    assert float(unit["Service.TimeoutStopSec"]) > Settings.model_fields["shutdown_seconds"].default
    for hardened in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "PrivateDevices", "RestrictSUIDSGID"):
        assert unit[f"Service.{hardened}"] == "yes"
    assert unit["Service.ProtectSystem"] == "strict"
    assert unit["Service.EnvironmentFile"]
    for one in ("ExecStartPre", "ExecStart"):
        path, *words = unit[f"Service.{one}"].split()
        assert path.endswith("/bin/partner-center")
        assert known(words)
