"""What the running application says of itself: logs without data, figures not for strangers."""

import json
import logging

import pytest
import structlog
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from api import metrics
from api.logs import RequestLog, configure
from api.settings import Settings, load

SECRET = "of-this-installation-and-nobody-elses-0123"


def _settings(**given: object) -> Settings:
    return load(environment="production", secret_key=SECRET, log_level="debug", **given)


@pytest.fixture(autouse=True)
def logging_as_before():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def _hello(request: Request) -> Response:
    structlog.get_logger("partner_center.test").info("greeted", variables={"name": "王芳"}, partner="par_1")
    return PlainTextResponse(request.state.request_id)


async def _broken(_request: Request) -> Response:
    customer = "王芳"
    raise RuntimeError(f"a bug met {len(customer)}")


def _client(settings: Settings, address: str = "127.0.0.1") -> TestClient:
    app = Starlette(
        routes=[
            Route("/graphql", _hello),
            Route("/admin/reset/{token}", _hello),
            Route("/broken", _broken),
            Route("/metrics", metrics.answer),
        ],
        middleware=[Middleware(RequestLog)],
    )
    app.state.settings = settings
    return TestClient(app, client=(address, 50000), raise_server_exceptions=False)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_every_line_of_a_request_carries_its_id_and_no_variables(capsys: pytest.CaptureFixture[str]):
    configure(_settings())
    answer = _client(_settings()).get("/graphql?query=secret", headers={"X-Request-Id": "portal-20260301-1"})
    lines = _lines(capsys)

    assert answer.headers["x-request-id"] == answer.text == "portal-20260301-1"
    assert [line["event"] for line in lines] == ["greeted", "request"]
    assert {line["request_id"] for line in lines} == {"portal-20260301-1"}
    assert lines[0]["variables"] == "(left out)"
    assert lines[0]["partner"] == "par_1"
    assert lines[1] | {"path": "/graphql", "status": 200, "method": "GET", "level": "debug"} == lines[1]
    assert "secret" not in json.dumps(lines)


def test_a_request_id_that_does_not_fit_is_replaced():
    answer = _client(_settings()).get("/graphql", headers={"X-Request-Id": "x\\n{injected}"})

    assert len(answer.headers["x-request-id"]) == 32


def test_the_secret_of_a_signed_link_is_not_logged(capsys: pytest.CaptureFixture[str]):
    configure(_settings())
    _client(_settings()).get("/admin/reset/signed-and-secret")

    assert _lines(capsys)[-1]["path"] == "/admin/reset"


def test_a_failed_request_is_a_warning(capsys: pytest.CaptureFixture[str]):
    configure(_settings())
    answer = _client(_settings()).get("/broken")
    (line,) = _lines(capsys)

    assert answer.status_code == 500
    assert (line["level"], line["status"], line["path"]) == ("warning", 500, "(unknown path)")


def test_a_bug_is_logged_with_its_frames_and_without_its_local_variables(capsys: pytest.CaptureFixture[str]):
    configure(_settings())
    try:
        customer = "王芳"
        raise LookupError(f"no seat for {len(customer)}")
    except LookupError:
        structlog.get_logger("partner_center.test").exception("bug")
    (line,) = _lines(capsys)

    assert "builtins.LookupError: no seat for 2" in str(line["exception"])
    assert "test_logs_and_metrics.py" in str(line["exception"])
    assert "王芳" not in str(line["exception"])


def test_values_that_a_database_quotes_are_left_out(capsys: pytest.CaptureFixture[str]):
    configure(_settings())
    engine = create_engine("sqlite://")
    phone = "138" + "00138000"
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE t (phone TEXT CHECK (length(phone) > 20))"))
        try:
            connection.execute(text("INSERT INTO t VALUES (:phone)"), {"phone": phone})
        except IntegrityError:
            logging.getLogger("partner_center.test").exception("refused by the database")
    engine.dispose()
    (line,) = _lines(capsys)

    assert "sqlite3.IntegrityError: (values left out)" in str(line["exception"])
    assert phone not in json.dumps(line)


def test_figures_are_for_this_machine_only_where_no_token_is_set():
    assert _client(_settings()).get("/metrics").status_code == 200
    assert _client(_settings(), "10.0.0.7").get("/metrics").status_code == 404


def test_a_proxy_on_this_machine_speaks_for_somebody_else():
    answer = _client(_settings()).get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})

    assert answer.status_code == 404
    assert "partner_center" not in answer.text


def test_figures_are_for_the_bearer_of_the_token_where_one_is_set():
    settings = _settings(metrics_token="collects-every-minute")
    bearer = {"Authorization": "Bearer collects-every-minute"}

    assert _client(settings, "10.0.0.7").get("/metrics", headers=bearer).status_code == 200
    assert _client(settings).get("/metrics").status_code == 404
    assert _client(settings).get("/metrics", headers={"Authorization": "Bearer something-else"}).status_code == 404


def test_what_happened_is_counted():
    client = _client(_settings())
    before = _figures(client)
    client.get("/graphql")
    client.get("/nothing/here/王芳")
    metrics.refused("SELF_APPROVAL")
    metrics.operation_answered("mutation", "refused", 0.01)
    metrics.timer_fired("escalate", 3)
    after = _figures(client)

    def grown(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert grown('partner_center_requests_total{room="graphql",status="200"}') == 1
    assert grown('partner_center_requests_total{room="other",status="404"}') == 1
    assert grown('partner_center_refusals_total{code="SELF_APPROVAL"}') == 1
    assert grown('partner_center_operations_total{outcome="refused",type="mutation"}') == 1
    assert grown('partner_center_timers_fired_total{verb="escalate"}') == 3


def _figures(client: TestClient) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}
