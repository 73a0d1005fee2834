"""How much one request may ask for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one request, and of what the endpoint remembers of earlier ones."""

    body_bytes: int = 256 * 1024
    tokens: int = 2_000
    depth: int = 16
    aliases: int = 60
    directives: int = 60
    repeats: int = 100
    """How often fields may repeat a name of their own selection."""
    cost: int = 20_000
    refused_cost: int = 10
    """What a refused request is charged: its document was looked up, parsed or measured, and nothing was read."""
    unchanged_cost: int = 1
    """What an answer is charged that the caller has already."""
    page_size: int = 20
    """What a paged field without `first` and `last` is taken to return."""
    read_seconds: float = 15.0
    """How long a read may run; writes are never cut off."""
    prepared_documents: int = 1_000
    prepared_bytes: int = 4 * 1024 * 1024
    """The bytes of document text kept prepared; the syntax trees take some fifty times as much."""
