"""A starter catalogue of Huawei Cloud services that an opportunity may name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models.kernel.words import Word
from models.reference.entries import Entry, Listing


class ServiceCategory(Word):
    """The shelf of the catalogue on which a service stands (产品类别)."""

    COMPUTE = "COMPUTE", "计算", "Compute"
    CONTAINERS = "CONTAINERS", "容器", "Containers"
    STORAGE = "STORAGE", "存储", "Storage"
    NETWORK = "NETWORK", "网络", "Networking"
    CDN = "CDN", "CDN 与智能边缘", "CDN and Edge"
    DATABASE = "DATABASE", "数据库", "Databases"
    AI = "AI", "人工智能", "Artificial Intelligence"
    ANALYTICS = "ANALYTICS", "大数据", "Analytics"
    MIDDLEWARE = "MIDDLEWARE", "应用中间件", "Middleware"
    DEVELOPMENT = "DEVELOPMENT", "开发与运维", "Development and Operations"
    SECURITY = "SECURITY", "安全与合规", "Security and Compliance"
    MANAGEMENT = "MANAGEMENT", "管理与监管", "Management and Governance"
    IOT = "IOT", "物联网", "Internet of Things"
    COLLABORATION = "COLLABORATION", "企业应用", "Business Applications"


@dataclass(frozen=True, slots=True)
class CloudService(Entry):
    """A Huawei Cloud service (华为云服务)."""

    category: ServiceCategory


_K = ServiceCategory

SERVICES: Final = Listing(
    CloudService(code, zh, en, category)
    for code, zh, en, category in (
        ("ECS", "弹性云服务器", "Elastic Cloud Server", _K.COMPUTE),
        ("FLEXUS", "Flexus 云服务器", "Flexus Cloud Server", _K.COMPUTE),
        ("BMS", "裸金属服务器", "Bare Metal Server", _K.COMPUTE),
        ("DEH", "专属主机", "Dedicated Host", _K.COMPUTE),
        ("AS", "弹性伸缩", "Auto Scaling", _K.COMPUTE),
        ("IMS", "镜像服务", "Image Management Service", _K.COMPUTE),
        ("FUNCTIONGRAPH", "函数工作流", "FunctionGraph", _K.COMPUTE),
        ("CCE", "云容器引擎", "Cloud Container Engine", _K.CONTAINERS),
        ("CCI", "云容器实例", "Cloud Container Instance", _K.CONTAINERS),
        ("SWR", "容器镜像服务", "Software Repository for Container", _K.CONTAINERS),
        ("OBS", "对象存储服务", "Object Storage Service", _K.STORAGE),
        ("EVS", "云硬盘", "Elastic Volume Service", _K.STORAGE),
        ("SFS", "弹性文件服务", "Scalable File Service", _K.STORAGE),
        ("CBR", "云备份", "Cloud Backup and Recovery", _K.STORAGE),
        ("VPC", "虚拟私有云", "Virtual Private Cloud", _K.NETWORK),
        ("EIP", "弹性公网 IP", "Elastic IP", _K.NETWORK),
        ("ELB", "弹性负载均衡", "Elastic Load Balance", _K.NETWORK),
        ("NAT", "NAT 网关", "NAT Gateway", _K.NETWORK),
        ("VPN", "虚拟专用网络", "Virtual Private Network", _K.NETWORK),
        ("DC", "云专线", "Direct Connect", _K.NETWORK),
        ("CC", "云连接", "Cloud Connect", _K.NETWORK),
        ("DNS", "云解析服务", "Domain Name Service", _K.NETWORK),
        ("CDN", "内容分发网络", "Content Delivery Network", _K.CDN),
        ("LIVE", "视频直播", "Live", _K.CDN),
        ("RDS", "云数据库 RDS", "Relational Database Service", _K.DATABASE),
        ("GAUSSDB", "云数据库 GaussDB", "GaussDB", _K.DATABASE),
        ("TAURUSDB", "云数据库 TaurusDB", "TaurusDB", _K.DATABASE),
        ("GEMINIDB", "云数据库 GeminiDB", "GeminiDB", _K.DATABASE),
        ("DDS", "文档数据库服务", "Document Database Service", _K.DATABASE),
        ("DRS", "数据复制服务", "Data Replication Service", _K.DATABASE),
        ("MODELARTS", "AI 开发平台 ModelArts", "ModelArts", _K.AI),
        ("PANGU", "盘古大模型", "Pangu Models", _K.AI),
        ("OCR", "文字识别", "Optical Character Recognition", _K.AI),
        ("SIS", "语音交互服务", "Speech Interaction Service", _K.AI),
        ("MRS", "MapReduce 服务", "MapReduce Service", _K.ANALYTICS),
        ("DWS", "数据仓库服务", "Data Warehouse Service", _K.ANALYTICS),
        ("DLI", "数据湖探索", "Data Lake Insight", _K.ANALYTICS),
        ("CSS", "云搜索服务", "Cloud Search Service", _K.ANALYTICS),
        ("DATAARTS", "数据治理中心", "DataArts Studio", _K.ANALYTICS),
        ("DCS", "分布式缓存服务", "Distributed Cache Service", _K.MIDDLEWARE),
        ("DMS", "分布式消息服务", "Distributed Message Service", _K.MIDDLEWARE),
        ("APIG", "API 网关", "API Gateway", _K.MIDDLEWARE),
        ("ROMA", "应用与数据集成平台", "ROMA Connect", _K.MIDDLEWARE),
        ("CODEARTS", "软件开发生产线", "CodeArts", _K.DEVELOPMENT),
        ("AOM", "应用运维管理", "Application Operations Management", _K.DEVELOPMENT),
        ("WAF", "Web 应用防火墙", "Web Application Firewall", _K.SECURITY),
        ("HSS", "企业主机安全", "Host Security Service", _K.SECURITY),
        ("AAD", "DDoS 防护", "Anti-DDoS Service", _K.SECURITY),
        ("CFW", "云防火墙", "Cloud Firewall", _K.SECURITY),
        ("DEW", "数据加密服务", "Data Encryption Workshop", _K.SECURITY),
        ("CES", "云监控服务", "Cloud Eye", _K.MANAGEMENT),
        ("LTS", "云日志服务", "Log Tank Service", _K.MANAGEMENT),
        ("CTS", "云审计服务", "Cloud Trace Service", _K.MANAGEMENT),
        ("IOTDA", "设备接入", "IoT Device Access", _K.IOT),
        ("WORKSPACE", "云桌面", "Workspace", _K.COLLABORATION),
        ("MEETING", "华为云会议", "Huawei Cloud Meeting", _K.COLLABORATION),
    )
)
