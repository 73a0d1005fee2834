"""What every entry of a reference list has: a code and its two labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from models.kernel.words import Lang


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a reference list (码表项)."""

    code: str
    zh: str
    en: str

    def label(self, lang: Lang) -> str:
        """Say the entry in Chinese or English."""
        if lang == "zh":
            return self.zh
        if lang == "en":
            return self.en
        raise ValueError(f"no labels in language {lang!r}")


E = TypeVar("E", bound=Entry)


class Listing(Mapping[str, E], Generic[E]):
    """A closed reference list (码表) in its order, looked up by code."""

    def __init__(self, entries: Iterable[E]) -> None:
        """Take the entries; a code may stand only once."""
        self._entries: dict[str, E] = {}
        for entry in entries:
            if entry.code in self._entries:
                raise ValueError(f"{entry.code} stands twice")
            self._entries[entry.code] = entry

    def __getitem__(self, code: str) -> E:
        return self._entries[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
