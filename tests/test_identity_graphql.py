"""People and tools over GraphQL: sessions, the viewer, members, roles, client applications and tokens."""

from __future__ import annotations

from typing import Any

import strawberry
from sqlmodel import col, select
from strawberry.schema.config import StrawberryConfig

from api.identity import authenticate
from models.identity import Account, AccountRole
from models.kernel.access import Actor
from models.kernel.reads import Computed, Reader, Wanted
from models.rights import PRESETS, Preset, Right
from resolvers.context import Context
from resolvers.fields import sources_of
from resolvers.identity import IdentityMutation, IdentityQuery
from resolvers.identity.types import Account as AccountType
from resolvers.refusals import shown
from resolvers.scalars import SCALARS
from tests.people import PASSWORD, Cast, Store, cast, store
from tests.test_sessions import NEW, TERMS, enter, request, who

__all__ = ["cast", "store"]

SCHEMA = strawberry.Schema(query=IdentityQuery, mutation=IdentityMutation, config=StrawberryConfig(scalar_map=SCALARS))


class Portal:
    """A frontend that asks as somebody."""

    def __init__(self, store: Store, viewer: Actor | None) -> None:
        self.store, self.viewer = store, viewer

    async def ask(self, query: str, **variables: Any) -> tuple[Any, list[dict[str, Any]]]:
        context = Context(
            store=self.store,
            viewer=self.viewer,
            clock=self.store.clock,
            extra={"session_terms": TERMS, "address": "192.0.2.7"},
        )
        answer = await SCHEMA.execute(query, variables, context_value=context)
        await context.close()
        errors = []
        for error in answer.errors or ():
            refusal = shown(error.original_error) if error.original_error else None
            if refusal is None:
                raise error
            errors.append(refusal)
        return answer.data, errors

    async def get(self, query: str, **variables: Any) -> Any:
        data, errors = await self.ask(query, **variables)
        assert not errors, errors
        return data

    async def refused(self, query: str, **variables: Any) -> str:
        """See a mutation refused: its code, no data, and nothing changed."""
        before = await self.store.everything()
        data, errors = await self.ask(query, **variables)
        assert not any((data or {}).values())
        assert await self.store.everything() == before
        return str(errors[0]["code"])


async def portal(store: Store, account: Account | None = None) -> Portal:
    return Portal(store, await store.actor(account) if account else None)


SIGN_IN = """mutation ($login: String!, $password: String!) {
  sessionCreate(input: {login: $login, password: $password}) {
    session { sessionId accessToken accessExpiresAt refreshToken refreshExpiresAt mustChangePassword }
  }
}"""
VIEWER = """{ viewer {
  account { id name login title mustChangePassword roles { nodes { role { preset nameZh } } } }
  roles permissions partnerId language isTool tokenScopes
} }"""
MEMBERS = """query ($filter: MemberFilter) { members(filter: $filter) { totalCount nodes {
  id name login email active version isMain partnerId director { name } roles { nodes { role { preset nameEn } } }
} } }"""


async def test_a_frontend_signs_in_refreshes_and_signs_out(store: Store, cast: Cast):
    stranger = await portal(store)
    session = (await stranger.get(SIGN_IN, login="wang.fang", password=PASSWORD))["sessionCreate"]["session"]
    assert session["accessExpiresAt"] == "2026-03-02T04:10:00.000000Z"
    assert session["mustChangePassword"] is False
    refresh = "mutation ($token: String!) { sessionRefresh(input: {refreshToken: $token}) { session { accessToken } } }"
    renewed = await stranger.get(refresh, token=session["refreshToken"])
    token = renewed["sessionRefresh"]["session"]["accessToken"]
    wang = Portal(store, await who(store, token))
    end = "mutation ($id: ID!) { sessionEnd(input: {sessionId: $id}) { done } }"
    assert (await wang.get(end, id=session["sessionId"]))["sessionEnd"] == {"done": True}
    assert await stranger.refused(refresh, token=session["refreshToken"]) == "SIGN_IN_REQUIRED"


