"""Fixed statements of the domain's own that run on every request, straight on the driver."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from models.kernel.reads.plan import domain_decoder, raw
from models.kernel.reads.statement import compiled


async def lines_of(session: AsyncSession, text: str, bound: tuple[Any, ...]) -> list[Any]:
    """Run a written statement in the session's transaction; on SQLite in one hop to the connection's thread.

    A cursor of SQLAlchemy's takes four hops, and each costs more than the statement itself.
    """
    going, driver = session.info.get("driver", (None, None))
    if going is None or going is not session.sync_session.get_transaction():
        connection = await session.connection()
        if connection.dialect.name != "sqlite":
            return list((await connection.exec_driver_sql(text, bound)).all())
        driver = (await connection.get_raw_connection()).driver_connection
        session.info["driver"] = session.sync_session.get_transaction(), driver
    try:
        return list(await driver.execute_fetchall(text, bound))
    except sqlite3.OperationalError as error:
        # As SQLAlchemy would say it, so that whoever runs a write once more recognises a lock.
        raise OperationalError(text, None, error) from error


class Fetch:
    """A select whose text is written once for each database; values go in and come out as the domain has them.

    Words come out as their codes.
    """

    def __init__(self, select: Any) -> None:
        columns = list(select.selected_columns)
        self._types = [column.type for column in columns]
        self._select = select.with_only_columns(*[raw(column) for column in columns])
        self._written: dict[str, tuple[str, list[tuple[str, Any, Any]], list[Any]]] = {}

    async def __call__(self, session: AsyncSession, **values: Any) -> list[list[Any]]:
        """Run the select with these values."""
        dialect = session.get_bind().dialect
        text, bound = self.question(dialect, **values)
        return self.read(dialect, await lines_of(session, text, bound))

    def question(self, dialect: Dialect, **values: Any) -> tuple[str, tuple[Any, ...]]:
        """Give the statement with these values bound."""
        text, asked, _ = self._known(dialect)
        return text, tuple(
            value if value is None or process is None else process(value)
            for value, process in ((values.get(name, constant), process) for name, constant, process in asked)
        )

    def read(self, dialect: Dialect, lines: list[Any]) -> list[list[Any]]:
        """Turn the lines into what the domain's own rules compare with."""
        decoders = self._known(dialect)[2]
        return [
            [
                value if value is None or decode is None else decode(value)
                for value, decode in zip(line, decoders, strict=True)
            ]
            for line in lines
        ]

    def _known(self, dialect: Dialect) -> tuple[str, list[tuple[str, Any, Any]], list[Any]]:
        if (known := self._written.get(dialect.name)) is None:
            text, names, constants, processors = compiled(self._select, dialect)
            asked = [(name, constant, processors.get(name)) for name, constant in zip(names, constants, strict=True)]
            known = text, asked, [domain_decoder(type_, dialect.name) for type_ in self._types]
            self._written[dialect.name] = known
        return known
