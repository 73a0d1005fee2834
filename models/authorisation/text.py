"""The first version of the commitment letter that a partner accepts before it asks a customer for authorisation."""

from typing import Final

FIRST_NUMBER: Final = "2026-01"
TITLE_ZH: Final = "代客授权承诺函"
TITLE_EN: Final = "Commitment letter on acting for customers"
CONTENT_ZH: Final = """
一、本公司仅在客户授权范围内，为代售客户下单、运维及管理其华为云资源。
二、未经客户书面同意，本公司不查看、复制、转移或删除客户的业务数据。
三、本公司对员工的代客操作负责，并保存操作记录备查。
四、客户可随时取消授权；取消或解除关联后，本公司立即停止代客操作。
五、因本公司超出授权范围的操作给客户或华为云造成损失的，由本公司承担责任。
"""
CONTENT_EN: Final = """
1. We order, operate and manage Huawei Cloud resources for a resale customer only as far as it has authorised us.
2. Without the customer's written consent we do not read, copy, move or delete its business data.
3. We answer for what our people do for customers, and keep records of it.
4. The customer may take the authorisation back at any time; then, and when the association ends, we stop at once.
5. We bear the damage that acting beyond the authorisation does to the customer or to Huawei Cloud.
"""