async def test_a_wrong_password_gets_a_code_and_no_session(store: Store, cast: Cast):
    data, errors = await (await portal(store)).ask(SIGN_IN, login="wang.fang", password="wrong password 1")
    assert data == {"sessionCreate": None}
    assert [error["code"] for error in errors] == ["WRONG_CREDENTIALS"]
    assert await (await portal(store)).ask("{ viewer { roles } }") == ({"viewer": None}, [])


async def test_the_viewer_is_told_who_he_is_and_what_he_may_do(store: Store, cast: Cast):
    wang = (await (await portal(store, cast.wang_main)).get(VIEWER))["viewer"]
    assert wang["account"]["name"] == "王芳"
    assert wang["account"]["id"] == cast.wang_main.public_id
    assert set(wang["permissions"]) == PRESETS[Preset.MAIN].permissions
    assert (wang["roles"], wang["partnerId"], wang["language"]) == (["MAIN"], cast.huaqi.public_id, "zh")
    assert Right.MEMBER_MANAGE not in wang["tokenScopes"]
    chen = (await (await portal(store, cast.chen_manager)).get(VIEWER))["viewer"]
    assert chen["account"]["roles"]["nodes"] == [{"role": {"preset": "MGR", "nameZh": "客户经理"}}]


async def test_members_are_those_of_one_s_own_organisation(store: Store, cast: Cast):
    members = (await (await portal(store, cast.chen_manager)).get(MEMBERS))["members"]
    assert {one["login"] for one in members["nodes"]} == {"wang.fang", "li.qiang", "zhao.min", "chen.lei"}
    assert members["totalCount"] == 4
    staff = (await (await portal(store, cast.zhou_pdm)).get(MEMBERS))["members"]
    assert {one["login"] for one in staff["nodes"]} == {"zhou.tao", "lin.jing", "sun.lei"}
    found = await (await portal(store, cast.chen_manager)).get(MEMBERS, filter={"name": "陈"})
    assert [one["login"] for one in found["members"]["nodes"]] == ["chen.lei"]
    _, errors = await (await portal(store)).ask(MEMBERS)
    assert errors[0]["code"] == "AUTHENTICATION_REQUIRED"


async def as_seen_by(store: Store, viewer: Account, name: str) -> dict[str, Any]:
    """Give every field of somebody's account that is not null for a viewer."""
    computed = [(name, source) for name, source, _ in sources_of(AccountType).values() if isinstance(source, Computed)]
    async with store.reader() as session:
        reader = Reader(session, await store.actor(viewer), store.clock())
        paged = await reader.page(Account, Wanted(columns=frozenset({"name", "title"}), computed=tuple(computed)))
    row: Any = next(row for row in paged.nodes if getattr(row, "name") == name)  # noqa: B009  rows are made at run time
    fields = ["id", "name", "title", *(name for name, _ in computed)]
    return {field: value for field in fields if (value := getattr(row, field)) is not None}


async def test_of_huawei_s_staff_a_partner_is_shown_id_name_and_title_only(store: Store, cast: Cast):
    seen = await as_seen_by(store, cast.wang_main, "周涛")
    assert seen == {"id": cast.zhou_pdm.public_id, "name": "周涛", "title": "生态经理"}
    assert (await as_seen_by(store, cast.lin_operations, "周涛"))["email"] == "zhou.tao@huawei.com"
    assert (await as_seen_by(store, cast.wang_main, "陈磊"))["login"] == "chen.lei"
    async with store.reader() as session:
        visible = AccountRole.visible_to(await store.actor(cast.wang_main))
        roles = select(AccountRole.id).where(visible, col(AccountRole.account_id) == cast.zhou_pdm.id)
        assert not (await session.execute(roles)).all()


CREATE = """mutation ($input: MemberCreateInput!) {
  memberCreate(input: $input) { member { id login mustChangePassword } initialPassword replayed preview { status } }
}"""


async def role_ids(store: Store, viewer: Portal) -> dict[str, str]:
    nodes = (await viewer.get("{ roles { nodes { id preset } } }"))["roles"]["nodes"]
    return {one["preset"]: one["id"] for one in nodes}


