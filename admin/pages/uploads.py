"""Files in forms: where a record takes them, what somebody chose, and what is wrong with each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from starlette.datastructures import FormData

from admin.pages.fields import beijing
from admin.pages.inputs import Filled
from admin.viewer import Viewer
from admin.words import both, say, spoken
from models.file import (
    LARGEST_BYTES,
    MOST_FILES,
    TAKEN,
    ArrivedFile,
    Attachment,
    AttachmentField,
    FilesFixedError,
    Place,
    TooManyFilesError,
    Wish,
    loose_files,
    places,
)
from models.kernel.errors import DomainError, FieldRequiredError, NotFoundError
from models.kernel.reads import Reader
from models.kernel.record import Record

PART: Final = "files"
PLACE: Final = "place"
HINTS: Final = {AttachmentField.VERDICT: "files_for_partner", AttachmentField.INTERNAL: "files_for_huawei"}
ENDINGS: Final = ",".join(f".{ending}" for ending in TAKEN)


@dataclass(frozen=True)
class Slot:
    """A place for files as a form offers it (附件位置)."""

    code: str
    label: str
    hint: str
    subject: Any
    field: AttachmentField

    @property
    def part(self) -> str:
        """Name the input that stands for this place alone."""
        return f"{PART}.{self.field.value}"


@dataclass(frozen=True)
class Shelf:
    """What a page offers of a record's files (附件区): places for more, those that may go again, and the limits."""

    slots: tuple[Slot, ...]
    loose: Sequence[Attachment]
    largest: int
    most: int
    endings: str = ENDINGS

    @property
    def megabytes(self) -> str:
        """Write the largest size as people read it."""
        return f"{self.largest / 2**20:.4g}"

    @property
    def offers(self) -> bool:
        """Tell whether there is anything to do."""
        return bool(self.slots or self.loose)

    def of(self, subject_id: UUID) -> Shelf:
        """Leave what belongs to one row."""
        slots = tuple(slot for slot in self.slots if slot.subject.id == subject_id)
        return replace(self, slots=slots, loose=[file for file in self.loose if file.subject_id == subject_id])


async def shelf_of(viewer: Viewer, reader: Reader, record: Any) -> Shelf | None:
    """Say where somebody may add files to a record now; nothing where the back-office takes none."""
    if viewer.house.receiver is None:
        return None
    work = viewer.looking(reader.session)
    slots = tuple(_slot(place) for place in await places(work, record))
    return Shelf(slots, await loose_files(work, record), reader.policy(LARGEST_BYTES), reader.policy(MOST_FILES))


def _slot(place: Place) -> Slot:
    subject, at, hint = place.subject, getattr(place.subject, "at", None), HINTS.get(place.field)
    label = f"{both(type(subject))} · {beijing(at)}" if at is not None else both(place.field)
    return Slot(f"{subject.public_id}:{place.field.value}", label, say(hint) if hint else "", subject, place.field)


async def put(viewer: Viewer, shelf: Shelf | None, form: FormData, files: Sequence[ArrivedFile]) -> Filled:
    """Store what somebody chose in the form of a shelf: all of it, or nothing, and the form says why."""
    filled = Filled()
    wishes = _chosen(shelf, str(form.get(PLACE) or ""), files, filled)
    if filled.sound:
        try:
            await viewer.attach(wishes)
        except NotFoundError:
            raise
        except DomainError as error:
            complain(filled, error, files)
    else:
        again(filled, files)
    return filled


def _chosen(shelf: Shelf | None, code: str, files: Sequence[ArrivedFile], filled: Filled) -> list[Wish]:
    filled.texts[PLACE] = code
    slot = next((one for one in shelf.slots if one.code == code), None) if shelf else None
    if not files:
        filled.errors[PART] = [FieldRequiredError().message(spoken())]
    if not code:
        filled.errors[PLACE] = [FieldRequiredError().message(spoken())]
    elif slot is None:
        # Decided on or taken by somebody else meanwhile, or never this record's.
        filled.general.append(FilesFixedError().message(spoken()))
    _tell(filled, files)
    return [Wish(slot.subject.prefix, slot.subject.id, slot.field, file) for file in files] if slot is not None else []


def chosen_for(model: type[Record], id_: UUID, files: Sequence[ArrivedFile], filled: Filled) -> list[Wish]:
    """Read what was chosen in a form that has one input for each field of a row."""
    _tell(filled, files)
    fields = {f"{PART}.{field.value}": field for field in AttachmentField}
    if any(file.part not in fields for file in files):
        raise NotFoundError()
    return [Wish(model.prefix, id_, fields[file.part], file) for file in files]


def _tell(filled: Filled, files: Sequence[ArrivedFile]) -> None:
    for file in files:
        for error in file.errors:
            for single in error:
                _beside(filled, file, single)


def again(filled: Filled, files: Sequence[ArrivedFile]) -> None:
    """Remind of files that must be chosen anew, since no browser keeps them in a form."""
    if files:
        filled.errors.setdefault(PART, [])


def complain(filled: Filled, error: DomainError, files: Sequence[ArrivedFile], inputs: Iterable[Any] = ()) -> None:
    """Put what the domain refuses beside the file or field that it speaks of, or above the form."""
    for single in error:
        if len(single.path) > 1 and single.path[0] == PART and isinstance(single.path[1], int):
            _beside(filled, files[single.path[1]], single)
        else:
            filled.refuse(single, inputs)
    again(filled, files)


def _beside(filled: Filled, file: ArrivedFile, error: DomainError) -> None:
    if isinstance(error, TooManyFilesError):
        filled.general[:] = dict.fromkeys([*filled.general, error.message(spoken())])
        return
    lines = filled.errors.setdefault(PART, [])
    line = say("file_refused", name=file.name, why=error.message(spoken()))
    if line not in lines:
        lines.append(line)
