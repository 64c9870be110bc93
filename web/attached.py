"""Files in forms of processes: received before the view runs, then shown by their names.

A form sends new files in inputs called `file` and the field's place, and the ids of previously uploaded ones
as the field's value. Without JavaScript the files are sent with the form; with it they were uploaded already
(`web.uploads`), and only their ids are sent.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from flask import g, request
from werkzeug.datastructures import FileStorage, MultiDict

from engine.bpmn.forms import DOCUMENT_KINDS, Field, document_field, mib
from engine.cases import staged_documents
from engine.cases.staged_documents import Place
from engine.documents import Intake, form_uploads
from engine.documents.form_uploads import Target
from engine.platform import media
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid
from web import forms, texts
from web.documents import intake
from web.forms import DATA, Drawing, Node
from web.site import current, site
from web.visit import ANYBODY

FILE = "file"
UPLOAD, DROP = "upload", "drop"  # buttons: only upload the chosen files; remove a file
_INDEX = re.compile(r"/\d+(?=/|$)")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class File:
    """A file in a field, as a page shows it. `filed`: it is a document of a case; else it was not sent."""

    id: str
    name: str
    size: int = 0
    filed: bool = False


@dataclass(slots=True)
class Came:
    """The files of a form: its values with new files, their faults, and notes on them."""

    sent: "MultiDict[str, str]"
    faults: list[Fault] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)
    dropped: list[UUID] = field(default_factory=list)


def sent() -> "MultiDict[str, str]":
    """Return the values of the request's form, with the ids of its files, without removed ones."""
    return _received().sent


def _received() -> Came:
    if "came" not in g:
        values = MultiDict(request.form)
        g.came = Came(values)
        for told in request.form.getlist(DROP):
            name, _, gone = told.rpartition(" ")
            values.setlist(name, [one for one in values.getlist(name) if one != gone])
            g.came.dropped += [UUID(gone)] if is_id(gone) else []
    found: Came = g.came
    return found


def edited() -> bool:
    """Return whether the form was sent only to change rows of lists, or files."""
    return forms.edited(request.form) or changed()


def changed() -> bool:
    """Return whether the form was sent to change its files."""
    return bool({UPLOAD, DROP} & set(request.form)) or bool(_received().notes)


def require() -> None:
    """Raises Invalid if a file of the form was refused."""
    if faults := _received().faults:
        raise Invalid("A file was not accepted.", faults)


def faults() -> Sequence[Fault]:
    """Return the faults of files of the form."""
    return _received().faults


def forget_dropped(uow: UnitOfWork) -> None:
    """Delete the files that the form removes, if they belong to the visitor and were never sent."""
    staged_documents.discard_some(uow, _received().dropped)


def take(place: Place) -> Mapping[str, Any]:
    """Check and store the files of this request, each separately: a refused one doesn't exclude others."""
    found = _received()
    for name, upload in _uploads():
        pointer = name.removeprefix(FILE)
        try:
            target = as_visitor(partial(_target, place, pointer))
            received = form_uploads.receive(target, upload.stream, upload.filename or "")
            kept = as_visitor(partial(form_uploads.keep, target=target, received=received))
        except Invalid as refusal:
            found.faults += [_of_file(pointer, upload, one) for one in refusal.faults]
            continue
        _add(found, pointer, target.field, str(kept.id))
        if kept.again:
            note = texts.say("frame.file.again", name=kept.name)
            found.notes.setdefault(f"{DATA}{pointer}", []).append(note)
    return {}


def try_out(fields: Sequence[Field]) -> None:
    """Check the files of this request without storing them: their names represent them."""
    found = _received()
    for name, upload in _uploads():
        pointer = name.removeprefix(FILE)
        one = _field(fields, pointer)
        if one is None:
            continue
        try:
            form_uploads.judge(form_uploads.narrowed(one, intake()), upload.stream, upload.filename or "")
        except Invalid as refusal:
            found.faults += [_of_file(pointer, upload, fault) for fault in refusal.faults]
            continue
        _add(found, pointer, one, upload.filename or "")


def as_visitor(command: Callable[[UnitOfWork], T]) -> T:
    """Run a command of the visitor in its own transaction."""
    opened = current()
    actor = opened.actor if opened else ANYBODY
    return site().database.run(lambda session, now: command(UnitOfWork(session, actor, now)))