async def test_a_member_is_created_with_an_initial_password_that_he_must_change(store: Store, cast: Cast):
    """COL-7.1.13"""
    li = await portal(store, cast.li_administrator)
    roles = await role_ids(store, li)
    assert set(roles) == {"ADM", "DIR", "MGR", "FIN", "OPS"}
    given = {"login": "gao.yuan", "name": "高远", "roles": [roles["MGR"]], "idempotencyKey": "gao"}
    before = await store.everything()
    dry = (await li.get(CREATE, input={**given, "validateOnly": True}))["memberCreate"]
    assert dry["member"] is None
    assert dry["initialPassword"] is None
    assert await store.everything() == before
    made = (await li.get(CREATE, input=given))["memberCreate"]
    assert made["member"]["mustChangePassword"] is True
    again = (await li.get(CREATE, input=given))["memberCreate"]
    assert (again["member"], again["initialPassword"], again["replayed"]) == (made["member"], None, True)
    session = await enter(store, "gao.yuan", made["initialPassword"])
    gao = Portal(store, await who(store, session.access_token))
    code = await gao.refused(CREATE, input={**given, "login": "other"})
    assert code == "PERMISSION_DENIED"
    change = """mutation ($present: String!, $new: String!) {
      passwordChange(input: {present: $present, new: $new}) { session { accessToken mustChangePassword } } }"""
    changed = await gao.get(change, present=made["initialPassword"], new=NEW)
    token = changed["passwordChange"]["session"]["accessToken"]
    assert (await who(store, token)).permissions == PRESETS[Preset.MGR].permissions


async def test_roles_of_a_member_are_set_and_wrong_ones_refused_with_every_violation(store: Store, cast: Cast):
    """COL-7.1.2, COL-7.1.3"""
    wang = await portal(store, cast.wang_main)
    roles = await role_ids(store, wang)
    mutation = """mutation ($input: MemberRolesSetInput!) { memberRolesSet(input: $input) {
      member { version roles { nodes { role { preset } } } } } }"""
    given = {"id": cast.chen_manager.public_id, "version": 1}
    wrong = {**given, "roles": [roles["ADM"], roles["MGR"], roles["DIR"]]}
    _, errors = await wang.ask(mutation, input=wrong)
    assert {one["code"] for one in errors[0]["violations"]} == {"ADMINISTRATOR_ALONE", "MANAGER_AND_DIRECTOR"}
    assert await wang.refused(mutation, input=wrong) == "INVALID_INPUT"
    liu = await portal(store, cast.liu_main_of_yunfan)
    assert await liu.refused(mutation, input={**given, "roles": [roles["OPS"]]}) == "NOT_FOUND"
    done = await wang.get(mutation, input={**given, "roles": [roles["OPS"]]})
    assert done["memberRolesSet"]["member"] == {"version": 2, "roles": {"nodes": [{"role": {"preset": "OPS"}}]}}
    assert await wang.refused(mutation, input={**given, "roles": [roles["FIN"]]}) == "STALE_VERSION"


async def test_a_member_is_closed_and_opened_again(store: Store, cast: Cast):
    wang = await portal(store, cast.wang_main)
    close = "mutation ($input: MemberDeactivateInput!) { memberDeactivate(input: $input) { member { active } } }"
    open_ = "mutation ($input: MemberInput!) { memberReactivate(input: $input) { member { active } } }"
    given = {"id": cast.chen_manager.public_id, "version": 1}
    assert (await wang.get(close, input=given))["memberDeactivate"]["member"] == {"active": False}
    assert (await wang.get(open_, input={**given, "version": 2}))["memberReactivate"]["member"] == {"active": True}
    chen = await portal(store, cast.chen_manager)
    assert await chen.refused(close, input={**given, "version": 3}) == "PERMISSION_DENIED"


