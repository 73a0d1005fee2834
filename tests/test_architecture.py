"""Fences: what the architecture forbids is looked for in the code itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import SQLModel

import models  # noqa: F401  every row type and lifecycle must be known
from models.kernel.access import Actor, Side
from models.kernel.lifecycle import lifecycles
from models.kernel.record import Record, record_types
from models.kernel.values import new_id

ROOT = Path(__file__).resolve().parents[1]
PAPERS = ROOT.parent / "shared" / "domain"
LONGEST = {"admin": 560, "tests": 800}
STATES = {"status", "state"}
# The one interpreter, the desk by which it keeps the queue, and the runs of imports, which nobody decides on.
MAY_ASSIGN_STATES = {
    *("models/kernel/lifecycle.py", "models/approval/desk.py", "models/onboarding/importing.py"),
    "models/onboarding/consumption.py",
    # A file has no steps of its own: it comes, and goes, as the record that holds it allows.
    "models/file/actions.py",
}
# Where rows begin their lives: an HO taken over from the CRM, an application to PCE, history that is onboarded, and
# a report of a customer, which holds at once or waits for a review.
MAY_BEGIN_IN_STATES = {
    *("models/opportunity/ho.py", "models/pce.py", "models/opportunity/onboard.py"),
    *("models/customer_report/actions.py", "models/association_request/actions.py"),
    # A freeze for a used-up budget ends with the month.
    "models/freeze/actions.py",
}


def sources(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py") if "versions" not in path.parts)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def test_arrows_point_down():
    """`models` knows no window, the windows do not know each other, nobody imports `api`."""
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("room", ["api", "models", "resolvers", "admin", "migrations", "tests"])
def test_no_file_is_long(room: str):
    long = {
        named(path): lines
        for path in sources(room)
        if (lines := path.read_text("utf-8").count("\n")) >= LONGEST.get(room, 500)
    }
    assert long == {}


def test_only_folders_of_the_layout_stand_at_the_top():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    tops = {line.split("/")[0] for line in tracked.splitlines() if "/" in line}
    assert tops <= {"api", "models", "resolvers", "admin", "migrations", "tests", ".ci"}


def assigned_states(path: Path) -> Iterator[str]:
    """Find assignments to a state: `x.status = ...`, `setattr(x, "status", ...)`, `.values(status=...)`."""
    for node in ast.walk(tree(path)):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            for target in node.targets:
                targets += target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets = [node.target]
        for target in targets:
            on_self = isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == "self"
            if isinstance(target, ast.Attribute) and target.attr in STATES and not on_self:
                yield f"{named(path)}:{target.lineno}"
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            constants = {one.value for one in node.args[1:2] if isinstance(one, ast.Constant)}
            if name in ("setattr", "__setattr__") and constants & STATES:
                yield f"{named(path)}:{node.lineno}"
            if name == "values" and any(keyword.arg in STATES for keyword in node.keywords):
                yield f"{named(path)}:{node.lineno}"


def test_no_other_line_assigns_a_status():
    found = [line for path in sources("models", "resolvers", "admin", "api") for line in assigned_states(path)]
    assert [line for line in found if line.partition(":")[0] not in MAY_ASSIGN_STATES] == []
    assert {line.partition(":")[0] for line in found} == MAY_ASSIGN_STATES


def row_names() -> set[str]:
    return {model.__name__ for model in record_types().values()}


def begun_in_a_state(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in row_names() and any(keyword.arg in STATES for keyword in node.keywords):
                yield named(path)


def test_rows_begin_in_another_than_their_first_state_only_where_that_is_declared():
    found = {name for path in sources("models", "resolvers", "admin", "api") for name in begun_in_a_state(path)}
    assert found <= MAY_BEGIN_IN_STATES


def test_every_table_says_who_sees_its_rows():
    tables = {model.__table__.name for model in record_types().values() if hasattr(model, "__table__")}
    assert set(SQLModel.metadata.tables) <= tables
    stranger = Actor(id=new_id(), name="nobody", side=Side.PARTNER)
    for model in record_types().values():
        if model.__module__.startswith("models."):
            assert model.visible_to is not Record.visible_to
            assert model.visible_to(stranger) is not None


def test_a_table_without_a_scope_does_not_import():
    with pytest.raises(TypeError, match="must say who sees its rows"):
        type("Unscoped", (Record,), {"prefix": "uns", "__module__": __name__, "__annotations__": {}}, table=True)
    # SQLAlchemy had heard of it before it was refused; the tests that follow must not.
    SQLModel.metadata.remove(SQLModel.metadata.tables["unscoped"])


def test_every_step_says_which_rule_it_keeps_and_has_both_names():
    for lifecycle in lifecycles():
        assert list(lifecycle), lifecycle.name
        for row in lifecycle:
            assert re.fullmatch(r"[A-Z]{2,3}-[0-9.]+(#\d+)?( .*)?", row.rule), f"{lifecycle.name}.{row.verb}"
            assert row.zh, row.verb
            assert row.en, row.verb
            assert all((guard.__doc__ or "").strip() for guard in (*row.guards, *row.checks, *row.effects)), row.verb


def decisions_on(path: Path) -> Iterator[str]:
    """Find conditions that ask for a state or a role."""
    asked = re.compile(r"\b(status|state|roles?|preset|is_main)\b")
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.If, ast.IfExp, ast.While)):
            for part in ast.walk(node.test):
                name = part.attr if isinstance(part, ast.Attribute) else ""
                of_request = isinstance(part, ast.Attribute) and getattr(part.value, "id", "") == "request"
                if asked.fullmatch(name) and not of_request:
                    yield f"{named(path)}:{node.lineno}"
        elif isinstance(node, ast.Match):
            name = node.subject.attr if isinstance(node.subject, ast.Attribute) else ""
            if asked.fullmatch(name):
                yield f"{named(path)}:{node.lineno}"


@pytest.mark.parametrize("room", ["resolvers", "admin"])
def test_no_window_decides_by_a_status_or_a_role(room: str):
    assert [line for path in sources(room) for line in decisions_on(path)] == []


def test_nothing_but_the_kernel_commits():
    """One shielded, retried `run_write`; no session is committed elsewhere."""
    found = []
    for path in sources("models", "resolvers", "admin", "api"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
                found.append(f"{named(path)}:{node.lineno}")
    assert found == []


def test_the_environment_is_read_in_the_settings_alone():
    """Workers and PostgreSQL's tools are handed their settings by the environment, and workers where they count."""
    asking = re.compile(r"os\.environ|os\.getenv")
    found = {named(path) for path in sources("models", "resolvers", "admin", "api") if asking.search(path.read_text())}
    assert found <= {"api/settings.py", "api/cli_serve.py", "api/metrics.py", "api/backup/databases.py"}


