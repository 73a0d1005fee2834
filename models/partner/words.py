"""The words in which partner organisations are described."""

from __future__ import annotations

from models.kernel.words import Word


class PartnerKind(Word):
    """What a partner is in the channel (伙伴类型)."""

    SOLUTION_PROVIDER = "SOLUTION_PROVIDER", "解决方案提供商", "Solution provider"
    DISTRIBUTOR = "DISTRIBUTOR", "总经销商", "Tier-1 distributor"
    RESELLER = "RESELLER", "云经销商", "Reseller"


class PartnerLevel(Word):
    """How far a partner has come (伙伴级别, PL-12)."""

    REGISTERED = "REGISTERED", "认证", "Registered"
    PREFERRED = "PREFERRED", "优选", "Preferred"
    LEADING = "LEADING", "领先", "Leading"
    CORE = "CORE", "核心", "Core"


class Path(Word):
    """A development path (发展路径, PL-01)."""

    SOFTWARE = "SOFTWARE", "软件伙伴发展路径", "Software"
    SERVICE = "SERVICE", "服务伙伴发展路径", "Service"
    SYSTEM_INTEGRATOR = "SYSTEM_INTEGRATOR", "系统集成商发展路径", "System integrator"
    LEARNING = "LEARNING", "学习与赋能伙伴发展路径", "Learning and enablement"
    DISTRIBUTOR = "DISTRIBUTOR", "总经销商发展路径", "Tier-1 distributor"


class PathStage(Word):
    """Where a partner stands on a path (路径阶段, PL-03)."""

    ROLE_SELECTION = "ROLE_SELECTION", "角色选择", "Role selection"
    ROLE_VALIDATION = "ROLE_VALIDATION", "角色认证", "Role validation"
    DIFFERENTIATION = "DIFFERENTIATION", "能力差异化", "Competency differentiation"


class Plan(Word):
    """A partner plan (伙伴计划, PL-08)."""

    CSP = "CSP", "云解决方案提供商计划", "Cloud solution provider"
    DISTRIBUTION_TIER_1 = "DISTRIBUTION_TIER_1", "总经销商计划", "Distribution, tier 1"
    DISTRIBUTION_RESELLER = "DISTRIBUTION_RESELLER", "云经销商计划", "Distribution, reseller"
    PCE = "PCE", "合作伙伴共拓计划", "Partner customer engagement"
    KOOGALLERY_SELLER = "KOOGALLERY_SELLER", "云商店商家计划", "KooGallery seller"
    KOOGALLERY_SERVICE = "KOOGALLERY_SERVICE", "云商店客户服务商计划", "KooGallery customer service provider"
    COMPETENCY = "COMPETENCY", "能力伙伴计划", "Competency"
    SERVICE_COMPETENCY = "SERVICE_COMPETENCY", "服务伙伴能力提升计划", "Service competency improvement"
    FUNDING_HEAD = "FUNDING_HEAD", "专职人员激励计划", "Funding Head programmes"
    HMS = "HMS", "HMS 计划", "HMS"


class OfferingKind(Word):
    """What an offering is (Offering 类型)."""

    KOOGALLERY_PRODUCT = "KOOGALLERY_PRODUCT", "云商店商品", "KooGallery product"
    BASELINE_SOLUTION = "BASELINE_SOLUTION", "基线解决方案", "Baseline solution"