async def test_an_own_role_lives_and_dies(store: Store, cast: Cast):
    """COL-7.1.9, COL-7.1.10, COL-7.1.12"""
    wang = await portal(store, cast.wang_main)
    create = """mutation ($input: RoleCreateInput!) { roleCreate(input: $input) {
      role { id nameZh nameEn permissions version } } }"""
    given = {"nameZh": "出纳", "permissions": ["customer:read_own_organisation"]}
    role = (await wang.get(create, input=given))["roleCreate"]["role"]
    assert role["nameEn"] == "出纳"
    opportunity = {"nameZh": "商机员", "permissions": [Right.OPPORTUNITY_SHARE.value]}
    assert await wang.refused(create, input=opportunity) == "MAIN_ACCOUNT_ONLY"
    update = "mutation ($input: RoleUpdateInput!) { roleUpdate(input: $input) { role { nameZh nameEn version } } }"
    changed = await wang.get(update, input={"id": role["id"], "version": 1, "nameEn": "Cashier"})
    assert changed["roleUpdate"]["role"] == {"nameZh": "出纳", "nameEn": "Cashier", "version": 2}
    preset = (await role_ids(store, wang))["MGR"]
    assert await wang.refused(update, input={"id": preset, "version": 1, "nameEn": "x"}) == "PRESET_ROLE_FIXED"
    delete = "mutation ($input: RoleDeleteInput!) { roleDelete(input: $input) { role { id } } }"
    assert await wang.refused(delete, input={"id": role["id"], "version": 1}) == "STALE_VERSION"
    assert (await wang.get(delete, input={"id": role["id"], "version": 2}))["roleDelete"] == {"role": None}


async def test_a_tool_gets_a_token_once_and_loses_it_at_once(store: Store, cast: Cast):
    wang = await portal(store, cast.wang_main)
    client = (
        await wang.get('mutation { clientCreate(input: {name: "华启 CRM"}) { client { id createdBy { name } } } }')
    )["clientCreate"]["client"]
    assert client["createdBy"] == {"name": "王芳"}
    create = """mutation ($input: TokenCreateInput!) { tokenCreate(input: $input) {
      secret replayed token { id lastFour scopes expiresAt client { name } issuer { name } } } }"""
    given = {
        "client": client["id"],
        "name": "生产",
        "scopes": ["opportunity:read_own_organisation"],
        "idempotencyKey": "first",
    }
    made = (await wang.get(create, input=given))["tokenCreate"]
    assert made["secret"].endswith(made["token"]["lastFour"])
    assert made["token"]["issuer"] == {"name": "王芳"}
    assert (await wang.get(create, input=given))["tokenCreate"]["secret"] is None
    actor = await authenticate(request(made["secret"]), store, TERMS, clock=store.clock)
    tool = Portal(store, actor)
    seen = (await tool.get("{ viewer { isTool permissions account { name } } }"))["viewer"]
    assert seen == {"isTool": True, "permissions": given["scopes"], "account": {"name": "王芳"}}
    listed = await wang.get("{ clients { nodes { name tokens { nodes { lastFour lastUsedAt revokedAt } } } } }")
    assert listed["clients"]["nodes"] == [
        {
            "name": "华启 CRM",
            "tokens": {
                "nodes": [
                    {
                        "lastFour": made["token"]["lastFour"],
                        "lastUsedAt": "2026-03-02T04:00:00.000000Z",
                        "revokedAt": None,
                    }
                ]
            },
        }
    ]
    revoke = "mutation ($input: TokenRevokeInput!) { tokenRevoke(input: $input) { token { revokedAt } } }"
    other = await portal(store, cast.liu_main_of_yunfan)
    assert await other.refused(revoke, input={"id": made["token"]["id"]}) == "NOT_FOUND"
    assert (await other.get("{ clients { nodes { id } } }"))["clients"]["nodes"] == []
    assert await tool.refused(revoke, input={"id": made["token"]["id"], "idempotencyKey": "x"}) == "PEOPLE_ONLY"
    revoked = await wang.get(revoke, input={"id": made["token"]["id"]})
    assert revoked["tokenRevoke"]["token"]["revokedAt"] == "2026-03-02T04:00:00.000000Z"
