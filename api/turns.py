"""Turns: so many at a time, and whoever comes later waits in order."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """Places that are taken and given back (名额); a free one is taken without asking anybody."""

    __slots__ = ("_free", "_waiting")

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def are_taken(self) -> bool:
        """Tell whether whoever comes now has to wait."""
        return self._free <= 0 or bool(self._waiting)

    def take(self) -> bool:
        """Take a place, if nobody has to wait for it."""
        if self.are_taken:
            return False
        self._free -= 1
        return True

    async def wait(self) -> None:
        """Take a place, in order of coming."""
        if self.take():
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                # It was this one's turn just then.
                self.give_back()
            raise
        finally:
            if mine in self._waiting:
                self._waiting.remove(mine)

    def give_back(self) -> None:
        """Give a place back; whoever waits longest has it next."""
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():
                first.set_result(None)
                return
        self._free += 1


__all__ = ["Turns"]