def test_no_name_says_nothing():
    """No utils, helpers, common, manager, service."""
    empty = re.compile(r"^(utils?|helpers?|common|managers?|services?|misc)(\.py)?$")
    allowed = {"models/reference/services.py"}
    found = [named(path) for path in sources("api", "models", "resolvers", "admin") if empty.match(path.name)]
    assert set(found) <= allowed


def cited(path: Path) -> set[str]:
    """List the rules that a file cites, `COL-2.5#3, #4` read as two."""
    found = set()
    for rule, rows in re.findall(r"COL-(\d+(?:\.\d+)*)((?:#\d+(?:, #\d+)*)?)", path.read_text("utf-8")):
        found |= {f"{rule}{row}" for row in re.findall(r"#\d+", rows)} or {rule}
    return found


def rules_of_the_paper() -> set[str]:
    """Number the paper's sections, their rules, and the rows of their tables."""
    found: set[str] = set()
    section = ""
    for line in (PAPERS / "customers-opportunities-leads.md").read_text("utf-8").splitlines():
        if heading := re.match(r"#{2,3} (\d+(?:\.\d+)*)", line):
            section = heading[1]
            found |= {section}
        elif rule := re.match(r"(\d+)\. ", line):
            found |= {f"{section}.{rule[1]}"}
        elif row := re.match(r"\| (\d+) \|", line):
            found |= {f"{section}#{row[1]}"}
    return found


@pytest.mark.skipif(not PAPERS.exists(), reason="the papers are not beside the checkout")
def test_every_rule_that_is_cited_stands_in_the_papers():
    known = rules_of_the_paper()
    unknown = {
        f"{named(path)}: COL-{rule}"
        for path in sources("models", "resolvers", "admin", "api", "tests")
        for rule in cited(path)
        if rule not in known
    }
    assert unknown == set()


def test_no_file_speaks_of_the_machine_it_was_written_on():
    where = re.compile(r"/(?:work|home|root)/\w|/tmp/\w+/")
    found = [named(path) for path in sources("api", "models", "resolvers", "admin") if where.search(path.read_text())]
    assert found == []
