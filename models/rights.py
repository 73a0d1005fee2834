"""Every permission, every preset role, and the table of who sees which field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models.kernel.access import Permission, Side
from models.kernel.journal import JournalRight
from models.kernel.words import Word


class Right(Permission):
    """What the preset and custom roles are made of (权限); fields have permissions of their own, see FIELD_TABLE."""

    OPPORTUNITY_READ_OWN = "opportunity:read_own_organisation"
    OPPORTUNITY_READ_PARTNERS = "opportunity:read_own_partners"
    OPPORTUNITY_READ_OFFICE = "opportunity:read_own_office"
    OPPORTUNITY_READ_CUSTOMERS = "opportunity:read_own_customers"
    OPPORTUNITY_READ_ALL = "opportunity:read_all"
    OPPORTUNITY_SHARE = "opportunity:share"
    OPPORTUNITY_ACCEPT = "opportunity:accept"
    OPPORTUNITY_PROGRESS = "opportunity:progress"
    OPPORTUNITY_AUDIT = "opportunity:audit"
    OPPORTUNITY_AUDIT_POOL = "opportunity:audit_pool"
    OPPORTUNITY_CHANGE_OFFERING = "opportunity:change_offering"
    OPPORTUNITY_CHECK_OWNER = "opportunity:record_owner_check"
    OPPORTUNITY_VALIDATE = "opportunity:validate"
    OPPORTUNITY_CANCEL = "opportunity:cancel"
    OPPORTUNITY_CLOSE = "opportunity:close"
    OPPORTUNITY_DELIVER = "opportunity:deliver"
    OPPORTUNITY_CONFIRM_DELIVERY = "opportunity:confirm_delivery"
    OPPORTUNITY_CREATE_HO = "opportunity:create_ho"
    OPPORTUNITY_SHARE_HO = "opportunity:share_ho"
    OPPORTUNITY_RECALL_HO = "opportunity:recall_ho"
    OPPORTUNITY_ONBOARD = "opportunity:onboard"
    CUSTOMER_READ_OWN = "customer:read_own_organisation"
    CUSTOMER_READ_TEAM = "customer:read_own_team"
    CUSTOMER_READ_MANAGED = "customer:read_managed"
    CUSTOMER_READ_SELF = "customer:read_self"
    CUSTOMER_READ_PARTNERS = "customer:read_own_partners"
    CUSTOMER_READ_OFFICE = "customer:read_own_office"
    CUSTOMER_READ_OWNED = "customer:read_owned"
    CUSTOMER_READ_ALL = "customer:read_all"
    CUSTOMER_ONBOARD = "customer:onboard"
    CUSTOMER_READ_FACTS = "customer:read_facts"
    CUSTOMER_REPORT = "customer:report"
    CUSTOMER_DECIDE_REPORT = "customer:decide_report"
    CUSTOMER_INVITE = "customer:invite"
    CUSTOMER_MIGRATE = "customer:migrate"
    CUSTOMER_MERGE = "customer:merge"
    CUSTOMER_ASSIGN = "customer:assign"
    CUSTOMER_ASSIGN_TO_ANYBODY = "customer:assign_to_anybody"
    CUSTOMER_TAG = "customer:tag"
    INVITATION_ANSWER = "invitation:answer"
    ASSOCIATION_REQUEST = "association:request"
    ASSOCIATION_ANSWER = "association:answer"
    ASSOCIATION_FORCE_CLOSE = "association:force_close"
    VERIFICATION_SWITCH = "verification:switch"
    AGREEMENT_PUBLISH = "agreement:publish"
    AGREEMENT_SIGN = "agreement:sign"
    AGREEMENT_READ_SIGNATURES = "agreement:read_signatures"
    KNOWLEDGE_FEED = "knowledge:feed"
    PARTNER_SET_CONTACTS = "partner:set_contacts"
    BALANCE_READ = "balance:read"
    BALANCE_ALLOCATE = "balance:allocate"
    BALANCE_KEEP = "balance:keep"
    CUSTOMER_FREEZE = "customer:freeze"
    BUDGET_SET = "budget:set"
    BUDGET_GRANT = "budget:grant"
    AUTHORISATION_REQUEST = "authorisation:request"
    AUTHORISATION_COMMIT = "authorisation:commit"
    AUTHORISATION_ANSWER = "authorisation:answer"
    LEAD_READ_OWN = "lead:read_own_organisation"
    LEAD_READ_TEAM = "lead:read_own_team"
    LEAD_READ_FOLLOWED = "lead:read_followed"
    LEAD_READ_PARTNERS = "lead:read_own_partners"
    LEAD_READ_OFFICE = "lead:read_own_office"
    LEAD_READ_ALL = "lead:read_all"
    LEAD_ADMINISTER = "lead:administer"
    LEAD_PUSH = "lead:push"
    LEAD_DISPATCH = "lead:dispatch"
    LEAD_DISPATCH_TO_ANYBODY = "lead:dispatch_to_anybody"
    LEAD_FOLLOW = "lead:follow"
    DEAL_READ_OWN = "deal_registration:read_own_organisation"
    DEAL_READ_TEAM = "deal_registration:read_own_team"
    DEAL_READ_MANAGED = "deal_registration:read_managed"
    DEAL_READ_PARTNERS = "deal_registration:read_own_partners"
    DEAL_READ_OFFICE = "deal_registration:read_own_office"
    DEAL_READ_OWNED = "deal_registration:read_owned"
    DEAL_READ_ALL = "deal_registration:read_all"
    DEAL_CREATE = "deal_registration:create"
    PARTNER_READ_OWN = "partner:read_own_organisation"
    PARTNER_READ_PARTNERS = "partner:read_own_partners"
    PARTNER_READ_ALL = "partner:read_all"
    PARTNER_MANAGE = "partner:manage"
    PARTNER_PLACE = "partner:place"
    ENTRY_INVITE = "entry:invite"
    ENTRY_READ_INVITED = "entry:read_own_invited"
    ENTRY_READ_ALL = "entry:read_all"
    ENTRY_DECIDE = "entry:decide"
    ENTRY_FILL = "entry:fill"
    MEMBER_MANAGE = "member:manage"
    PCE_JOIN = "pce:join"
    PCE_LEAVE = "pce:leave"
    PCE_DECIDE = "pce:decide"
    CLIENT_MANAGE = "client:manage"
    OPERATIONS_PUBLISH = "operations:publish"
    OPERATIONS_RETIRE = "operations:retire"
    OPERATIONS_ADMIT = "operations:admit"
    OPERATIONS_READ_ALL = "operations:read_all"
    POLICY_EDIT = "policy:edit"
    CALENDAR_EDIT = "calendar:edit"
    ACCOUNT_MANAGE = "account:manage"
    ROLE_MANAGE = "role:manage"
    BACK_OFFICE = "back_office:enter"
    EXPORT = "export:request"
    EXPORT_READ_ALL = "export:read_all"
    CUSTOMER_EXPORT = "customer:export"


class Preset(Word):
    """The roles that every installation has (预置角色): the partner's first, then Huawei's."""

    MAIN = "MAIN", "主账号", "Main account"
    ADM = "ADM", "系统管理员", "System administrator"
    DIR = "DIR", "客户经理主管", "Account manager director"
    MGR = "MGR", "客户经理", "Account manager"
    FIN = "FIN", "财务", "Partner finance"
    OPS = "OPS", "运营", "Operator"
    CUS = "CUS", "客户", "Customer"
    PDM = "PDM", "生态经理", "Partner development manager"
    PSM = "PSM", "代表处PSM", "Partner solution manager"
    BD = "BD", "商务拓展", "Business development"
    OWN = "OWN", "客户负责人", "Customer owner"
    ECO = "ECO", "生态运营", "Ecosystem operations"
    KOO = "KOO", "云商店运营", "KooGallery operations"
    HFI = "HFI", "财经", "Huawei finance"
    AUD = "AUD", "审计", "Auditor"
    SYS = "SYS", "平台管理员", "Platform administrator"

    @property
    def side(self) -> Side:
        """Say on whose side the role acts."""
        if self is Preset.CUS:
            return Side.CUSTOMER
        return Side.PARTNER if self in _PARTNER_ROLES else Side.HUAWEI


_PARTNER_ROLES = (Preset.MAIN, Preset.ADM, Preset.DIR, Preset.MGR, Preset.FIN, Preset.OPS)

# One line a row of field-permissions.md: P plain, M masked with reveal, m masked, - refused, . never has such a row.
_COLUMNS = "MAIN ADM DIR MGR FIN OPS CUS PDM PSM BD OWN ECO KOO HFI AUD"
_FIELDS = """
customer.name           M  M  M  M  M  M  P  M  M  M  P  M  m  M  M
customer.contact        M  M  M  M  m  M  P  M  M  M  M  m  m  m  M
customer.profile        P  P  P  P  P  P  P  P  P  P  P  P  m  P  P
customer.credit_code    M  M  M  M  M  M  P  M  M  M  P  M  m  M  M
customer.consumption    P  P  P  P  P  P  P  P  -  -  P  P  -  P  P
customer.knowledge      P  P  P  P  -  P  -  P  -  -  P  P  -  -  P
customer.balance        P  P  -  -  P  -  P  P  -  -  -  P  -  P  P
partner.balance         P  P  -  -  P  -  .  P  .  .  .  P  -  P  P
agreement.signature     P  P  -  -  -  -  P  P  .  .  .  P  .  -  P
opportunity.customer    M  .  .  .  .  .  .  M  M  M  P  M  .  -  M
opportunity.terms       P  .  .  .  .  .  .  P  P  P  P  P  .  P  P
opportunity.contract    P  .  .  .  .  .  .  P  -  P  P  P  .  P  P
opportunity.verdict     P  .  .  .  .  .  .  P  P  P  P  P  .  P  P
opportunity.internal    -  .  .  .  .  .  .  P  P  P  P  P  .  -  P
opportunity.loss        P  .  .  .  .  .  .  P  P  P  P  P  .  -  P
"""
_VERBS = {"P": "plain", "M": "reveal", "m": "masked"}


def _field_permissions() -> dict[Preset, frozenset[str]]:
    columns = [Preset[code] for code in _COLUMNS.split()]
    granted: dict[Preset, set[str]] = {role: set() for role in Preset}
    for line in _FIELDS.strip().splitlines():
        group, *cells = line.split()
        for role, cell in zip(columns, cells, strict=True):
            if cell in _VERBS:
                granted[role].add(f"{group}:{_VERBS[cell]}")
    return {role: frozenset(found) for role, found in granted.items()}


FIELD_GROUPS: tuple[str, ...] = tuple(line.split()[0] for line in _FIELDS.strip().splitlines())


@dataclass(frozen=True)
class PresetRole:
    """A preset role with everything that it grants."""

    role: Preset
    permissions: frozenset[str]


_HUAWEI = frozenset({Right.BACK_OFFICE})
# Whoever reads opportunities, customers or the journal on Huawei's side may export what he reads, with a reason
# (COL-2.8.4); of a partner's people the administrators alone export its customers (COL-5.7.9).
_EXPORTS = frozenset({Right.EXPORT, Right.CUSTOMER_EXPORT})
_GRANTS: dict[Preset, frozenset[str]] = {
    Preset.MAIN: frozenset(
        {
            Right.OPPORTUNITY_READ_OWN,
            Right.OPPORTUNITY_SHARE,
            Right.OPPORTUNITY_ACCEPT,
            Right.OPPORTUNITY_PROGRESS,
            Right.OPPORTUNITY_CLOSE,
            Right.OPPORTUNITY_DELIVER,
            Right.CUSTOMER_MERGE,
            Right.CUSTOMER_READ_OWN,
            Right.CUSTOMER_ASSIGN,
            Right.CUSTOMER_ASSIGN_TO_ANYBODY,
            Right.CUSTOMER_TAG,
            Right.CUSTOMER_REPORT,
            Right.CUSTOMER_INVITE,
            Right.AGREEMENT_READ_SIGNATURES,
            Right.PARTNER_READ_OWN,
            Right.PARTNER_SET_CONTACTS,
            Right.ASSOCIATION_REQUEST,
            Right.VERIFICATION_SWITCH,
            Right.MEMBER_MANAGE,
            Right.PCE_JOIN,
            Right.PCE_LEAVE,
            Right.CLIENT_MANAGE,
            Right.OPERATIONS_PUBLISH,
            Right.OPERATIONS_RETIRE,
            JournalRight.OWN,
        }
    )
    | _EXPORTS,
    Preset.ADM: frozenset(
        {
            Right.CUSTOMER_MERGE,
            Right.CUSTOMER_READ_OWN,
            Right.CUSTOMER_ASSIGN,
            Right.CUSTOMER_ASSIGN_TO_ANYBODY,
            Right.CUSTOMER_TAG,
            Right.CUSTOMER_REPORT,
            Right.CUSTOMER_INVITE,
            Right.AGREEMENT_READ_SIGNATURES,
            Right.PARTNER_READ_OWN,
            Right.PARTNER_SET_CONTACTS,
            Right.ASSOCIATION_REQUEST,
            Right.VERIFICATION_SWITCH,
            Right.MEMBER_MANAGE,
            JournalRight.OWN,
        }
    )
    | _EXPORTS,
    Preset.DIR: frozenset(
        {Right.CUSTOMER_READ_TEAM, Right.CUSTOMER_ASSIGN, Right.PARTNER_READ_OWN, Right.AGREEMENT_READ_SIGNATURES}
    ),
    Preset.MGR: frozenset(
        {
            Right.CUSTOMER_READ_MANAGED,
            Right.CUSTOMER_TAG,
            Right.CUSTOMER_REPORT,
            Right.CUSTOMER_INVITE,
            Right.PARTNER_READ_OWN,
            Right.AGREEMENT_READ_SIGNATURES,
        }
    ),
    Preset.FIN: frozenset({Right.CUSTOMER_READ_OWN, Right.PARTNER_READ_OWN, Right.AGREEMENT_READ_SIGNATURES}),
    Preset.OPS: frozenset(
        {
            Right.CUSTOMER_READ_OWN,
            Right.CUSTOMER_ASSIGN,
            Right.CUSTOMER_ASSIGN_TO_ANYBODY,
            Right.CUSTOMER_TAG,
            Right.CUSTOMER_REPORT,
            Right.CUSTOMER_INVITE,
            Right.PARTNER_READ_OWN,
            Right.AGREEMENT_READ_SIGNATURES,
        }
    ),
    Preset.CUS: frozenset(
        {
            Right.CUSTOMER_READ_SELF,
            Right.INVITATION_ANSWER,
            Right.ASSOCIATION_ANSWER,
            Right.AGREEMENT_SIGN,
            Right.AGREEMENT_READ_SIGNATURES,
            JournalRight.OWN,
            Right.EXPORT,
        }
    ),
    Preset.PDM: _HUAWEI
    | _EXPORTS
    | {
        Right.OPPORTUNITY_READ_PARTNERS,
        Right.OPPORTUNITY_AUDIT,
        Right.OPPORTUNITY_CHANGE_OFFERING,
        Right.CUSTOMER_READ_PARTNERS,
        Right.CUSTOMER_MIGRATE,
        Right.AGREEMENT_READ_SIGNATURES,
        Right.PARTNER_READ_PARTNERS,
        Right.PARTNER_PLACE,
        Right.PCE_DECIDE,
        JournalRight.PARTNERS,
    },
    Preset.PSM: _HUAWEI
    | _EXPORTS
    | {
        Right.OPPORTUNITY_READ_OFFICE,
        Right.OPPORTUNITY_VALIDATE,
        Right.OPPORTUNITY_SHARE_HO,
        Right.OPPORTUNITY_CONFIRM_DELIVERY,
        Right.CUSTOMER_READ_OFFICE,
        Right.PARTNER_READ_ALL,
        JournalRight.OFFICE,
    },
    Preset.BD: _HUAWEI
    | _EXPORTS
    | {
        Right.OPPORTUNITY_READ_CUSTOMERS,
        Right.OPPORTUNITY_CHANGE_OFFERING,
        Right.OPPORTUNITY_CHECK_OWNER,
        Right.OPPORTUNITY_VALIDATE,
        Right.OPPORTUNITY_CANCEL,
        Right.OPPORTUNITY_PROGRESS,
        Right.OPPORTUNITY_CLOSE,
        Right.OPPORTUNITY_CREATE_HO,
        Right.OPPORTUNITY_SHARE_HO,
        Right.OPPORTUNITY_RECALL_HO,
        Right.CUSTOMER_READ_OWNED,
        Right.PARTNER_READ_ALL,
        JournalRight.CUSTOMERS,
    },
    Preset.OWN: _HUAWEI
    | _EXPORTS
    | {
        Right.OPPORTUNITY_READ_CUSTOMERS,
        Right.OPPORTUNITY_CHECK_OWNER,
        Right.CUSTOMER_READ_OWNED,
        Right.PARTNER_READ_ALL,
        JournalRight.CUSTOMERS,
    },
    Preset.ECO: _HUAWEI
    | _EXPORTS
    | {
        Right.OPPORTUNITY_READ_ALL,
        Right.OPPORTUNITY_AUDIT,
        Right.OPPORTUNITY_AUDIT_POOL,
        Right.OPPORTUNITY_ONBOARD,
        Right.CUSTOMER_MERGE,
        Right.CUSTOMER_READ_ALL,
        Right.CUSTOMER_ONBOARD,
        Right.CUSTOMER_READ_FACTS,
        Right.CUSTOMER_DECIDE_REPORT,
        Right.ASSOCIATION_FORCE_CLOSE,
        Right.AGREEMENT_PUBLISH,
        Right.AGREEMENT_READ_SIGNATURES,
        Right.KNOWLEDGE_FEED,
        Right.PARTNER_READ_ALL,
        Right.PARTNER_MANAGE,
        Right.PARTNER_PLACE,
        Right.PCE_DECIDE,
        Right.OPERATIONS_ADMIT,
        Right.OPERATIONS_RETIRE,
        Right.OPERATIONS_READ_ALL,
        Right.POLICY_EDIT,
        Right.CALENDAR_EDIT,
        JournalRight.ALL,
    },
    Preset.KOO: _HUAWEI | _EXPORTS | {Right.CUSTOMER_READ_ALL, Right.PARTNER_READ_ALL, JournalRight.PARTNERS},
    Preset.HFI: _HUAWEI
    | _EXPORTS
    | {
        Right.OPPORTUNITY_READ_ALL,
        Right.CUSTOMER_READ_ALL,
        Right.AGREEMENT_READ_SIGNATURES,
        Right.PARTNER_READ_ALL,
        JournalRight.ALL,
    },
    Preset.AUD: _HUAWEI
    | _EXPORTS
    | {
        Right.OPPORTUNITY_READ_ALL,
        Right.CUSTOMER_READ_ALL,
        Right.CUSTOMER_READ_FACTS,
        Right.AGREEMENT_READ_SIGNATURES,
        Right.PARTNER_READ_ALL,
        Right.EXPORT_READ_ALL,
        Right.OPERATIONS_READ_ALL,
        JournalRight.ALL,
    },
    Preset.SYS: _HUAWEI | {Right.PARTNER_READ_ALL, Right.ACCOUNT_MANAGE, Right.ROLE_MANAGE},
}

# Leads and deal registrations, the rows of COL-7.2. On Huawei's side whoever sees customers sees them, but for leads of
# BD and customer owner: a lead is no customer yet and has neither.
_LEAD_ADMINISTRATION = {Right.LEAD_READ_OWN, Right.LEAD_ADMINISTER, Right.LEAD_DISPATCH_TO_ANYBODY}
_LEADS_AND_DEALS_OF_ALL = frozenset({Right.LEAD_READ_ALL, Right.DEAL_READ_ALL})
_ADMINISTRATION = frozenset(
    {*_LEAD_ADMINISTRATION, Right.LEAD_DISPATCH, Right.LEAD_FOLLOW, Right.DEAL_READ_OWN, Right.DEAL_CREATE}
)
_LEADS_AND_DEALS: dict[Preset, frozenset[str]] = {
    Preset.MAIN: _ADMINISTRATION,
    Preset.ADM: _ADMINISTRATION,
    Preset.DIR: frozenset(
        {
            *(Right.LEAD_READ_TEAM, Right.LEAD_READ_FOLLOWED, Right.LEAD_DISPATCH, Right.LEAD_FOLLOW),
            Right.DEAL_READ_TEAM,
        }
    ),
    Preset.MGR: frozenset(
        {Right.LEAD_READ_FOLLOWED, Right.LEAD_FOLLOW, Right.DEAL_READ_MANAGED, Right.DEAL_CREATE},
    ),
    Preset.OPS: frozenset(
        {
            *(Right.LEAD_READ_FOLLOWED, Right.LEAD_DISPATCH, Right.LEAD_DISPATCH_TO_ANYBODY, Right.LEAD_FOLLOW),
            *(Right.DEAL_READ_OWN, Right.DEAL_CREATE),
        }
    ),
    Preset.PDM: frozenset({Right.LEAD_READ_PARTNERS, Right.DEAL_READ_PARTNERS}),
    Preset.PSM: frozenset({Right.LEAD_READ_OFFICE, Right.DEAL_READ_OFFICE}),
    Preset.BD: frozenset({Right.DEAL_READ_OWNED}),
    Preset.OWN: frozenset({Right.DEAL_READ_OWNED}),
    Preset.ECO: _LEADS_AND_DEALS_OF_ALL | {Right.LEAD_PUSH},
    Preset.KOO: _LEADS_AND_DEALS_OF_ALL,
    Preset.HFI: _LEADS_AND_DEALS_OF_ALL,
    Preset.AUD: _LEADS_AND_DEALS_OF_ALL,
}


# Whoever may invite a partner to a path invites companies to enter; ecosystem operations review (PL-16, PL-17).
_ENTRY: dict[Preset, frozenset[str]] = {
    Preset.MAIN: frozenset({Right.ENTRY_FILL}),
    Preset.PDM: frozenset({Right.ENTRY_INVITE, Right.ENTRY_READ_INVITED}),
    Preset.ECO: frozenset({Right.ENTRY_INVITE, Right.ENTRY_READ_ALL, Right.ENTRY_DECIDE}),
    Preset.AUD: frozenset({Right.ENTRY_READ_ALL}),
}
# An account whose company has not joined yet may fill in its entry and nothing else.
APPLICANT: frozenset[str] = frozenset({Right.ENTRY_FILL})

# Balances, budgets and what hangs on them: allocating and budgets as COL-7.2 has them, freezing by the administrator
# (COL-5.10.8); what stands in the ledger is kept by Huawei's finance.
_FUNDS: dict[Preset, frozenset[str]] = {
    Preset.MAIN: frozenset(
        {
            *(Right.BALANCE_READ, Right.BALANCE_ALLOCATE, Right.CUSTOMER_FREEZE, Right.BUDGET_SET, Right.BUDGET_GRANT),
            *(Right.AUTHORISATION_REQUEST, Right.AUTHORISATION_COMMIT),
        }
    ),
    Preset.ADM: frozenset(
        {
            *(Right.BALANCE_READ, Right.BALANCE_ALLOCATE, Right.CUSTOMER_FREEZE, Right.BUDGET_SET, Right.BUDGET_GRANT),
            *(Right.AUTHORISATION_REQUEST, Right.AUTHORISATION_COMMIT),
        }
    ),
    Preset.MGR: frozenset({Right.AUTHORISATION_REQUEST}),
    Preset.FIN: frozenset({Right.BALANCE_READ, Right.BALANCE_ALLOCATE, Right.BUDGET_SET}),
    Preset.OPS: frozenset({Right.AUTHORISATION_REQUEST}),
    Preset.CUS: frozenset({Right.BALANCE_READ, Right.AUTHORISATION_ANSWER}),
    Preset.PDM: frozenset({Right.BALANCE_READ}),
    Preset.ECO: frozenset({Right.BALANCE_READ}),
    Preset.HFI: frozenset({Right.BALANCE_READ, Right.BALANCE_KEEP}),
    Preset.AUD: frozenset({Right.BALANCE_READ}),
}


def _presets() -> dict[Preset, PresetRole]:
    fields = _field_permissions()
    none: frozenset[str] = frozenset()
    return {
        role: PresetRole(
            role,
            _GRANTS[role]
            | _LEADS_AND_DEALS.get(role, none)
            | _ENTRY.get(role, none)
            | _FUNDS.get(role, none)
            | fields[role],
        )
        for role in Preset
    }


PRESETS: Mapping[Preset, PresetRole] = MappingProxyType(_presets())


def every_permission() -> frozenset[str]:
    """List every permission that a role may grant, those on fields included."""
    on_fields = {f"{group}:{verb}" for group in FIELD_GROUPS for verb in _VERBS.values()}
    return frozenset({*map(str, Right), *map(str, JournalRight), *on_fields})
