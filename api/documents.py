"""Which documents a caller may have run: what the endpoint asks of the domain."""

import hashlib

from starlette.requests import Request

from api.graphql import Mode, Registered, Terms
from api.identity import bearer
from api.settings import Settings
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
        token = hashlib.sha256((bearer(request) or "").encode()).hexdigest()[:32]
        return Terms(mode, client=viewer.client_id, budget=f"token:{token}")
