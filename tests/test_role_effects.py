"""What a change of a role would do to the operations of tools, told before anybody makes it."""

from __future__ import annotations

import asyncio
import datetime as dt
import html
import re
from typing import Any

import pytest
import sqlalchemy as sa
import typer
from sqlmodel import col, select
from typer.testing import CliRunner

from api.cli_operations import operations_app
from api.plain import err, out
from models.customer import Customer
from models.identity import (
    Account,
    Role,
    create_role,
    issue_token,
    open_account,
    operator_actor,
    revoke_token,
    update_role,
)
from models.kernel.access import Side
from models.kernel.work import utc_now
from models.rights import PRESETS, Preset, Right
from tests.desk import Desk, desk
from tests.operating import MINE, a_client, admitted, decided, documents_of, published, sha256, submitted
from tests.people import Clock, Store, open_person, password_hash
from tests.pipeline import Pipeline
from tests.portal import Portal, portal

__all__ = ["desk", "portal"]

CUSTOMERS = "query Customers { customers(first: 3) { nodes { id companyName } } }"
PLAINLY = "query CustomersPlainly { customers(first: 5) { nodes { companyName creditCode } } }"
NAME, CODE = "customer.name:reveal", "customer.credit_code:reveal"
SCOPES = [Right.CUSTOMER_READ_OWN.value, NAME, CODE]
EFFECTS = """query($role: ID!, $permissions: [String!], $member: ID) {
  roleChangeEffects(role: $role, permissions: $permissions, member: $member) {
    clientName partnerName documentName externalId calls lastSeenAt fields { field before after } } }"""
APP = typer.Typer()
APP.add_typer(operations_app, name="operations")


async def a_clerk(store: Store, login: str, name: str, role: Any, partner: Any) -> Account:
    """Open the account of somebody who has an organisation's own role, and no other."""
    given = {"side": Side.PARTNER, "partner_id": partner.id, "role_ids": [role.id], "must_change_password": False}
    account: Account = await store.do(
        operator_actor(),
        lambda work: open_account(work, login=login, name=name, password_hash=password_hash(), **given),
    )
    return account


async def a_token(store: Store, client: Any, issuer: Account, *scopes: str) -> Any:
    """Issue a token on somebody's behalf, as the platform does."""
    whose = await store.actor(issuer)
    operator = operator_actor()
    return await store.do(
        operator, lambda work: issue_token(work, client.id, name="生产", scopes=scopes or SCOPES, issuer=whose)
    )


class Tool:
    """华启's tool, whose token a clerk of its own role issued."""

    role: Any
    clerk: Account
    client: Any
    token: Any


async def a_tool(portal: Portal) -> Tool:
    """Let 高远, who has the role 客户专员, hold the token of a tool with three admitted operations."""
    return await tool_of(portal.pipeline)


async def tool_of(pipeline: Pipeline) -> Tool:
    """Open the tool, its operations, and its clerk's account."""
    store, cast = pipeline.store, pipeline.cast
    wang, lin = await store.actor(cast.wang_main), await store.actor(cast.lin_operations)
    tool = Tool()
    tool.role = await store.do(wang, lambda work: create_role(work, name_zh="客户专员", permissions=SCOPES))
    tool.clerk = await a_clerk(store, "gao.yuan", "高远", tool.role, cast.huaqi)
    tool.client = await a_client(store, wang)
    await published(store, wang, tool.client, submitted(CUSTOMERS, PLAINLY, MINE))
    documents = await documents_of(store, tool.client)
    await decided(store, lin, documents[CUSTOMERS])
    await decided(store, lin, documents[PLAINLY], grants=["customer.name:plain"])
    await decided(store, lin, documents[MINE])
    tool.token = await a_token(store, tool.client, tool.clerk)
    return tool


async def asked(portal: Portal, who: Account, role: Any, permissions: list[str] | None, **more: Any) -> Any:
    """Ask as somebody what a change of a role would do, and see that nothing is changed by it."""
    await portal.token(who)
    before = await portal.pipeline.store.everything()
    found = await portal.get(who, EFFECTS, role=role.public_id, permissions=permissions, **more)
    assert await portal.pipeline.store.everything() == before
    return found["roleChangeEffects"]


def told(found: Any) -> set[tuple[str, str, str, str, str]]:
    """Put each change of a field into one line."""
    return {
        (one["clientName"], one["documentName"], field["field"], field["before"], field["after"])
        for one in found
        for field in one["fields"]
    }


