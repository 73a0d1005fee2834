"""Client applications and their tokens: shown once, bounded by scopes and issuer, gone when revoked."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import col, select

from api.identity import authenticate
from models.identity import (
    ApiToken,
    ClientApplication,
    PeopleOnlyError,
    ScopeNotAllowedError,
    SignInRequiredError,
    TokenLifetimeError,
    change_password,
    close_client,
    create_client,
    create_role,
    deactivate,
    issue_token,
    operator_actor,
    revoke_token,
    scopes_for,
    set_roles,
)
from models.identity.proofs import hash_secret
from models.kernel.errors import FieldRequiredError, NotFoundError, PermissionDeniedError
from models.rights import Preset, Right
from tests.people import PASSWORD, Cast, Store, cast, open_person, store
from tests.test_sessions import TERMS, request

__all__ = ["cast", "store"]

SCOPES = [Right.OPPORTUNITY_READ_OWN, Right.OPPORTUNITY_SHARE, "opportunity.terms:plain"]


async def a_token(store: Store, cast: Cast, **facts: Any) -> Any:
    async def deed(work):
        client = await create_client(work, name="华启 CRM", purpose="同步商机")
        return await issue_token(work, client.id, **{"name": "生产", "scopes": SCOPES, **facts})

    return await store.do(await store.actor(cast.wang_main), deed)


async def who(store: Store, secret: str) -> Any:
    return await authenticate(request(secret), store, TERMS, clock=store.clock)


async def test_a_tool_acts_as_its_client_within_its_scopes(store: Store, cast: Cast):
    issued = await a_token(store, cast)
    actor = await who(store, issued.secret)
    assert (actor.id, actor.name, actor.client_id) == (cast.wang_main.id, "华启 CRM", issued.token.client_id)
    assert actor.permissions == frozenset(SCOPES)
    assert actor.partner_id == cast.huaqi.id


async def test_a_secret_is_kept_as_a_hash_and_shown_by_its_last_four(store: Store, cast: Cast):
    issued = await a_token(store, cast)
    assert issued.secret.startswith("pct_")
    assert len(issued.secret) == 47
    kept = str(await store.everything())
    assert issued.secret not in kept
    assert hash_secret(issued.secret) in kept
    assert issued.token.last_four == issued.secret[-4:]
    line = (await store.journal())[-1]
    assert (line.operation, line.event) == ("token.create", "createToken")
    assert issued.secret not in str(line.changes)
    assert hash_secret(issued.secret) not in str(line.changes)


async def test_a_tool_never_has_more_than_its_issuer_has_now(store: Store, cast: Cast):
    own = await store.do(
        await store.actor(cast.wang_main),
        lambda work: create_role(work, name_zh="查询员", permissions=[Right.CUSTOMER_READ_OWN, Right.PARTNER_READ_OWN]),
    )
    he = await open_person(store, "gao.yuan", "高远", Preset.FIN, partner_id=cast.huaqi.id)
    issuer = await store.actor(he)

    async def deed(work):
        client = await create_client(work, name="报表", issuer=issuer)
        scopes = [Right.CUSTOMER_READ_OWN, "customer.profile:plain"]
        return await issue_token(work, client.id, name="生产", scopes=scopes, issuer=issuer)

    issued = await store.do(operator_actor(), deed)
    assert len((await who(store, issued.secret)).permissions) == 2
    await store.do(await store.actor(cast.wang_main), lambda work: set_roles(work, he.id, [own.id]))
    assert (await who(store, issued.secret)).permissions == {Right.CUSTOMER_READ_OWN}


async def test_a_token_ends_at_once_when_revoked_expired_or_its_issuer_is_gone(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)
    revoked, closed, expired = [await a_token(store, cast, days=1 + 89 * (n < 2)) for n in range(3)]
    await store.do(wang, lambda work: revoke_token(work, revoked.token.id))
    await store.do(wang, lambda work: close_client(work, closed.token.client_id))
    for dead in (revoked, closed):
        with pytest.raises(SignInRequiredError):
            await who(store, dead.secret)
    assert await who(store, expired.secret)
    store.clock.forward(days=1)
    with pytest.raises(SignInRequiredError):
        await who(store, expired.secret)
    orphan = await a_token(store, cast)
    await store.do(operator_actor(), lambda work: deactivate(work, cast.wang_main.id))
    with pytest.raises(SignInRequiredError):
        await who(store, orphan.secret)


async def test_what_a_token_may_not_have_is_refused(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)
    client = await store.do(wang, lambda work: create_client(work, name="华启 CRM"))
    for scopes, days, error in (
        ([Right.OPPORTUNITY_READ_ALL], 90, ScopeNotAllowedError),
        ([Right.MEMBER_MANAGE], 90, ScopeNotAllowedError),
        ([], 90, FieldRequiredError),
        (SCOPES, 0, TokenLifetimeError),
        (SCOPES, 366, TokenLifetimeError),
    ):

        async def deed(work, scopes=scopes, days=days):
            return await issue_token(work, client.id, name="生产", scopes=scopes, days=days)

        await store.refused(wang, error, deed)
    assert Right.MEMBER_MANAGE not in scopes_for(wang)


async def test_tools_belong_to_the_main_account_of_their_own_partner(store: Store, cast: Cast):
    issued = await a_token(store, cast)
    liu = await store.actor(cast.liu_main_of_yunfan)
    await store.refused(liu, NotFoundError, lambda work: revoke_token(work, issued.token.id))
    await store.refused(liu, NotFoundError, lambda work: close_client(work, issued.token.client_id))
    await store.refused(
        liu, NotFoundError, lambda work: issue_token(work, issued.token.client_id, name="x", scopes=SCOPES)
    )
    li = await store.actor(cast.li_administrator)
    await store.refused(li, PermissionDeniedError, lambda work: create_client(work, name="x"))
    await store.refused(li, PermissionDeniedError, lambda work: revoke_token(work, issued.token.id))
    async with store.reader() as session:
        for model in (ApiToken, ClientApplication):
            for stranger in (liu, li):
                assert not (await session.execute(select(model.id).where(model.visible_to(stranger)))).all()
    assert await who(store, issued.secret)


async def test_a_tool_neither_makes_tools_nor_changes_a_password(store: Store, cast: Cast):
    actor = await who(store, (await a_token(store, cast)).secret)
    await store.refused(actor, PeopleOnlyError, lambda work: create_client(work, name="x"))
    await store.refused(actor, PeopleOnlyError, lambda work: deactivate(work, cast.chen_manager.id))
    with pytest.raises(PeopleOnlyError):
        await change_password(store, actor, PASSWORD, "purple mountain 2026", None)  # type: ignore[arg-type]


async def test_the_last_use_is_written_down_at_most_once_a_minute(store: Store, cast: Cast):
    issued = await a_token(store, cast)

    async def last_used() -> Any:
        async with store.reader() as session:
            return await session.scalar(select(col(ApiToken.last_used_at)))

    assert await last_used() is None
    await who(store, issued.secret)
    first = store.clock()
    assert await last_used() == first
    store.clock.forward(seconds=59)
    await who(store, issued.secret)
    assert await last_used() == first
    store.clock.forward(seconds=1)
    await who(store, issued.secret)
    assert await last_used() == store.clock()
