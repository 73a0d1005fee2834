"""Words of persisted operations: in which form they come, how a version stands, and what was decided on a document."""

from __future__ import annotations

from models.kernel.words import Word


class ManifestFormat(Word):
    """In which form a tool's build writes its operations (清单格式)."""

    APOLLO = "APOLLO", "Apollo 持久化查询清单", "Apollo's persisted query manifest"
    RELAY = "RELAY", "Relay 等的持久化文件", "A map from id to text, as Relay writes"
    CODEGEN = "CODEGEN", "graphql-codegen 持久化文档", "graphql-codegen's persisted documents"
    LIST = "LIST", "操作列表", "A list of operations"
    FOLDER = "FOLDER", ".graphql 文件目录", "A folder of .graphql files"


class ManifestStatus(Word):
    """Whether a version is in use (版本状态)."""

    PUBLISHED = "PUBLISHED", "已发布", "Published"
    RETIRING = "RETIRING", "已定停用日期", "Retirement date set"


class DocumentKind(Word):
    """What an operation does (操作类型)."""

    QUERY = "QUERY", "查询", "Query"
    MUTATION = "MUTATION", "变更", "Mutation"


class DocumentStatus(Word):
    """What was decided on a document (准入状态)."""

    WAITING = "WAITING", "待准入审核", "Waiting for admission"
    ADMITTED = "ADMITTED", "已准入", "Admitted"
    REJECTED = "REJECTED", "未准入", "Rejected"
    WITHDRAWN = "WITHDRAWN", "已撤回", "Withdrawn"
