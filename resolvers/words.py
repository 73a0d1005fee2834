"""Words of the domain as enums of the schema, each value described in both languages."""

from __future__ import annotations

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from models.kernel.words import Word


def publish(*vocabularies: type[Word]) -> None:
    """Publish vocabularies as enums of the schema."""
    for vocabulary in vocabularies:
        if "__strawberry_definition__" in vars(vocabulary):
            continue
        summary = (vocabulary.__doc__ or "").strip().splitlines()[0]
        made = strawberry.enum(vocabulary, description=summary)
        definition: StrawberryEnumDefinition = made.__strawberry_definition__  # type: ignore[attr-defined]
        for value in definition.values:
            value.description = f"{vocabulary[value.name].zh} / {vocabulary[value.name].en}"
