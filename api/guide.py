"""Writes into the integrators' guide what follows from the code: each code of a refusal, and what to do about it."""

from importlib.resources import files
from pathlib import Path

from api.graphql.refusals import REQUEST_ERRORS, Code
from models.kernel.errors import Remedy
from models.kernel.errors import every_code as refusals

GUIDE = Path(str(files("api") / "INTEGRATORS.md"))

_REMEDIES = {
    Remedy.CORRECT_INPUT: "Correct the input that `violations[].path` names; repeating it unchanged will not help.",
    Remedy.RETRY: "Wait a moment and send the same again, with the same `idempotencyKey`.",
    Remedy.CONTACT_SUPPORT: "A person must act: ask your administrator or your PDM, and quote the `requestId`.",
}
_ADVICE = {
    "DRAFT_SUBMITTED": "The record is on its way; stop updating it from your side, and mirror it instead.",
    "FIELD_NOT_WRITABLE": "Leave the field out; `fieldAccess` says which are `writable` now.",
    "IDEMPOTENCY_KEY_REQUIRED": "Send an `idempotencyKey` with each mutation.",
    "IDEMPOTENCY_KEY_REUSED": "Something else was sent under this key before. Take a new key for a new deed.",
    "INVALID_CURSOR": "Start again without `after`, with the same filter and sort on each page.",
    "INVALID_INPUT": "Several things at once: go through `violations`, each has its own code and path.",
    "MASKED_INPUT": "You sent back a mask such as `138****5678`. Leave the field out, or send the real value.",
    "NAME_TAKEN": "You have this deal open already: look for it, or give the new one another name.",
    "NOT_FOUND": "The id is wrong, or the record is not yours to see; the two are not told apart.",
    "PAGE_SIZE": "Ask for at most 100 at a time, by `first` or by `last`.",
    "SIGN_IN_REQUIRED": "The token is wrong, expired or revoked. Have a new one issued; do not repeat with this one.",
    "SIGN_IN_THROTTLED": "Wait a quarter of an hour; tools use tokens and do not sign in.",
    "STALE_VERSION": "Somebody changed the record. Read it, decide anew, and send the new `version` with a new key.",
    "TRANSITION_NOT_ALLOWED": "The record has moved on. Read it; `availableTransitions` says what is possible now.",
}
_OF_REQUESTS = {
    Code.AUTHENTICATION_REQUIRED: "Send `authorization: Bearer` with a token that holds.",
    Code.DOCUMENT_TOO_COSTLY: "Ask for less: smaller pages, fewer lists within lists. `X-Cost` says what a call costs.",
    Code.INTROSPECTION_REFUSED: "Read `schema.graphql`; development, and applications in mode `open`, introspect.",
    Code.PERSISTED_QUERY_NOT_FOUND: "No admitted document of your application has this id now. With automatic persisted"
    " queries, send the text with its hash; clients do so by themselves.",
    Code.PERSISTED_QUERY_ID_REQUIRED: "Send the document's id, not its text: `documentId`.",
    Code.QUERY_NOT_IN_SAFELIST: "Publish the document and have it admitted; the text must be the same to the letter.",
    Code.RATE_LIMITED: "Nothing was done. Wait as `Retry-After` says, then send the same, with the same key.",
    Code.INTERNAL_ERROR: "A bug of ours. Repeat once with the same `idempotencyKey`, then report the `requestId`.",
    Code.OVER_CAPACITY: "Nothing was done. Wait as `Retry-After` says, then send the same, with the same key.",
    Code.READ_TIMED_OUT: "Ask for less at a time, then repeat.",
}


def guide() -> str:
    """Print the guide with its tables as the code has them."""
    text = GUIDE.read_text("utf-8")
    for name, rows in (("refusals", _refusals()), ("requests", _requests())):
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"{GUIDE.name} lacks the place for {name}")
        text = f"{before}{begin}\n\n{rows}\n\n{end}{after}"
    return text


def _refusals() -> str:
    lines = ["| Code | What it says | What to do |", "|---|---|---|"]
    for code, refusal in refusals().items():
        lines.append(f"| `{code}` | {_cell(refusal.en)} | {_ADVICE.get(code) or _REMEDIES[refusal.remedy]} |")
    return "\n".join(lines)


def _requests() -> str:
    lines = ["| Code | Status | What it says | What to do |", "|---|---|---|---|"]
    for code in Code:
        status = f"{code.status}" + (", or 200 to plain JSON" if code in REQUEST_ERRORS else "")
        advice = _OF_REQUESTS.get(code, "Correct the program; repeating it unchanged will not help.")
        lines.append(f"| `{code.name}` | {status} | {_cell(code.message)} | {advice} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
