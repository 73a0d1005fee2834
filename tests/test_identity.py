"""Accounts, roles and members: who may have which roles, who gives them, and from when they hold."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from sqlmodel import col, select

from models.identity import (
    Account,
    AdministratorAloneError,
    DirectorNotAllowedError,
    LastAdministratorError,
    LoginFixedError,
    LoginFormatError,
    LoginTakenError,
    MainAccountFixedError,
    MainAccountOnlyError,
    ManagerAndDirectorError,
    OwnAccountError,
    PermissionNotGrantableError,
    PresetRoleFixedError,
    Role,
    RoleCountError,
    RoleInUseError,
    RoleNameTakenError,
    RoleNotOfOrganisationError,
    SignInRequiredError,
    choose_language,
    create_role,
    deactivate,
    delete_role,
    grantable,
    open_member,
    operator_actor,
    preset_ids,
    reactivate,
    seed_roles,
    set_director,
    set_roles,
    update_role,
)
from models.kernel.access import Side
from models.kernel.errors import (
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    StaleVersionError,
    ValueNotAllowedError,
)
from models.kernel.values import new_id
from models.partner import NotAPdmError, update_partner
from models.rights import PRESETS, Preset, Right
from tests.people import Cast, Store, cast, open_person, password_hash, store

__all__ = ["cast", "store"]


def roles(account: Account, *presets: Preset, extra=(), **more):
    async def deed(work):
        ids = [*await preset_ids(work, *presets), *extra]
        return await set_roles(work, account.id, ids, **more)

    return deed


async def role_of(store: Store, preset: Preset) -> Role:
    async with store.reader() as session:
        role: Role = (await session.execute(select(Role).where(Role.preset == preset))).scalar_one()
        return role


async def test_seeding_the_presets_twice_changes_nothing_the_second_time(store: Store):
    assert await store.do(operator_actor(), seed_roles) == len(Preset) - 1
    before = await store.everything()
    assert await store.do(operator_actor(), seed_roles) == 0
    assert await store.everything() == before


async def test_seeding_brings_a_changed_preset_back_to_what_the_release_says(store: Store, cast: Cast):
    async def weaken(work):
        role = await work.first(select(Role).where(Role.preset == Preset.FIN))
        role.permissions = []

    await store.do(operator_actor(), weaken)
    assert await store.do(operator_actor(), seed_roles) == 1
    assert frozenset((await role_of(store, Preset.FIN)).permissions) == PRESETS[Preset.FIN].permissions


async def test_an_actor_has_the_union_of_what_his_roles_grant(store: Store, cast: Cast):
    he = await open_person(store, "wu.jun", "吴军", Preset.FIN, Preset.OPS, partner_id=cast.huaqi.id)
    actor = await store.actor(he)
    assert actor.permissions == PRESETS[Preset.FIN].permissions | PRESETS[Preset.OPS].permissions
    assert (actor.side, actor.partner_id, actor.name) == (Side.PARTNER, cast.huaqi.id, "吴军")
    assert set(actor.roles) == {"FIN", "OPS"}


async def test_the_main_account_has_its_rights_without_a_role(store: Store, cast: Cast):
    actor = await store.actor(cast.wang_main)
    assert actor.permissions == PRESETS[Preset.MAIN].permissions
    assert actor.roles == ("MAIN",)
    await store.refused(operator_actor(), MainAccountFixedError, roles(cast.wang_main, Preset.FIN))


async def test_opportunities_are_for_the_main_account_and_not_even_for_the_administrator(store: Store, cast: Cast):
    """COL-7.1.12"""
    assert (await store.actor(cast.wang_main)).may(Right.OPPORTUNITY_READ_OWN)
    for member in (cast.li_administrator, cast.zhao_director, cast.chen_manager):
        assert not [one for one in (await store.actor(member)).permissions if one.startswith("opportunity")]


async def test_a_pdm_is_told_the_partners_that_he_looks_after(store: Store, cast: Cast):
    assert (await store.actor(cast.zhou_pdm)).partners == {cast.huaqi.id}
    assert (await store.actor(cast.lin_operations)).partners == frozenset()


async def test_only_somebody_who_looks_after_partners_becomes_a_pdm(store: Store, cast: Cast):
    lin = await store.actor(cast.lin_operations)
    await store.do(lin, lambda work: update_partner(work, cast.yunfan.id, {"pdm_id": cast.zhou_pdm.id}, version=1))
    for nobody in (cast.lin_operations.id, cast.wang_main.id, new_id()):
        change = partial(update_partner, id=cast.yunfan.id, values={"pdm_id": nobody}, version=2)
        await store.refused(lin, NotAPdmError, change)


async def test_an_account_manager_sees_his_own_customers_and_with_a_further_role_all(store: Store, cast: Cast):
    """COL-7.1.4"""
    alone = await store.actor(cast.chen_manager)
    assert alone.may(Right.CUSTOMER_READ_MANAGED)
    assert not alone.may(Right.CUSTOMER_READ_OWN)
    wang = await store.actor(cast.wang_main)
    own = await store.do(wang, lambda work: create_role(work, name_zh="登录员", permissions=[Right.PARTNER_READ_OWN]))
    await store.do(wang, roles(cast.chen_manager, Preset.MGR, extra=[own.id]))
    assert (await store.actor(cast.chen_manager)).may(Right.CUSTOMER_READ_OWN)


@pytest.mark.parametrize(
    ("presets", "error"),
    [
        ((), RoleCountError),
        ((Preset.DIR, Preset.FIN, Preset.OPS, Preset.ADM), InvalidInputError),
        ((Preset.ADM, Preset.FIN), AdministratorAloneError),
        ((Preset.MGR, Preset.DIR), ManagerAndDirectorError),
        ((Preset.PDM,), NotFoundError),
    ],
)
async def test_a_combination_of_roles_that_may_not_be_is_refused(store: Store, cast: Cast, presets, error):
    """COL-7.1.1, COL-7.1.2, COL-7.1.3"""

    async def deed(work):
        async with store.reader() as session:
            found = (await session.execute(select(Role.id).where(col(Role.preset).in_(presets)))).scalars().all()
        return await set_roles(work, cast.chen_manager.id, list(found))

    refusal = await store.refused(await store.actor(cast.wang_main), error, deed)
    if error is InvalidInputError:
        assert {one.code for one in refusal} == {"ROLE_COUNT", "ADMINISTRATOR_ALONE"}
    assert (await store.actor(cast.chen_manager)).roles == ("MGR",)


async def test_three_roles_are_allowed_and_a_fourth_is_not(store: Store, cast: Cast):
    """COL-7.1.1"""
    wang = await store.actor(cast.wang_main)
    own = await store.do(wang, lambda work: create_role(work, name_zh="登录员", permissions=[]))
    await store.do(wang, roles(cast.chen_manager, Preset.MGR, Preset.FIN, Preset.OPS))
    await store.refused(
        wang, RoleCountError, roles(cast.chen_manager, Preset.MGR, Preset.FIN, Preset.OPS, extra=[own.id])
    )


async def test_a_change_of_roles_is_in_the_journal_and_holds_from_the_next_request(store: Store, cast: Cast):
    """COL-7.1.14"""
    await store.do(await store.actor(cast.li_administrator), roles(cast.chen_manager, Preset.OPS))
    assert (await store.actor(cast.chen_manager)).permissions == PRESETS[Preset.OPS].permissions
    line = (await store.journal())[-1]
    assert (line.operation, line.actor_name, line.resource_type, line.event) == (
        "account.set_roles",
        "李强",
        "account",
        "setAccountRoles",
    )
    assert line.changes == {"roles": {"from": ["MGR"], "to": ["OPS"]}}
    assert line.partner_id == cast.huaqi.id


async def test_the_same_roles_again_leave_no_trace(store: Store, cast: Cast):
    before = await store.everything()
    await store.do(await store.actor(cast.wang_main), roles(cast.chen_manager, Preset.MGR))
    assert await store.everything() == before


async def test_a_stale_version_of_the_member_is_refused(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)
    await store.do(wang, roles(cast.chen_manager, Preset.OPS, version=1))
    await store.refused(wang, StaleVersionError, roles(cast.chen_manager, Preset.FIN, version=1))


async def test_members_of_another_partner_cannot_be_touched(store: Store, cast: Cast):
    liu = await store.actor(cast.liu_main_of_yunfan)
    await store.refused(liu, NotFoundError, roles(cast.chen_manager, Preset.OPS))
    await store.refused(liu, NotFoundError, lambda work: deactivate(work, cast.chen_manager.id))
    await store.refused(liu, NotFoundError, lambda work: deactivate(work, cast.zhou_pdm.id))
    chen = await store.actor(cast.chen_manager)
    await store.refused(chen, PermissionDeniedError, roles(cast.zhao_director, Preset.OPS))


async def test_nobody_changes_his_own_roles(store: Store, cast: Cast):
    li = await store.actor(cast.li_administrator)
    await store.refused(li, OwnAccountError, roles(cast.li_administrator, Preset.FIN))
    await store.refused(li, OwnAccountError, lambda work: deactivate(work, cast.li_administrator.id))


async def test_the_last_administrator_stays(store: Store, cast: Cast):
    """COL-7.1.14"""
    wang = await store.actor(cast.wang_main)
    await store.refused(wang, LastAdministratorError, roles(cast.li_administrator, Preset.FIN))
    await store.refused(wang, LastAdministratorError, lambda work: deactivate(work, cast.li_administrator.id))
    await open_person(store, "he.yu", "何宇", Preset.ADM, partner_id=cast.huaqi.id)
    await store.do(wang, roles(cast.li_administrator, Preset.FIN))
    assert (await store.actor(cast.li_administrator)).roles == ("FIN",)


async def test_two_administrators_who_remove_each_other_at_once_leave_one(store: Store, cast: Cast):
    """COL-7.1.14"""
    he_yu = await open_person(store, "he.yu", "何宇", Preset.ADM, partner_id=cast.huaqi.id)
    li, he = await store.actor(cast.li_administrator), await store.actor(he_yu)
    outcomes = await asyncio.gather(
        store.do(li, roles(he_yu, Preset.FIN)),
        store.do(he, roles(cast.li_administrator, Preset.FIN)),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Account", "LastAdministratorError"]
    now = [(await store.actor(account)).roles for account in (he_yu, cast.li_administrator)]
    assert sorted(now) == [("ADM",), ("FIN",)]


async def test_a_director_who_is_one_no_longer_leaves_his_managers_to_the_next(store: Store, cast: Cast):
    """COL-7.1.6"""
    wang = await store.actor(cast.wang_main)
    await store.do(wang, lambda work: set_director(work, cast.chen_manager.id, cast.zhao_director.id))
    assert (await store.account(cast.chen_manager)).director_id == cast.zhao_director.id
    next_one = await open_person(store, "he.yu", "何宇", Preset.DIR, partner_id=cast.huaqi.id)
    await store.do(wang, roles(cast.zhao_director, Preset.FIN, new_director_id=next_one.id))
    assert (await store.account(cast.chen_manager)).director_id == next_one.id
    await store.do(wang, lambda work: deactivate(work, next_one.id))
    assert (await store.account(cast.chen_manager)).director_id is None
    assert (await store.operations())[-2:] == ["account.set_director", "account.deactivate"]


async def test_only_a_director_of_the_same_organisation_directs_an_account_manager(store: Store, cast: Cast):
    """COL-7.1.6"""
    wang = await store.actor(cast.wang_main)
    stranger = await open_person(store, "he.yu", "何宇", Preset.DIR, partner_id=cast.yunfan.id)
    for director in (stranger.id, cast.li_administrator.id, new_id()):
        change = partial(set_director, account_id=cast.chen_manager.id, director_id=director)
        await store.refused(wang, DirectorNotAllowedError, change)
    await store.refused(
        wang,
        DirectorNotAllowedError,
        lambda work: set_director(work, cast.li_administrator.id, cast.zhao_director.id),
    )


async def test_a_new_member_starts_with_an_initial_password(store: Store, cast: Cast):
    """COL-7.1.13"""

    async def deed(work):
        ids = await preset_ids(work, Preset.MGR)
        return await open_member(
            work, login="Gao.Yuan", name="高远", password_hash=password_hash(), role_ids=ids,
            director_id=cast.zhao_director.id,
        )  # fmt: skip

    gao = await store.do(await store.actor(cast.li_administrator), deed)
    assert (gao.login, gao.partner_id, gao.must_change_password) == ("gao.yuan", cast.huaqi.id, True)
    assert gao.director_id == cast.zhao_director.id
    actor = await store.actor(gao)
    assert actor.permissions == frozenset()
    assert (await store.operations())[-2:] == ["account.create", "account.set_director"]
    assert password_hash() not in str([line.changes for line in await store.journal()])


async def test_a_login_is_taken_once_and_well_formed(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)

    def opening(login):
        async def deed(work):
            ids = await preset_ids(work, Preset.OPS)
            return await open_member(work, login=login, name="高远", password_hash=password_hash(), role_ids=ids)

        return deed

    await store.refused(wang, LoginTakenError, opening("LIU.yang"))
    await store.refused(wang, LoginFormatError, opening("高远"))
    await store.refused(await store.actor(cast.chen_manager), PermissionDeniedError, opening("gao.yuan"))


async def test_a_login_never_changes(store: Store, cast: Cast):
    """COL-7.1.8"""

    async def rename(work):
        account = await work.get(Account, cast.chen_manager.id)
        account.login = "chen.the.great"

    await store.refused(operator_actor(), LoginFixedError, rename)


async def test_a_deactivated_account_is_nobody_until_it_is_reactivated(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)
    await store.do(wang, lambda work: deactivate(work, cast.chen_manager.id))
    with pytest.raises(SignInRequiredError):
        await store.actor(cast.chen_manager)
    await store.do(wang, lambda work: reactivate(work, cast.chen_manager.id))
    assert (await store.actor(cast.chen_manager)).roles == ("MGR",)


async def test_members_do_not_deactivate_the_main_account(store: Store, cast: Cast):
    li = await store.actor(cast.li_administrator)
    await store.refused(li, MainAccountFixedError, lambda work: deactivate(work, cast.wang_main.id))


async def test_a_preset_role_is_never_edited_or_deleted(store: Store, cast: Cast):
    """COL-7.1.9"""
    wang = await store.actor(cast.wang_main)
    manager = await role_of(store, Preset.MGR)
    await store.refused(
        wang, PresetRoleFixedError, lambda work: update_role(work, manager.id, version=1, permissions=[])
    )
    await store.refused(wang, PresetRoleFixedError, lambda work: delete_role(work, manager.id, version=1))


async def test_an_own_role_is_deleted_only_when_nobody_has_it(store: Store, cast: Cast):
    """COL-7.1.10"""
    wang = await store.actor(cast.wang_main)
    own = await store.do(wang, lambda work: create_role(work, name_zh="出纳", permissions=[Right.CUSTOMER_READ_OWN]))
    await store.do(wang, roles(cast.chen_manager, Preset.MGR, extra=[own.id]))
    refusal = await store.refused(wang, RoleInUseError, lambda work: delete_role(work, own.id, version=1))
    assert refusal.data() == {"count": 1}
    await store.do(wang, roles(cast.chen_manager, Preset.MGR))
    await store.do(wang, lambda work: delete_role(work, own.id, version=1))
    assert (await store.operations())[-1] == "role.delete"


async def test_an_own_role_grants_no_more_than_the_presets_and_never_opportunities(store: Store, cast: Cast):
    """COL-7.1.9, COL-7.1.12"""
    wang = await store.actor(cast.wang_main)

    def granting(*permissions):
        return lambda work: create_role(work, name_zh="出纳", name_en="Cashier", permissions=permissions)

    for right in (Right.OPPORTUNITY_READ_OWN, "opportunity.terms:plain"):
        await store.refused(wang, MainAccountOnlyError, granting(right))
    for right in (Right.CUSTOMER_READ_ALL, Right.MEMBER_MANAGE, Right.PCE_JOIN, Right.CLIENT_MANAGE):
        await store.refused(wang, PermissionNotGrantableError, granting(right))
    await store.refused(wang, ValueNotAllowedError, granting("everything:at_once"))
    role = await store.do(wang, granting(*grantable(Side.PARTNER)))
    assert (role.partner_id, role.side, role.code) == (cast.huaqi.id, Side.PARTNER, role.public_id)


async def test_a_changed_own_role_holds_from_the_next_request(store: Store, cast: Cast):
    """COL-7.1.14"""
    wang = await store.actor(cast.wang_main)
    own = await store.do(wang, lambda work: create_role(work, name_zh="出纳", permissions=[Right.CUSTOMER_READ_OWN]))
    await store.do(wang, roles(cast.zhao_director, extra=[own.id]))
    assert (await store.actor(cast.zhao_director)).permissions == {Right.CUSTOMER_READ_OWN}
    await store.do(wang, lambda work: update_role(work, own.id, version=1, permissions=[Right.PARTNER_READ_OWN]))
    assert (await store.actor(cast.zhao_director)).permissions == {Right.PARTNER_READ_OWN}
    await store.refused(wang, StaleVersionError, lambda work: update_role(work, own.id, version=1, name_zh="会计"))
    await store.refused(wang, RoleNameTakenError, lambda work: create_role(work, name_zh="出纳", permissions=[]))


async def test_an_own_role_is_unknown_to_another_partner(store: Store, cast: Cast):
    own = await store.do(
        await store.actor(cast.wang_main), lambda work: create_role(work, name_zh="出纳", permissions=[])
    )
    liu = await store.actor(cast.liu_main_of_yunfan)
    await store.refused(liu, NotFoundError, lambda work: update_role(work, own.id, version=1, name_zh="x"))
    await store.refused(liu, NotFoundError, lambda work: delete_role(work, own.id, version=1))
    theirs = await open_person(store, "he.yu", "何宇", Preset.OPS, partner_id=cast.yunfan.id)
    await store.refused(liu, NotFoundError, roles(theirs, Preset.OPS, extra=[own.id]))
    await store.refused(operator_actor(), RoleNotOfOrganisationError, roles(theirs, extra=[own.id]))


async def test_huawei_s_own_roles_are_made_by_the_platform_administrator(store: Store, cast: Cast):
    sun = await store.actor(cast.sun_platform)
    role = await store.do(
        sun, lambda work: create_role(work, name_zh="报表员", permissions=[Right.OPPORTUNITY_READ_ALL])
    )
    assert (role.side, role.partner_id) == (Side.HUAWEI, None)
    await store.do(sun, roles(cast.lin_operations, extra=[role.id]))
    assert (await store.actor(cast.lin_operations)).permissions == {Right.OPPORTUNITY_READ_ALL}
    await store.refused(
        sun,
        PermissionNotGrantableError,
        lambda work: create_role(work, name_zh="副管理员", permissions=[Right.ACCOUNT_MANAGE]),
    )


async def seen_by(store: Store, account: Account) -> set[str]:
    actor = await store.actor(account)
    async with store.reader() as session:
        return set((await session.execute(select(Account.login).where(Account.visible_to(actor)))).scalars())


async def test_everybody_sees_his_organisation_and_huawei_s_staff_and_nobody_else(store: Store, cast: Cast):
    ours = {"wang.fang", "li.qiang", "zhao.min", "chen.lei"}
    huawei = {"zhou.tao", "lin.jing", "sun.lei"}
    assert await seen_by(store, cast.chen_manager) == ours | huawei
    assert await seen_by(store, cast.liu_main_of_yunfan) == {"liu.yang"} | huawei
    assert await seen_by(store, cast.zhou_pdm) == ours | huawei
    assert await seen_by(store, cast.lin_operations) == ours | huawei | {"liu.yang"}


async def test_somebody_chooses_his_language(store: Store, cast: Cast):
    chen = await store.actor(cast.chen_manager)
    await store.do(chen, lambda work: choose_language(work, "en"))
    assert (await store.actor(cast.chen_manager)).lang == "en"
