"""Which documents a caller may have run and what he may spend: what the endpoint asks of domain and settings."""

from limits.errors import ConfigurationError
from starlette.requests import Request

from api.graphql import Budget, Mode, Registered, Terms
from api.identity import token_digest
from api.settings import Settings, SettingsError
from models.identity import ClientMode
from models.kernel.access import Actor
from models.kernel.work import Clock, Store
from models.operations import KnownDocument, find_document

_MODES = {
    ClientMode.OPEN.value: Mode.OPEN,
    ClientMode.APQ.value: Mode.APQ,
    ClientMode.SAFELIST.value: Mode.SAFELIST,
    ClientMode.ID_ONLY.value: Mode.ID_ONLY,
}


def budget_of(settings: Settings) -> Budget | None:
    """Give what callers may spend by the settings, or nothing where they set no limit."""
    if not settings.budget_cost:
        return None
    redis = settings.redis_url.get_secret_value() if settings.redis_url else None
    try:
        return Budget(
            settings.budget_cost,
            settings.budget_seconds,
            workers=settings.workers,
            largest=settings.max_cost,
            redis=redis,
        )
    except ConfigurationError:
        raise SettingsError(
            "PARTNER_CENTER_REDIS_URL is set, but its library is not installed: pip install partner-center[redis]"
        ) from None


class Admitted:
    """The admitted documents of client applications (已准入文档)."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def by_id(self, viewer: Actor, document_id: str) -> Registered | None:
        """Find a document of the tool by its id, or by `sha256:` and the digest of its text."""
        if viewer.client_id is None:
            return None
        async with self._store.reader() as session:
            known = await find_document(session, viewer.client_id, document_id, self._clock())
        if known is None:
            return None
        return Registered(known.text, known, known.until.timestamp() if known.until else None)

    def widened(self, viewer: Actor, registered: Registered) -> Actor:
        """Give the tool as it is while it runs the document."""
        known: KnownDocument = registered.mark
        return known.actor(viewer)


class Callers:
    """On which terms people and tools ask.

    People have no registered documents; what they may send is the installation's to say. A token that is tied runs
    registered documents only, whatever the mode of its tool. A tool's token has a budget of its own, and so has each
    account; strangers have none, because those behind one proxy or portal would use up each other's.
    """

    def __init__(self, settings: Settings) -> None:
        loose = Mode.OPEN if not settings.production else Mode.APQ
        self._of_people = Mode(settings.portal_mode) if settings.portal_mode else loose

    def terms(self, request: Request, viewer: Actor | None) -> Terms:
        """Say on which terms a viewer asks."""
        if viewer is None:
            return Terms(self._of_people)
        if viewer.client_id is None:
            return Terms(self._of_people, budget=f"account:{viewer.id}")
        mode = _MODES.get(viewer.client_mode or "", Mode.ID_ONLY)
        if viewer.tied and mode.runs_any_text:
            mode = Mode.SAFELIST
        return Terms(mode, client=viewer.client_id, budget=f"token:{token_digest(request).hex()[:32]}")