async def test_a_role_that_loses_a_name_names_the_documents_that_showed_it(portal: Portal) -> None:
    tool = await a_tool(portal)
    wang, sun = portal.pipeline.cast.wang_main, portal.pipeline.cast.sun_platform
    loses = {
        ("华启 CRM", "Customers", "Customer.companyName", "MASKED_REVEALABLE", "REFUSED"),
        ("华启 CRM", "CustomersPlainly", "Customer.companyName", "PLAIN", "REFUSED"),
    }
    left = [one for one in SCOPES if one != NAME]
    for manager in (wang, portal.pipeline.cast.li_administrator, sun):
        found = await asked(portal, manager, tool.role, left)
        assert told(found) == loses
        assert {(one["partnerName"], one["calls"], one["lastSeenAt"]) for one in found} == {
            ("华启软件有限公司", 0, None)
        }
    masked = await asked(portal, wang, tool.role, [*left, "customer.name:masked"])
    assert told(masked) == loses, "the token's scopes do not reach so far"
    gone = await asked(portal, wang, tool.role, None)
    assert told(gone) == loses | {
        ("华启 CRM", "CustomersPlainly", "Customer.creditCode", "MASKED_REVEALABLE", "REFUSED")
    }
    assert told(await asked(portal, wang, tool.role, [])) == told(gone)
    assert await asked(portal, wang, tool.role, [*SCOPES, "customer.contact:reveal"]) == []


async def test_what_is_told_is_what_the_tool_then_meets(portal: Portal) -> None:
    tool = await a_tool(portal)
    store, cast = portal.pipeline.store, portal.pipeline.cast
    wang = await store.actor(cast.wang_main)

    async def join(work: Any) -> Any:
        customer = await work.get(Customer, portal.pipeline.customer.id)
        customer.partner_id = cast.huaqi.id
        return customer

    async def shown() -> Any:
        headers = {"Authorization": f"Bearer {tool.token.secret}"}
        answer = await portal.client.post("/graphql", json={"documentId": sha256(PLAINLY)}, headers=headers)
        return answer.json()["data"]["customers"]["nodes"][0]["companyName"]

    customer = await store.do(portal.pipeline.operations, join)
    assert await shown() == customer.company_name
    left = [one for one in SCOPES if one != NAME]
    lost = told(await asked(portal, cast.wang_main, tool.role, left))
    assert ("华启 CRM", "CustomersPlainly", "Customer.companyName", "PLAIN", "REFUSED") in lost
    changed = await store.do(wang, lambda work: update_role(work, tool.role.id, version=1, permissions=left))
    assert await shown() is None
    gained = told(await asked(portal, cast.wang_main, changed, SCOPES))
    assert {(*line[:3], line[4], line[3]) for line in gained} == lost


async def test_one_member_loses_a_role_that_others_keep(portal: Portal) -> None:
    tool = await a_tool(portal)
    store, cast = portal.pipeline.store, portal.pipeline.cast
    wang = cast.wang_main
    he = await a_clerk(store, "he.jing", "何静", tool.role, cast.huaqi)
    assert await asked(portal, wang, tool.role, None, member=he.public_id) == []
    assert len(await asked(portal, wang, tool.role, None, member=tool.clerk.public_id)) == 2
    await store.do(operator_actor(), lambda work: revoke_token(work, tool.token.token.id))
    assert await asked(portal, wang, tool.role, None) == []
    await a_token(store, tool.client, he, CODE)
    only_code = await asked(portal, wang, tool.role, None)
    assert told(only_code) == {("华启 CRM", "CustomersPlainly", "Customer.creditCode", "MASKED_REVEALABLE", "REFUSED")}
    store.clock.forward(days=91)
    portal.forget_tokens()
    assert await asked(portal, wang, tool.role, None) == []


