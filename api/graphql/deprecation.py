"""What a document uses that is to be removed, and when, told in headers.

A deprecation is dated by its reason: `... removed on 2027-01-31`, and where it is known `deprecated on 2026-08-01`.
"""

import datetime as dt
import re
from collections.abc import Iterable
from email.utils import format_datetime
from typing import NamedTuple

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema

MOST_NAMED = 20
_REMOVED = re.compile(r"\bremoved on (\d{4}-\d{2}-\d{2})\b")
_DEPRECATED = re.compile(r"\bdeprecated on (\d{4}-\d{2}-\d{2})\b")


class Removal(NamedTuple):
    """A field that will be gone: its place in the schema, the day of its removal, and since when that is said."""

    coordinate: str
    on: dt.date
    since: dt.date | None


def removals(schema: GraphQLSchema) -> dict[str, Removal]:
    """List the fields of a schema that have a dated deprecation, by their place."""
    found = {}
    for parent in schema.type_map.values():
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            continue
        for name, field in parent.fields.items():
            reason = field.deprecation_reason or ""
            on = _day(_REMOVED, reason)
            if on is not None:
                place = f"{parent.name}.{name}"
                found[place] = Removal(place, on, _day(_DEPRECATED, reason))
    return found


def headers(used: Iterable[Removal]) -> dict[str, str]:
    """Tell of removals: `Sunset` (RFC 8594) has the earliest day, `Deprecation` (RFC 9745) since when, where known."""
    found = sorted(used, key=lambda one: (one.on, one.coordinate))
    if not found:
        return {}
    told = {
        "Sunset": format_datetime(_midnight(found[0].on), usegmt=True),
        "X-Deprecated-Fields": ", ".join(f"{one.coordinate};removed={one.on}" for one in found[:MOST_NAMED]),
    }
    since = min((one.since for one in found if one.since), default=None)
    if since is not None:
        told["Deprecation"] = f"@{int(_midnight(since).timestamp())}"
    return told


def _day(pattern: re.Pattern[str], reason: str) -> dt.date | None:
    named = pattern.search(reason)
    try:
        return dt.date.fromisoformat(named[1]) if named else None
    except ValueError:
        return None


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
