"""Words of the domain as enums of the schema, each value described in both languages."""

from __future__ import annotations

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from models.kernel.words import Word


def publish(*vocabularies: type[Word]) -> None:
    """Publish vocabularies as enums of the schema."""
    for vocabulary in vocabularies:
        # An input that was declared before has made an enum of it already, without a word on its values.
        if "__strawberry_definition__" not in vars(vocabulary):
            strawberry.enum(vocabulary)
        definition: StrawberryEnumDefinition = vars(vocabulary)["__strawberry_definition__"]
        definition.description = (vocabulary.__doc__ or "").strip().splitlines()[0]
        for value in definition.values:
            value.description = f"{vocabulary[value.name].zh} / {vocabulary[value.name].en}"