async def test_another_partners_tools_never_appear(portal: Portal) -> None:
    store, cast = portal.pipeline.store, portal.pipeline.cast
    lin = await store.actor(cast.lin_operations)
    xu = await open_person(store, "xu.mei", "徐梅", Preset.MGR, partner_id=cast.yunfan.id)
    for main, manager, name in (
        (cast.wang_main, cast.chen_manager, "华启 CRM"),
        (cast.liu_main_of_yunfan, xu, "云帆 CRM"),
    ):
        actor = await store.actor(main)
        client = await a_client(store, actor, name)
        await admitted(store, actor, lin, client, CUSTOMERS)
        await a_token(store, client, manager, NAME)
    async with store.reader() as session:
        role = (await session.execute(select(Role).where(Role.preset == Preset.MGR))).scalars().one()
    left = sorted(PRESETS[Preset.MGR].permissions - {NAME})
    line = "Customers", "Customer.companyName", "MASKED_REVEALABLE", "REFUSED"
    ours, theirs = ("华启 CRM", *line), ("云帆 CRM", *line)
    assert told(await asked(portal, cast.wang_main, role, left)) == {ours}
    assert await asked(portal, cast.wang_main, role, left, member=xu.public_id) == []
    assert told(await asked(portal, cast.liu_main_of_yunfan, role, left)) == {theirs}
    assert told(await asked(portal, cast.sun_platform, role, left)) == {ours, theirs}


async def test_only_whoever_manages_the_roles_is_told(portal: Portal) -> None:
    tool = await a_tool(portal)
    cast = portal.pipeline.cast
    given = {"role": tool.role.public_id, "permissions": []}
    for stranger in (cast.chen_manager, cast.zhou_pdm, cast.lin_operations, tool.clerk):
        assert (await portal.refusal(stranger, EFFECTS, **given))["code"] == "PERMISSION_DENIED"
    assert (await portal.refusal(cast.liu_main_of_yunfan, EFFECTS, **given))["code"] == "NOT_FOUND"
    given["permissions"] = ["customer.name:revael"]
    refused = await portal.refusal(cast.wang_main, EFFECTS, **given)
    assert (refused["code"], refused["violations"][0]["path"]) == ("VALUE_NOT_ALLOWED", ["permissions"])


class Now(Clock):
    """The clock that the commands themselves go by."""

    def __call__(self) -> dt.datetime:
        return utc_now()


