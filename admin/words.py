"""Every sentence of the back-office in Chinese and in English, SQLAdmin's own included."""

from __future__ import annotations

from typing import Any, Final

from babel.support import NullTranslations
from sqladmin import i18n

from models.kernel.words import Lang

WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("伙伴中心后台", "Partner Center back-office"),
    "brand": ("伙伴中心", "Partner Center"),
    "home": ("工作台", "Start"),
    "other_language": ("English", "中文"),
    "sign_in": ("登录", "Sign in"),
    "sign_out": ("退出登录", "Sign out"),
    "login": ("登录名", "Login"),
    "password": ("密码", "Password"),
    "welcome": ("您好，{name}", "Hello, {name}"),
    "session_over": ("登录已失效，请重新登录。", "Your session has ended; sign in again."),
    "signed_out": ("您已退出登录。", "You are signed out."),
    "change_password": ("修改密码", "Change password"),
    "must_change": (
        "首次登录须修改初始密码后才能继续。",
        "Change your initial password before you go on.",
    ),
    "present_password": ("当前密码", "Present password"),
    "new_password": ("新密码", "New password"),
    "new_password_again": ("再次输入新密码", "New password again"),
    "password_rule": ("12 至 128 个字符。", "12 to 128 characters."),
    "passwords_differ": ("两次输入的新密码不一致。", "The two new passwords differ."),
    "set_password": ("设置新密码", "Set a new password"),
    "password_set": ("新密码已设置，请登录。", "The new password is set; sign in."),
    "password_changed": ("密码已修改，其他会话已结束。", "The password is changed; other sessions have ended."),
    "no_back_office": ("您的账号不能进入后台。", "Your account may not enter the back-office."),
    # Frame
    "menu": ("菜单", "Menu"),
    "close": ("关闭", "Close"),
    "cancel": ("取消", "Cancel"),
    "save": ("保存", "Save"),
    "edit": ("编辑", "Edit"),
    "remove": ("撤销", "Take back"),
    "yes": ("是", "Yes"),
    "no": ("否", "No"),
    "any": ("全部", "Any"),
    "none": ("—", "—"),
    "saved": ("已保存。", "Saved."),
    "done": ("已完成：{what}。", "Done: {what}."),
    "optional": ("选填", "optional"),
    "choose": ("请选择", "Choose"),
    "group_work": ("业务", "Work"),
    "group_records": ("记录", "Records"),
    "group_system": ("系统", "System"),
    # Lists
    "search": ("查询", "Search"),
    "reset": ("重置", "Reset"),
    "of_total": ("共 {total} 条", "{total} in all"),
    "of_more": ("超过 {total} 条", "More than {total}"),
    "previous": ("上一页", "Previous"),
    "next": ("下一页", "Next"),
    "per_page": ("每页 {size} 条", "{size} a page"),
    "empty": ("没有符合条件的记录", "No records here"),
    "empty_filtered_hint": ("请调整筛选条件后重试。", "Try other filters."),
    "empty_hint": ("有新的记录后会显示在这里。", "New records will show up here."),
    "sort_by": ("按{field}排序", "Sort by {field}"),
    "from": ("从", "from"),
    "until": ("至", "to"),
    "masked_cell": ("已脱敏", "Masked"),
    "refused_cell": ("您无权查看此字段", "You may not see this field"),
    "reveal_column": ("查看本页的“{field}”", "Show “{field}” for this page"),
    "hide_column": ("隐藏“{field}”", "Hide “{field}”"),
    "reveal_title": ("查看“{field}”明文", "Show “{field}” plainly"),
    "reveal_note": (
        "将显示本页 {count} 条记录的明文，并记录到操作记录。",
        "Shows the plain values of {count} rows on this page and writes one line into the journal.",
    ),
    "reveal_reason": ("查看原因", "Why do you look?"),
    "reveal": ("查看明文", "Show"),
    "could_not_reveal": ("暂时无法查看，请刷新页面后重试。", "This did not work; reload the page and try again."),
    # Tools and their operations
    "clients": ("客户端应用", "Client applications"),
    "manifests": ("操作清单版本", "Versions of operations"),
    "operations": ("持久化操作", "Persisted operations"),
    "operations_none": ("尚未发布任何操作", "Nothing has been published yet"),
    "operation_text": ("操作原文", "Text of the operation"),
    "operation_analysis": ("操作分析", "Analysis"),
    "operation_change": ("与上一准入版本的差异", "Changes since the last admitted version"),
    "operation_verdict": ("审核意见", "The verdict"),
    "operation_before": ("查看上一准入版本", "Open that version"),
    "operation_ruled": ("受控字段", "Ruled fields"),
    "operation_permissions": ("所需权限", "Permissions needed"),
    "operation_deprecated": ("弃用字段", "Deprecated fields"),
    "operation_fields": ("访问的全部字段", "Every field that it touches"),
    "operation_usage": ("近 30 天用量", "Usage in the last 30 days"),
    "operation_used": (
        "调用 {calls} 次，出错 {errors} 次，P95 {p95}，最近调用 {seen}",
        "{calls} calls, {errors} errors, P95 {p95}, last called {seen}",
    ),
    "fields_added": ("新增字段", "Fields added"),
    "fields_removed": ("减少字段", "Fields removed"),
    "usage_calls": ("调用次数", "Calls"),
    "usage_errors": ("出错次数", "Errors"),
    "usage_seen": ("最近调用", "Last called"),
    "usage_never": ("从未调用", "Never"),
    "client_mode": ("调用模式", "Mode"),
    "client_switch": ("切换模式", "Switch"),
    "client_mode_hint": (
        "立即生效。放宽伙伴工具的模式须由生态运营操作；生产环境不可设为开放模式。",
        "Holds from the next call. Ecosystem operations alone loosen a partner's tool; in production none is opened.",
    ),
    "admission_end_hint": ("留空时按默认有效期计算", "Empty: the default period"),
    "retire_hint": ("北京时间；留空时立即停用", "Beijing time; empty: at once"),
    # Exports
    "exports": ("导出记录", "Exports"),
    "export": ("导出", "Export"),
    "export_note": (
        "按当前筛选条件在后台生成文件，敏感字段保持脱敏；完成后可在“导出记录”中下载。",
        "Makes a file of what the present filters show, masked as here; fetch it from “Exports” when it is done.",
    ),
    "export_reason": ("导出原因", "Why do you export?"),
    "export_start": ("开始导出", "Export"),
    "export_asked": ("导出任务已创建。", "The export is under way."),
    "export_cancelled": ("导出已取消。", "The export is cancelled."),
    "export_file": ("文件", "File"),
    "export_progress": ("进度", "Progress"),
    "export_download": ("下载", "Download"),
    "export_cancel": ("取消导出", "Cancel the export"),
    "export_everything": ("未设筛选条件，导出全部可见记录", "No filters: all that you may see"),
    # Details
    "facts": ("基本信息", "Facts"),
    "timeline": ("操作历程", "Timeline"),
    "timeline_empty": ("暂无操作记录", "Nothing has happened yet"),
    "timeline_more": ("仅显示最近 {count} 条", "The latest {count} lines"),
    "steps": ("可执行操作", "What you can do"),
    "steps_none": ("当前没有可执行的操作", "There is nothing for you to do now"),
    "blocked": ("暂不可用", "Not possible now"),
    "sla": ("处理时限", "Time limit"),
    "sla_due": ("截止时间（北京时间）", "Due (Beijing time)"),
    "sla_breach": ("逾期后", "When it runs out"),
    "sla_days": ("{days} 个工作日", "{days} working days"),
    "sla_day": ("{days} 个工作日", "{days} working day"),
    "sla_hours": ("{hours} 个工作小时", "{hours} working hours"),
    "sla_rest": ("{hours} 小时", "{hours} h"),
    "sla_over": ("已逾期", "Overdue"),
    "reason_code": ("原因代码", "Reason code"),
    "reason_text": ("原因说明", "Reason"),
    "fields_to_complete": ("需要补充的字段", "Fields to complete"),
    "changed_fields": ("{count} 项变更", "Changes: {count}"),
    "internal": ("内部", "internal"),
    "hidden_value": ("已脱敏", "masked"),
    # Notices
    "notices": ("通知", "Notices"),
    "notices_unread": ("未读", "Unread"),
    "notices_all": ("全部通知", "All notices"),
    "notices_none": ("暂无通知", "No notices"),
    "notices_none_hint": ("有与您相关的进展时会显示在这里。", "What concerns you will show up here."),
    "notices_read_all": ("全部标为已读", "Mark all as read"),
    "notices_mark_read": ("标为已读", "Mark as read"),
    "notices_open": ("查看", "Open"),
    "notices_bell": ("通知，{count} 条未读", "Notices, {count} unread"),
    "preferences": ("邮件通知设置", "What comes by mail"),
    "preferences_hint": (
        "所有通知都会出现在通知列表中；请选择还需要通过邮件接收的类型。",
        "The inbox has every notice; choose which of them come by mail too.",
    ),
    "preferences_no_address": (
        "您的账号没有邮箱地址，不会收到邮件。",
        "Your account has no e-mail address, so no mail is sent to you.",
    ),
    "preferences_address": ("邮件将发送至 {address}。", "Mail goes to {address}."),
    # The queue
    "queue": ("审批队列", "Queue"),
    "queue_all_kinds": ("全部类型", "All kinds"),
    "queue_all": ("全部", "All"),
    "queue_mine": ("我认领的", "Mine"),
    "queue_free": ("未认领", "Unclaimed"),
    "queue_pool": ("公共池", "Pool"),
    "queue_closed": ("已处理", "Decided"),
    "queue_empty": ("没有待处理的审批", "Nothing waits for you"),
    "queue_empty_hint": ("新的审批进入队列后会显示在这里。", "New entries will show up here."),
    "claim": ("认领", "Claim"),
    "claim_again": ("续期认领", "Claim again"),
    "release": ("释放", "Release"),
    "claimed": ("已认领，请在 {minutes} 分钟内处理。", "You have claimed it; decide within {minutes} minutes."),
    "released": ("已释放，其他审批人可以认领。", "Released; others may claim it."),
    "held_by_you": ("由您认领，剩余 {minutes} 分钟", "Claimed by you, {minutes} minutes left"),
    "held_by": ("由 {name} 认领，剩余 {minutes} 分钟", "Claimed by {name}, {minutes} minutes left"),
    "held_by_another": ("其他审批人", "another reviewer"),
    "not_held": ("未认领", "Unclaimed"),
    "claim_hint": (
        "认领后，受控字段在认领期间以明文显示，其他审批人不能处理。",
        "While you hold it, ruled fields show plainly and nobody else decides.",
    ),
    "decide": ("处理意见", "Decision"),
    "decide_none": ("您不能处理此记录", "There is nothing that you can decide here"),
    "decided": ("已处理：{what}。", "Decided: {what}."),
    "decided_as": ("处理结果：{what}", "Decided: {what}"),
    "next_item": ("下一条", "Next item"),
    "no_next_item": ("队列中没有其他待处理的审批。", "Nothing else waits for you."),
    "beside_empty": ("没有相关记录", "None"),
    "open_record": ("打开记录", "Open the record"),
    "concerns": ("请留意", "Look at twice"),
    "conflict_title": ("其他人已先行处理", "Somebody else was faster"),
    "conflict_text": (
        "在您查看期间，该记录已发生变化，您的处理未生效。以下是最新状态。",
        "The record changed while you looked at it, so your decision did not count. This is how it stands now.",
    ),
    "submitted_by_you": ("由您提交，须由其他人处理", "You submitted this; somebody else decides"),
    # Start page
    "start_waiting": ("待处理审批", "Waiting for a decision"),
    "start_mine": ("我认领的审批", "Claimed by me"),
    "start_late": ("已逾期", "Overdue"),
    "start_today": ("一个工作日内到期", "Due within a working day"),
    "start_by_kind": ("按类型", "By kind"),
    "quick": ("快捷入口", "Go to"),
    "start_go": ("进入队列", "Go to the queue"),
    "start_next": ("处理下一条", "Take the next one"),
    # Nouns
    "customers": ("客户", "Customers"),
    "partners": ("伙伴组织", "Partners"),
    "opportunities": ("机会点", "Opportunities"),
    "memberships": ("共拓计划成员", "PCE memberships"),
    "ho_desk": ("HO 工作台", "HO desk"),
    "journal": ("操作记录", "Journal"),
    "policies": ("政策参数", "Policies"),
    "policy_history": ("政策参数历史", "Policy history"),
    "calendar": ("工作日历", "Working calendar"),
    "accounts": ("账号", "Accounts"),
    "roles": ("角色", "Roles"),
    "section_company": ("公司信息", "Company"),
    "section_account": ("账号与联系方式", "Account and contact"),
    "section_association": ("关联与归属", "Association and owners"),
    "section_customer": ("客户与联系人", "Customer and contact"),
    "section_terms": ("商机信息", "Terms"),
    "section_verdict": ("审核与验证", "Audit and validation"),
    "section_close": ("签单与交付", "Closing and delivery"),
    "section_routing": ("归属与来源", "Routing and origin"),
    "contacts": ("客户联系人", "Contacts"),
    "customer_reports": ("客户报备", "Customer reports"),
    "invitations": ("客户邀请", "Invitations"),
    "agreements": ("协议管理", "Agreements"),
    "association_events": ("关联关系操作记录", "History of associations"),
    "signatures": ("协议签署", "Signatures"),
    "knowledge": ("知识推荐", "Knowledge recommendations"),
    "standings": ("客户情况", "What is known"),
    "section_report": ("报备信息", "Report"),
    "section_invitation": ("邀请信息", "Invitation"),
    "section_answer": ("发送与答复", "Sending and answer"),
    "leads": ("线索", "Leads"),
    "deal_registrations": ("商机报备", "Deal registrations"),
    "follow_ups": ("跟进记录", "Follow-ups"),
    "section_lead": ("线索信息", "Lead"),
    "section_following": ("派发与跟进", "Dispatch and follow-up"),
    "section_deal_basic": ("基本信息", "Basics"),
    "section_deal_detail": ("详细信息", "Details"),
    "section_deal_revenue": ("收入信息", "Revenue"),
    "lead_push": ("下发线索", "Send a lead down"),
    "lead_push_note": (
        "公司名称和客户名称至少填写一项；下发后由伙伴的主账号派发。",
        "Give a company or a customer name; the partner's main account then dispatches the lead.",
    ),
    "lead_pushed": ("线索已下发。", "The lead is sent down."),
    "lead_import": ("导入下发", "Send down from a file"),
    "lead_import_note": (
        "CSV 或 XLSX，每行一条线索，第一行为列名：{columns}。重复导入同一行不会新增线索；有错误的行不导入，其余照常。",
        "CSV or XLSX, one lead a row, under these headings: {columns}. Importing a row again adds nothing; a row with "
        "errors is left out, the others come in.",
    ),
    "lead_file": ("文件", "File"),
    "lead_file_missing": ("请选择一个文件。", "Choose one file."),
    "lead_template": ("下载模板", "Template"),
    "lead_import_start": ("导入", "Import"),
    "lead_import_done": (
        "已导入 {created} 条，此前已导入 {known} 条，未导入 {refused} 条。",
        "Imported: {created}. Imported before: {known}. Refused: {refused}.",
    ),
    "lead_import_line": ("行", "Line"),
    "lead_import_result": ("结果", "Result"),
    "lead_import_problems": ("问题", "Problems"),
    "progress": ("进展更新", "Progress"),
    "owner_checks": ("客户负责人核实", "Owner checks"),
    "attachments": ("附件", "Files"),
    "files_add": ("添加附件", "Add files"),
    "files_place": ("附件类别", "What kind"),
    "files_choose": ("文件", "Files"),
    "files_pick": ("选择文件……", "Choose files…"),
    "files_limits": (
        "每条记录最多 {most} 个文件，单个不超过 {megabytes} MB；支持 PDF、Office 文档、图片、文本和 ZIP。",
        "At most {most} files a record, {megabytes} MB each: PDF, Office documents, pictures, text and ZIP.",
    ),
    "files_for_partner": ("处理后伙伴可见", "The partner reads it once the decision is made"),
    "files_for_huawei": ("仅华为可见", "For Huawei only"),
    "files_upload": ("上传", "Upload"),
    "files_sending": ("正在上传……", "Uploading…"),
    "files_added": ("已添加 {count} 个附件。", "Files added: {count}."),
    "files_again": ("未保存任何附件，请更正后重新选择。", "No file was stored; put it right and choose again."),
    "files_too_large": ("“{name}”超过 {megabytes} MB。", "“{name}” is larger than {megabytes} MB."),
    "files_too_many": ("一次最多选择 {most} 个文件。", "Choose {most} files at most."),
    "files_mine": ("可撤回的附件", "Files that you may take back"),
    "file_refused": ("“{name}”：{why}", "“{name}”: {why}"),
    "file_remove": ("删除附件", "Remove the file"),
    "file_removed": ("附件已删除。", "The file is removed."),
    "duplicates": ("疑似重复", "Possible duplicates"),
    "offers": ("共享记录", "Offers"),
    "lines": ("产品行", "Product lines"),
    "ho_create": ("新建 HO", "New HO"),
    "ho_create_note": ("信息以云 CRM 中的记录为准。", "As the record stands in Huawei's CRM."),
    "ho_crm_hint": ("在 CRM 中的创建时间，北京时间", "When it was created in CRM, Beijing time"),
    "ho_partner_hint": (
        "仅列出满足条件的伙伴，按匹配度排序。",
        "Eligible partners only, the best match first.",
    ),
    "ho_created": ("HO 已创建，可共享给伙伴。", "The HO is created and can be shared."),
    # Partners
    "paths": ("发展路径", "Paths"),
    "plans": ("伙伴计划", "Plans"),
    "offerings": ("Offering", "Offerings"),
    "pce_memberships": ("共拓计划", "PCE"),
    # Settings
    "policy_change": ("调整参数", "Change"),
    "policy_seed": ("默认值", "Seeded value"),
    "policy_now": ("当前取值", "In force now"),
    "policy_next": ("已排期", "Scheduled"),
    "policy_from": ("生效日期（北京时间，留空为立即生效）", "In force from (Beijing; empty: now)"),
    "policy_saved": ("参数已调整。", "The policy is changed."),
    "calendar_add": ("调整一天", "Change a day"),
    "calendar_working": ("工作日", "Working day"),
    "calendar_free": ("休息日", "Day off"),
    "calendar_saved": ("日历已调整，{moved} 个时限顺延。", "The calendar is changed; {moved} due times moved later."),
    "calendar_hint": (
        "仅列出与国务院公布日历不同的日期。调整只会使时限顺延，不会提前。",
        "Only days that differ from the published calendar. A change may move due times later, never earlier.",
    ),
    "calendar_covered": ("已公布的节假日安排截至 {day}", "Holidays are announced until {day}"),
    # Accounts
    "unlock": ("解锁", "Unlock"),
    "deactivate": ("停用", "Deactivate"),
    "reactivate": ("启用", "Reactivate"),
    "set_roles": ("分配角色", "Set roles"),
    "reset_link": ("生成重置链接", "Make a reset link"),
    "reset_link_made": ("重置链接（仅显示一次）", "Reset link (shown once)"),
    # Errors
    "error": ("无法完成", "This did not work"),
    "error_404": ("没有找到该页面或记录", "There is no such page or record"),
    "error_403": ("您没有权限执行此操作", "You may not do this"),
    "error_405": ("不支持此操作方式", "This cannot be done in this way"),
    "error_413": ("提交的内容过大", "What was sent is too large"),
    "error_500": ("系统出错，未做任何更改", "Something broke; nothing was changed"),
    "error_origin": (
        "请求不是从本后台页面发出的，已拒绝。请打开后台页面重试。",
        "The request did not come from a page of this back-office and was refused.",
    ),
    "error_token": (
        "页面已过期，未做任何更改。请刷新页面后重试。",
        "The page is out of date; nothing was changed. Reload it and try again.",
    ),
    "error_request": ("请求编号：{id}", "Request id: {id}"),
}

