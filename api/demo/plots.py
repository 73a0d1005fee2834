"""What happens to each opportunity of the demonstration, and how many days ago."""

from typing import Final

from api.demo.steps import (
    Step,
    accept,
    audit,
    begin,
    cancel,
    check,
    complete,
    confirm,
    copy,
    create,
    decline,
    deliver,
    dispute,
    draft,
    lose,
    recall,
    reject,
    reject_audit,
    report,
    send_back,
    share,
    submit,
    validate,
    win,
)
from models.opportunity import CancelReason, DeclineReason, LostReason, RejectionReason, Stage

Plot = tuple[tuple[float, Step], ...]

SOLUTION, POC, NEGOTIATION = report(Stage.SOLUTION), report(Stage.POC), report(Stage.NEGOTIATION)
DELIVERING = report(Stage.DELIVERING)


def _passed(days_ago: int) -> Plot:
    """Take an opportunity from submission to validation within a week."""
    return ((days_ago, submit), (days_ago - 1, audit), (days_ago - 4, check()), (days_ago - 5, validate))


def _accepted(days_ago: int, firm: str) -> Plot:
    """Take an opportunity of Huawei's from its creation to acceptance by a partner."""
    return ((days_ago, create), (days_ago - 1, share(firm)), (days_ago - 2, accept(firm)))


PLOTS: Final[dict[str, Plot]] = {
    # Shared by 华启软件
    "mes": (
        (170, draft),
        *_passed(169),
        *((150, SOLUTION), (130, POC), (105, NEGOTIATION), (84, win), (62, DELIVERING), (40, DELIVERING)),
        *((20, deliver), (14, confirm)),
    ),
    "gmp": (*_passed(120), (95, SOLUTION), (72, POC), (50, NEGOTIATION), (30, win), (12, DELIVERING)),
    "port": (
        *_passed(110),
        *((85, POC), (60, NEGOTIATION), (45, win), (25, deliver)),
        (18, dispute("现场核查发现车队预约模块尚未上线，与交付清单不符，请完成后重新提交。")),
        (10, DELIVERING),
    ),
    "battery": (*_passed(70), (50, SOLUTION), (28, POC), (6, NEGOTIATION)),
    "tickets": (
        *_passed(61),
        (40, SOLUTION),
        (
            21,
            lose(LostReason.COMPETITOR, "客户选择了报价更低的方案，我方在交付周期上有优势。", competitor="某云服务商"),
        ),
    ),
    "parts": ((8, submit), (7, audit), (5, check())),
    "fab": ((7, submit), (6, audit)),
    "twin": ((5, submit), (4, audit)),
    "shop": ((15, submit),),
    "campus": ((9, submit), (8, send_back("请补充项目预算的来源，以及分批实施的时间安排。", "budget", "timeline"))),
    "wine": (
        (45, submit),
        (44, reject_audit(RejectionReason.VAGUE_DESCRIPTION, "未说明现有系统情况与业务目标，请补充后重新提交。")),
        (43, copy("wine.again")),
    ),
    "port.warehouse": ((1, submit),),
    "parts.two": ((2, begin),),
    # Shared by 云帆科技
    "robot": (*_passed(100), (80, POC), (60, NEGOTIATION), (45, win), (25, DELIVERING), (9, deliver)),
    "mart": (*_passed(56), (40, SOLUTION), (15, POC)),
    "mart.cold": (
        (50, submit),
        (49, send_back("请写明客户侧决策人及其授权范围。", "authority")),
        (47, complete(authority="客户供应链副总裁为决策人，信息总监负责选型，采购部按授权直接签约，无需集团审批。")),
        (46, audit),
    ),
    "kiln": (
        *_passed(36),
        (20, SOLUTION),
        (11, cancel(CancelReason.CUSTOMER_WITHDREW, "客户调整年度投资计划，撤回本项目需求。")),
    ),
    "cargo": (
        *((30, submit), (29, audit), (26, check(budget=False))),
        (25, reject(RejectionReason.NO_BUDGET_OR_TIME, "客户确认预算尚未批复，请在预算明确后重新提交。")),
    ),
    "water": ((4, submit), (3, audit)),
    "fab.yunfan": ((6, submit), (3, audit)),
    "mes.yunfan": (
        *((75, submit), (74, audit)),
        (70, reject(RejectionReason.DUPLICATE_PO, "该项目已有其他伙伴的机会点在先。", duplicate_of="mes")),
    ),
    "robot.iot": ((0.1, submit),),
    # Shared by 蓉信数据, whose audits go to the pool
    "park": (*_passed(80), (60, SOLUTION)),
    "scenic": (
        (25, submit),
        (24, reject_audit(RejectionReason.BANT_INCOMPLETE, "决策链与时间计划描述不完整，请按四要素补充。")),
    ),
    "bank": ((2, submit),),
    "park.app": ((1, draft),),
    # Shared by Huawei
    "render": (*_accepted(98, "huaqi"), (80, POC), (60, win), (40, DELIVERING), (18, deliver)),
    "farm": (*_accepted(65, "yunfan"), (45, SOLUTION), (22, POC)),
    "pasture": (
        *_accepted(50, "huaqi"),
        (35, SOLUTION),
        (24, lose(LostReason.CUSTOMER_CANCELLED, "客户将溯源平台建设推迟到下一年度。")),
    ),
    "hospital": (*_accepted(40, "huaqi"), (20, NEGOTIATION), (5, win)),
    "backup": (
        *_accepted(34, "yunfan"),
        (16, cancel(CancelReason.DUPLICATE_FOUND, "与集团统一建设的容灾项目重复，由集团统筹。")),
    ),
    "film": (
        *((30, create), (29, share("yunfan"))),
        (28, decline("yunfan", DeclineReason.NO_CAPACITY, "近期交付资源已排满，无法按期响应。")),
    ),
    "ward": ((24, create), (23, share("huaqi"))),
    "crop": ((10, create), (9, share("yunfan")), (8, recall("客户希望由本地伙伴跟进，收回后重新分配。"))),
    "brain": ((3, create), (1, share("huaqi", viewed=True))),
    "guard": ((2, create), (0.05, share("yunfan"))),
    "yard": ((2, create),),
}