def _uploads() -> Iterator[tuple[str, FileStorage]]:
    for name, upload in request.files.items(multi=True):
        if name.startswith(f"{FILE}/") and upload.filename:
            yield name, upload


def _target(place: Place, pointer: str, uow: UnitOfWork) -> Target:
    return form_uploads.target_of_new(uow, place, _INDEX.sub("/*", pointer), intake())


def _field(fields: Sequence[Field], pointer: str) -> Field | None:
    return document_field(fields, _INDEX.sub("/*", pointer))


def _add(came: Came, pointer: str, to: Field, value: str) -> None:
    name = f"{DATA}{pointer}"
    before = came.sent.getlist(name) if to.kind == "documents" else []
    came.sent.setlist(name, [*(one for one in before if one != value), value])


def _of_file(pointer: str, upload: FileStorage, fault: Fault) -> Fault:
    """Return a fault of one of several files, with the name of the file."""
    name = (upload.filename or "")[: media.MAX_NAME]
    values = {"name": name, "reason": forms.explain_fault(fault)}
    return Fault(f"/data{pointer}", f"{name}: {values['reason']}", "of-file", values)


def named(uow: UnitOfWork, drawing: Drawing, place: Place) -> Drawing:
    """Return the form with its files by their names, and with inputs to upload more for `place`."""
    if not any(node.field.kind in DOCUMENT_KINDS for node in drawing.all):
        return drawing
    return replace(drawing, nodes=_with_files(drawing.nodes, files_in(uow, drawing, place), str(place)))


def tried_out(drawing: Drawing) -> Drawing:
    """Return the same for a preview of a form: the values are names of files."""
    nodes = [node for node in drawing.all if node.field.kind in DOCUMENT_KINDS]
    known = {one: File(one, one) for node in nodes for one in node.shown}
    return replace(drawing, nodes=_with_files(drawing.nodes, known, "preview")) if nodes else drawing


def stand_ins(drawing: Drawing) -> Drawing:
    """Return the same for a test run, in which typed names represent files."""
    return replace(drawing, nodes=_stood_in(drawing.nodes))


def _stood_in(nodes: Sequence[Node]) -> tuple[Node, ...]:
    return tuple(
        replace(
            node,
            upload="stand-in" if node.field.kind in DOCUMENT_KINDS and not node.field.read_only else "",
            nodes=_stood_in(node.nodes),
            rows=tuple(_stood_in(row) for row in node.rows),
        )
        for node in nodes
    )


def files_in(uow: UnitOfWork, drawing: Drawing, place: Place) -> Mapping[str, File]:
    """Return the files in a drawn form that exist; no statement if there are none."""
    nodes = [node for node in drawing.all if node.field.kind in DOCUMENT_KINDS]
    wanted: Collection[UUID] = {UUID(one) for node in nodes for one in node.shown if is_id(one)}
    return {
        str(key): File(str(key), one.name, one.size, one.filed)
        for key, one in staged_documents.names(uow, wanted, place).items()
    }


def is_id(value: Any) -> bool:
    """Return whether a value can be the id of a document, in our notation."""
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def _with_files(nodes: Sequence[Node], known: Mapping[str, File], place: str) -> tuple[Node, ...]:
    return tuple(_with(node, known, place) for node in nodes)


def _with(node: Node, known: Mapping[str, File], place: str) -> Node:
    if node.field.kind not in DOCUMENT_KINDS:
        rows = tuple(_with_files(row, known, place) for row in node.rows)
        return replace(node, nodes=_with_files(node.nodes, known, place), rows=rows)
    limits = form_uploads.narrowed(node.field, intake())
    kinds = sorted(limits.types)
    hint = texts.say("frame.file.hint", kinds=_kinds(limits), most=mib(limits.max_bytes))
    return replace(
        node,
        hint=" ".join(filter(None, (node.hint, hint))),
        files=tuple(known[one] for one in node.shown if one in known),
        upload=place,
        accept=",".join(f".{ending}" for kind in kinds for ending in media.BY_NAME[kind].extensions),
        notes=tuple(_received().notes.get(node.name, ())) if request.method == "POST" else (),
    )


def _kinds(limits: Intake) -> str:
    """Return the everyday names of file types."""
    reader = texts.reader()
    kinds = [name.upper() for name in sorted(limits.types, key=lambda kind: list(media.BY_NAME).index(kind))]
    return reader.both(kinds)