async def test_the_command_says_it_of_every_tool(
    portal: Portal, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = portal.pipeline.store
    store.clock = Now()
    tool = await a_tool(portal)
    monkeypatch.setenv("PARTNER_CENTER_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    before = await store.everything()

    async def check(*arguments: str, code: int = 0) -> str:
        with out.capture() as said, err.capture() as complained:
            done = await asyncio.to_thread(CliRunner().invoke, APP, ["operations", "check", *arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert done.exit_code == code, said.get() + complained.get() + done.output
        return said.get() + complained.get() + done.output

    said = await check("--role", "客户专员", "--without", NAME, code=1)
    assert "华启软件有限公司 / 华启 CRM: CustomersPlainly" in said
    assert "loses: Customer.companyName: PLAIN -> REFUSED" in said
    assert "loses: Customer.companyName: MASKED_REVEALABLE -> REFUSED" in said
    assert "3 documents in use; 2 would break or lose, 0 would change." in said
    named = await check("--role", tool.role.public_id, "--member", "gao.yuan", code=1)
    assert "loses: Customer.creditCode: MASKED_REVEALABLE -> REFUSED" in named
    assert "0 would break or lose" in await check("--role", "客户专员", "--member", "chen.lei")
    assert "0 would break or lose" in await check("--role", "客户专员", "--with", "customer.contact:reveal")
    assert "0 would break or lose" in await check("--role", "MGR", "--without", NAME)
    assert "0 would break or lose, 0 would change." in await check("--roles")
    assert "0 roles are called '出纳'" in await check("--role", "出纳", code=1)
    assert "There is no account 'nobody'" in await check("--role", "客户专员", "--member", "nobody", code=1)
    assert "revael" in await check("--role", "客户专员", "--with", "customer.name:revael", code=1)
    assert "does not grant customer.nam:reveal" in await check(
        "--role", "MGR", "--without", "customer.nam:reveal", code=1
    )
    assert "name it with --role" in await check("--without", NAME, code=1)
    assert "by itself" in await check("--role", "MGR", "--roles", code=1)
    assert await store.everything() == before
    await a_token(store, tool.client, portal.pipeline.cast.chen_manager, NAME)
    async with store.writer() as session, session.begin():
        stale = sorted(PRESETS[Preset.MGR].permissions - {NAME})
        await session.execute(sa.update(Role).where(col(Role.preset) == Preset.MGR).values(permissions=stale))
    said = await check("--roles")
    assert "gains: Customer.companyName: REFUSED -> PLAIN" in said
    assert "gains: Customer.companyName: REFUSED -> MASKED_REVEALABLE" in said
    assert "0 would break or lose, 2 would change." in said


async def test_the_account_page_says_first_which_operations_a_change_of_roles_touches(desk: Desk) -> None:
    store, cast = desk.pipeline.store, desk.pipeline.cast
    tool = await tool_of(desk.pipeline)
    path, sun = f"/accounts/{tool.clerk.public_id}", await desk.enter(cast.sun_platform)
    trainee = await store.do(
        await store.actor(cast.wang_main), lambda work: create_role(work, name_zh="实习生", permissions=SCOPES[:1])
    )
    account = await store.account(tool.clerk)
    given = {"version": str(account.version), "roles": trainee.public_id}
    before = await store.everything()
    asked = await sun.send(f"{path}/do/set_roles", **given)
    shown = html.unescape(asked.text)
    assert asked.status_code == 200
    assert await store.everything() == before
    for line in (
        "华启软件有限公司 / 华启 CRM: Customers（从未调用）：Customer.companyName 脱敏，可查看 → 不可见",
        "华启软件有限公司 / 华启 CRM: CustomersPlainly（从未调用）："
        "Customer.companyName 明文 → 不可见；Customer.creditCode 脱敏，可查看 → 不可见",
    ):
        assert line in shown, line
    # What somebody confirms is what he has read; another choice is foreseen anew.
    seal = re.search(r'name="foreseen" value="([0-9a-f]{64})"', asked.text)
    assert seal is not None
    none = await sun.send(f"{path}/do/set_roles", version=str(account.version), roles=tool.role.public_id)
    assert none.status_code == 303, "nothing changes, so nothing is asked"
    other = await sun.send(f"{path}/do/set_roles", **given, foreseen="0" * 64)
    assert seal[1] in other.text
    assert await store.everything() == before
    await sun.send("/language", lang="en", back="/admin/")
    again = await sun.send(f"{path}/do/set_roles", **given)
    line = "CRM: Customers (never): Customer.companyName Masked, can be revealed → Refused"
    assert line in html.unescape(again.text)
    seal = re.search(r'name="foreseen" value="([0-9a-f]{64})"', again.text)
    assert seal is not None
    assert (await sun.send(f"{path}/do/set_roles", **given, foreseen=seal[1])).status_code == 303
    assert (await store.account(tool.clerk)).version > account.version
    assert (await store.journal())[-1].changes["roles"]["to"] == [trainee.public_id]


EFFECTS_ON_MEMBER = """query($member: ID!, $roles: [ID!]!) { memberRolesEffects(member: $member, roles: $roles) {
    clientName documentName fields { field before after } } }"""


async def test_whoever_sets_a_members_roles_may_ask_what_this_would_change(portal: Portal) -> None:
    tool = await a_tool(portal)
    store, cast = portal.pipeline.store, portal.pipeline.cast
    wang = await store.actor(cast.wang_main)
    clerk, whole = tool.clerk.public_id, tool.role.public_id
    more = await store.do(wang, lambda work: create_role(work, name_zh="客户查看", permissions=SCOPES[:1]))

    async def asked_of(who: Account, *roles: str) -> Any:
        before = await store.everything()
        found = await portal.get(who, EFFECTS_ON_MEMBER, member=clerk, roles=[*roles])
        assert await store.everything() == before
        return told(found["memberRolesEffects"])

    for manager in (cast.wang_main, cast.li_administrator, cast.sun_platform):
        await portal.token(manager)
        assert await asked_of(manager, whole) == await asked_of(manager, whole, more.public_id) == set()
        assert await asked_of(manager, more.public_id) == await role_taken(portal, manager, tool)
    for stranger in (cast.chen_manager, cast.liu_main_of_yunfan, cast.zhou_pdm):
        refused = await portal.ask(stranger, EFFECTS_ON_MEMBER, member=clerk, roles=[whole])
        assert refused["data"]["memberRolesEffects"] is None
        code = refused["errors"][0]["extensions"]["code"]
        assert code == ("NOT_FOUND" if stranger is cast.liu_main_of_yunfan else "PERMISSION_DENIED")


async def role_taken(portal: Portal, who: Account, tool: Tool) -> Any:
    return told(await asked(portal, who, tool.role, None, member=tool.clerk.public_id))
