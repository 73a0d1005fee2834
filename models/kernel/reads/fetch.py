"""Fixed statements of the domain's own that run on every request, straight on the driver."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from models.kernel.reads.plan import domain_decoder, raw
from models.kernel.reads.statement import compiled


async def lines_of(session: AsyncSession, text: str, bound: tuple[Any, ...]) -> list[Any]:
    """Run a written statement in the session's transaction; on SQLite in one hop to the connection's thread.

    A cursor of SQLAlchemy's takes four hops, and each costs more than the statement itself.
    """
    connection = await session.connection()
    if connection.dialect.name != "sqlite":
        return list((await connection.exec_driver_sql(text, bound)).all())
    driver: Any = (await connection.get_raw_connection()).driver_connection
    return list(await driver.execute_fetchall(text, bound))


class Fetch:
    """A select whose text is written once a database; values go in and come out as the domain has them.

    Words come out as their codes.
    """

    def __init__(self, select: sa.Select[Any]) -> None:
        self._types = [column.type for column in select.selected_columns]
        self._select = select.with_only_columns(*[raw(column) for column in select.selected_columns])
        self._written: dict[str, tuple[str, list[tuple[str, Any]], list[Any]]] = {}

    async def __call__(self, session: AsyncSession, **values: Any) -> list[list[Any]]:
        """Run the select with these values."""
        dialect = session.get_bind().dialect
        if (known := self._written.get(dialect.name)) is None:
            text, names, _, processors = compiled(self._select, dialect)
            asked = [(name, processors.get(name)) for name in names]
            known = text, asked, [domain_decoder(type_, dialect.name) for type_ in self._types]
            self._written[dialect.name] = known
        text, asked, decoders = known
        bound = tuple(values[name] if process is None else process(values[name]) for name, process in asked)
        return [
            [
                value if value is None or decode is None else decode(value)
                for value, decode in zip(line, decoders, strict=True)
            ]
            for line in await lines_of(session, text, bound)
        ]
