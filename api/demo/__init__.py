"""The demonstration: a believable world made through the domain's actions, as the people who would do it."""

from api.demo.loading import (
    DemoInProductionError,
    announced,
    demo_token,
    has_data,
    is_complete,
    load_demo,
    open_demo_logins,
)
from api.demo.people import EVERYBODY, PASSWORD

__all__ = [
    "EVERYBODY",
    "PASSWORD",
    "DemoInProductionError",
    "announced",
    "demo_token",
    "has_data",
    "is_complete",
    "load_demo",
    "open_demo_logins",
]
