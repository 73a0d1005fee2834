"""Industries and company sizes by which customers are described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models.kernel.words import Word
from models.reference.entries import Entry, Listing


class CompanySize(Word):
    """How many people a company employs (公司规模)."""

    UP_TO_19 = "UP_TO_19", "20 人以下", "Fewer than 20 people"
    FROM_20_TO_99 = "FROM_20_TO_99", "20-99 人", "20-99 people"
    FROM_100_TO_499 = "FROM_100_TO_499", "100-499 人", "100-499 people"
    FROM_500_TO_999 = "FROM_500_TO_999", "500-999 人", "500-999 people"
    FROM_1000_TO_9999 = "FROM_1000_TO_9999", "1000-9999 人", "1,000-9,999 people"
    FROM_10000 = "FROM_10000", "10000 人及以上", "10,000 people and more"


@dataclass(frozen=True, slots=True)
class Industry(Entry):
    """An industry (行业)."""


@dataclass(frozen=True, slots=True)
class SubIndustry(Entry):
    """A branch of an industry (子行业), coded `FINANCE.BANKING`."""

    industry: str


# An industry, then its branches; each has OTHER as its last, which the table below adds.
_TREE: Final = (
    (
        ("INTERNET", "互联网", "Internet"),
        ("ECOMMERCE", "电商", "E-commerce"),
        ("GAMES", "游戏", "Games"),
        ("SOCIAL", "社交与内容", "Social and Content"),
        ("ONLINE_VIDEO", "在线音视频", "Online Audio and Video"),
        ("ONLINE_TRAVEL", "出行与生活服务", "Travel and Local Services"),
    ),
    (
        ("SOFTWARE", "软件与信息技术", "Software and IT"),
        ("SAAS", "SaaS 与应用软件", "SaaS and Applications"),
        ("IT_SERVICES", "IT 服务与集成", "IT Services and Integration"),
        ("HARDWARE", "电子与硬件", "Electronics and Hardware"),
        ("AI", "人工智能", "Artificial Intelligence"),
    ),
    (
        ("FINANCE", "金融", "Finance"),
        ("BANKING", "银行", "Banking"),
        ("INSURANCE", "保险", "Insurance"),
        ("SECURITIES", "证券与基金", "Securities and Funds"),
        ("FINTECH", "金融科技", "Fintech"),
    ),
    (
        ("GOVERNMENT", "政府与公共事业", "Government and Public Services"),
        ("DIGITAL_GOVERNMENT", "数字政府", "Digital Government"),
        ("PUBLIC_SECURITY", "公共安全", "Public Security"),
        ("SMART_CITY", "智慧城市", "Smart City"),
        ("WATER", "水利与环保", "Water and Environment"),
    ),
    (
        ("MANUFACTURING", "制造", "Manufacturing"),
        ("MACHINERY", "装备制造", "Machinery"),
        ("ELECTRONICS", "电子制造", "Electronics Manufacturing"),
        ("CHEMICALS", "化工与材料", "Chemicals and Materials"),
        ("CONSUMER_GOODS", "消费品制造", "Consumer Goods"),
        ("METALS", "钢铁与有色", "Steel and Metals"),
    ),
    (
        ("AUTOMOTIVE", "汽车", "Automotive"),
        ("VEHICLES", "整车", "Vehicle Makers"),
        ("PARTS", "零部件", "Parts"),
        ("AUTONOMOUS_DRIVING", "自动驾驶与车联网", "Autonomous Driving and Connected Cars"),
    ),
    (
        ("RETAIL", "零售", "Retail"),
        ("CHAIN_STORES", "连锁与商超", "Chains and Supermarkets"),
        ("BRANDS", "品牌与新零售", "Brands and New Retail"),
        ("CATERING", "餐饮", "Catering"),
    ),
    (
        ("HEALTHCARE", "医疗健康", "Healthcare"),
        ("HOSPITALS", "医院", "Hospitals"),
        ("PHARMACEUTICALS", "医药", "Pharmaceuticals"),
        ("GENOMICS", "基因与生命科学", "Genomics and Life Sciences"),
        ("MEDICAL_DEVICES", "医疗器械", "Medical Devices"),
    ),
    (
        ("EDUCATION", "教育", "Education"),
        ("HIGHER_EDUCATION", "高等教育", "Higher Education"),
        ("SCHOOLS", "基础教育", "Schools"),
        ("TRAINING", "培训与在线教育", "Training and Online Learning"),
        ("RESEARCH", "科研", "Research"),
    ),
    (
        ("ENERGY", "能源", "Energy"),
        ("POWER", "电力", "Electric Power"),
        ("OIL_AND_GAS", "油气", "Oil and Gas"),
        ("MINING", "煤矿与矿山", "Mining"),
        ("RENEWABLES", "新能源", "Renewables"),
    ),
    (
        ("TRANSPORT", "交通与物流", "Transport and Logistics"),
        ("LOGISTICS", "物流与快递", "Logistics and Express"),
        ("AVIATION", "航空与机场", "Aviation and Airports"),
        ("RAIL", "铁路与城轨", "Rail and Metro"),
        ("PORTS", "港口与航运", "Ports and Shipping"),
    ),
    (
        ("TELECOM", "电信", "Telecommunications"),
        ("CARRIERS", "运营商", "Carriers"),
        ("VIRTUAL_CARRIERS", "虚拟运营商与增值业务", "Virtual Carriers and Value-added Services"),
    ),
    (
        ("MEDIA", "媒体与文娱", "Media and Entertainment"),
        ("BROADCASTING", "广电", "Broadcasting"),
        ("FILM", "影视制作", "Film Production"),
        ("ADVERTISING", "广告与营销", "Advertising and Marketing"),
        ("SPORTS", "体育与演出", "Sports and Events"),
    ),
    (
        ("REAL_ESTATE", "建筑与地产", "Construction and Real Estate"),
        ("CONSTRUCTION", "建筑工程", "Construction"),
        ("PROPERTY", "地产与物业", "Property"),
        ("CAMPUS", "智慧园区", "Smart Campus"),
    ),
    (
        ("AGRICULTURE", "农业", "Agriculture"),
        ("FARMING", "种植与养殖", "Farming"),
        ("FOOD", "农产品加工", "Food Processing"),
    ),
    (
        ("BUSINESS_SERVICES", "商务服务", "Business Services"),
        ("CONSULTING", "咨询与专业服务", "Consulting and Professional Services"),
        ("HUMAN_RESOURCES", "人力资源", "Human Resources"),
        ("TRADE", "贸易与批发", "Trade and Wholesale"),
        ("TOURISM", "旅游与酒店", "Tourism and Hotels"),
    ),
    (("OTHER_INDUSTRY", "其他行业", "Other Industry"),),
)

INDUSTRIES: Final = Listing(Industry(*industry) for industry, *_ in _TREE)
SUB_INDUSTRIES: Final = Listing(
    SubIndustry(f"{industry}.{code}", zh, en, industry)
    for (industry, *_), *branches in _TREE
    for code, zh, en in (*branches, ("OTHER", "其他", "Other"))
)


def sub_industries_of(industry_code: str) -> tuple[SubIndustry, ...]:
    """List the branches of an industry; an unknown code is a `LookupError`."""
    industry = INDUSTRIES[industry_code]
    return tuple(branch for branch in SUB_INDUSTRIES.values() if branch.industry == industry.code)


def belongs_to(sub_industry_code: str, industry_code: str) -> bool:
    """Tell whether a branch is one of an industry's."""
    branch = SUB_INDUSTRIES.get(sub_industry_code)
    return branch is not None and branch.industry == industry_code
