"""What each caller may spend in a window of time, counted by computed cost with the library `limits`.

The window is its sliding-window counter: the moving window keeps an entry for each unit of cost, and the fixed window
takes a refused request's cost too, so that whoever asks for too much could ask for nothing more.
"""

from math import ceil, floor
from time import monotonic, time
from typing import Any, Final, NamedTuple, cast

import structlog
from limits import RateLimitItemPerSecond
from limits.aio.storage import SlidingWindowCounterSupport, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError

RETRY_SECONDS = 5.0
"""How long a shared store that did not answer is left alone."""
STORE_SECONDS = 0.25
"""How long a shared store may take to answer; it is asked before each operation."""
MOST_NAMES: Final = 20_000
"""How many callers' budgets a process keeps before it looks for those that are whole again."""

log = structlog.get_logger("api.graphql")


class Spent(NamedTuple):
    """What became of a charge: whether it was taken, and how the budget stands after it."""

    taken: bool
    limit: int
    window: int
    remaining: int
    reset: int
    """Seconds until the budget is whole again, if nothing more is spent."""
    wait: int
    """Seconds until a charge that was not taken can be; 0 where it was."""

    def headers(self) -> dict[str, str]:
        """Tell the budget as headers, named as the IETF's draft on rate limits names them."""
        told = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
            "RateLimit-Policy": f"{self.limit};w={self.window}",
        }
        return told if self.taken else told | {"Retry-After": str(self.wait)}


class Budget:
    """The budgets of all callers: `amount` of cost in any `seconds`, for each name.

    Workers share them through Redis where `redis` names one. Without it, and while it does not answer, each worker
    keeps its `share` of every budget by itself, though never less than `largest`, the cost that one operation may have.
    """

    def __init__(
        self, amount: int, seconds: int = 60, *, workers: int = 1, largest: int = 0, redis: str | None = None
    ) -> None:
        self._whole = RateLimitItemPerSecond(amount, seconds)
        self._share = RateLimitItemPerSecond(max(amount // workers, min(largest, amount)), seconds)
        self._local = Windows(self._share)
        self._shared = SlidingWindowCounterRateLimiter(_redis(redis)) if redis else None
        self._silent_until = 0.0
        self._told = False

    async def charge(self, name: str, cost: int) -> Spent:
        """Take a cost from a budget, whole or not at all."""
        if self._shared is not None and monotonic() >= self._silent_until:
            try:
                spent = await self._charge(self._shared, self._whole, name, cost)
            except (StorageError, OSError, TimeoutError) as failure:
                self._silent_until = monotonic() + RETRY_SECONDS
                if not self._told:
                    self._told = True
                    cause = type(getattr(failure, "storage_error", failure)).__name__
                    log.warning("budgets_not_shared", cause=cause, meanwhile="each worker keeps its share")
            else:
                if self._told:
                    self._told = False
                    log.info("budgets_shared_again")
                return spent
        return self._local.charge(name, cost)

    async def is_shared(self) -> bool:
        """Tell whether the shared store answers."""
        return self._shared is not None and await self._shared.storage.check()

    async def close(self) -> None:
        """Give the connections to the shared store back."""
        if self._shared is not None:
            await self._shared.storage.bridge.get_connection().aclose()  # type: ignore[attr-defined]  # it is Redis

    async def _charge(
        self, limiter: SlidingWindowCounterRateLimiter, item: RateLimitItemPerSecond, name: str, cost: int
    ) -> Spent:
        taken = await limiter.hit(item, name, cost=cost)
        storage = cast("SlidingWindowCounterSupport", limiter.storage)
        window = await storage.get_sliding_window(item.key_for(name), item.get_expiry())
        return _standing(item.amount, item.get_expiry(), cost, taken, *window)


class Windows:
    """The budgets that a process keeps by itself: the reckoning of `limits`, of which its own store takes ten steps."""

    def __init__(self, item: RateLimitItemPerSecond) -> None:
        self._limit = item.amount
        self._seconds = item.get_expiry()
        self._spent: dict[str, tuple[int, int, int]] = {}
        """By caller: the number of a window, what was spent in the one before it, and in it."""

    def charge(self, name: str, cost: int) -> Spent:
        """Take a cost from a budget, whole or not at all."""
        limit, seconds = self._limit, self._seconds
        whole, part = divmod(time(), seconds)
        number, ends = int(whole), seconds - part
        window, before, now = self._spent.get(name, (number, 0, 0))
        if window != number:
            before, now = (now if window == number - 1 else 0), 0
        before_ends = ends if before else 0.0
        taken = floor(before * before_ends / seconds + now) + cost <= limit
        if taken:
            now += cost
            self._spent[name] = number, before, now
            if len(self._spent) > MOST_NAMES:
                self._spent = {name: spent for name, spent in self._spent.items() if spent[0] >= number - 1}
        return _standing(limit, seconds, cost, taken, before, before_ends, now, ends + seconds)


def _standing(
    limit: int, seconds: int, cost: int, taken: bool, before: int, before_ends: float, now: int, now_ends: float
) -> Spent:
    """Say how a budget stands, from what was spent in the window before and in this one, and when each is forgotten.

    What was spent before fades evenly until this window ends; then what was spent in this one fades over the next.
    """
    ends = min(max(now_ends - seconds, 0.0), seconds) if now else before_ends
    fading = before * before_ends / seconds
    remaining = max(0, limit - int(fading) - now)
    whole = ends + seconds if now else before_ends
    if taken:
        return Spent(taken, limit, seconds, remaining, ceil(whole), 0)
    too_much = now + cost - limit
    if before and fading + too_much <= fading:
        wait = (fading + too_much) * seconds / before
    else:
        wait = ends + (too_much * seconds / now if now else 0.0)
    return Spent(taken, limit, seconds, remaining, ceil(whole), max(1, ceil(wait)))


def _redis(url: str) -> Storage:
    from limits.storage import storage_from_string

    options: dict[str, Any] = {"socket_timeout": STORE_SECONDS, "socket_connect_timeout": STORE_SECONDS}
    return storage_from_string(  # type: ignore[return-value]  # the scheme says that it is an asynchronous one
        f"async+{url}", implementation="redispy", wrap_exceptions=True, key_prefix="partner-center", **options
    )