SQLADMIN_ZH: Final[dict[str, str]] = {
    "List": "列表",
    "Details": "详情",
    "Create": "新建",
    "Edit": "编辑",
    "Delete": "删除",
    "Export": "导出",
    "Import": "导入",
    "Access": "访问权限",
    "Page": "页面",
    "Permissions": "权限",
    "You are not allowed to grant: %(permissions)s": "您不能授予：%(permissions)s",
    "New %(name)s": "新建%(name)s",
    "Cancel": "取消",
    "Save": "保存",
    "Save and continue editing": "保存并继续编辑",
    "Save and add another": "保存并继续新建",
    "Column": "字段",
    "Value": "取值",
    "Go Back": "返回",
    "Edit %(name)s": "编辑%(name)s",
    "Save as new": "另存为新记录",
    "Logout": "退出登录",
    "Language": "语言",
    "Import CSV": "导入 CSV",
    "You are not authorized to view these records.": "您无权查看这些记录。",
    "Actions": "操作",
    "Delete selected items": "删除所选记录",
    "Search": "查询",
    "Select all": "全选",
    "Select item": "选择",
    "View": "查看",
    "Showing %(start)s to %(end)s of %(count)s items": "第 %(start)s 至 %(end)s 条，共 %(count)s 条",
    "prev": "上一页",
    "next": "下一页",
    "Show": "显示",
    "%(size)s / Page": "每页 %(size)s 条",
    "Filters": "筛选条件",
    "Login to %(title)s": "登录%(title)s",
    "Username": "登录名",
    "Enter username": "请输入登录名",
    "Password": "密码",
    "Login": "登录",
    "Close": "关闭",
    "Done": "完成",
    "Clear filter": "清除筛选",
    "Apply Filter": "应用筛选",
    "Please confirm": "请确认",
    "Yes": "是",
    "Choose CSV file": "选择 CSV 文件",
    "No file selected": "未选择文件",
    "Skip invalid rows and continue import": "跳过无效行并继续导入",
    "Import progress": "导入进度",
    "%(processed)s/%(total)s rows processed": "已处理 %(processed)s/%(total)s 行",
    "%(imported)s imported, %(skipped)s skipped, %(processed)s/%(total)s rows processed": (
        "已导入 %(imported)s 行，跳过 %(skipped)s 行，已处理 %(processed)s/%(total)s 行"
    ),
    (
        "%(imported)s imported, %(skipped)s skipped, %(processed)s/%(total)s rows processed - saving valid rows... "
        "(%(seconds)ss)"
    ): "已导入 %(imported)s 行，跳过 %(skipped)s 行，已处理 %(processed)s/%(total)s 行，正在保存……（%(seconds)s 秒）",
    "Import result": "导入结果",
    "Missed rows": "未导入的行",
    "Download CSV": "下载 CSV",
    "Download TXT": "下载 TXT",
    "Refresh list": "刷新列表",
}

LOCALES: Final[dict[Lang, str]] = {"zh": "zh_CN", "en": "en"}


class Chinese(NullTranslations):
    """SQLAdmin's own strings in Chinese."""

    def gettext(self, message: str) -> str:
        """Say a message, or leave it as it is."""
        return SQLADMIN_ZH.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, num: int) -> str:
        """Say a message that counts; Chinese has one form."""
        return SQLADMIN_ZH.get(msgid2, msgid1 if num == 1 else msgid2)


def install() -> None:
    """Let SQLAdmin speak Chinese."""
    i18n.translations["zh_CN"] = Chinese()
    if "zh_CN" not in i18n.SUPPORTED_LOCALES:
        i18n.SUPPORTED_LOCALES.append("zh_CN")


def speak(lang: Lang) -> None:
    """Choose the language of this request."""
    i18n.set_locale(LOCALES[lang])


def spoken() -> Lang:
    """Tell the language of this request."""
    return "en" if i18n.get_locale() == "en" else "zh"


def say(key: str, **facts: Any) -> str:
    """Say a sentence in the language of this request."""
    zh, en = WORDS[key]
    return (zh if spoken() == "zh" else en).format(**facts)


def both(word: Any) -> str:
    """Say whatever carries a Chinese and an English label in the language of this request."""
    return str(word.zh if spoken() == "zh" else word.en)
