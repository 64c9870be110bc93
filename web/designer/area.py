"""What the designer's pages share: their routes, explanations of refusals, files in uploads and downloads."""

import html
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import PurePath

from flask import Blueprint, request

from engine.bpmn import BPMN_SUFFIXES, MAX_FILE
from engine.design import drafts
from engine.design.drafts import MAX_TITLE
from engine.platform import persian
from engine.platform.errors import Conflict, Fault, Forbidden, Invalid, Refusal, Rejected, Stale
from web import asked
from web.forms import explain_fault
from web.texts import explain, find_text, reader, say
from web.visit import Content

blueprint = Blueprint("designer", __name__, url_prefix="/designer")

# The media types of downloads, so that browsers don't run any as a script or style; others as bytes.
KINDS = {
    ".json": "application/json",
    ".md": "text/markdown",
    ".toml": "application/toml",
    ".yaml": "application/yaml",
}
NAME = re.compile(rb"<(?:[\w.-]+:)?process\b[^<>]*?\sname\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


def explain_refusal(refusal: Refusal) -> Sequence[str]:
    """Explain a refusal in the reader's language: one sentence, or one for each fault."""
    if isinstance(refusal, Stale) and "editor" in refusal.state:
        saved = refusal.state
        return [say("designer.stale", name=saved["editor"], at=reader().here(saved["updated_at"]))]
    if isinstance(refusal, Invalid) and refusal.faults:
        return [_named(fault) for fault in refusal.faults]
    if isinstance(refusal, Rejected):
        return [say("designer.rejected")]
    if type(refusal) is Forbidden:
        return [say("designer.foreign")]
    return [explain(refusal)]


def status(refusal: Refusal | None) -> int:
    """Return the status of a page that shows a refusal."""
    if refusal is None:
        return HTTPStatus.OK
    kinds = {Conflict: HTTPStatus.CONFLICT, Forbidden: HTTPStatus.FORBIDDEN}
    return next(
        (code for kind, code in kinds.items() if isinstance(refusal, kind)), HTTPStatus.UNPROCESSABLE_ENTITY
    )


def _named(fault: Fault) -> str:
    """Add the name of the file to a fault."""
    text = find_text(f"designer.fault.{fault.code}", explain_fault(fault))
    name = fault.pointer.removeprefix("/files/")
    return text if name == fault.pointer else say("designer.of-file", name=name, text=text)


def uploaded() -> dict[str, bytes]:
    """Return the uploaded files by their base names; archives are unpacked.

    Raises Invalid for a duplicate name, and for an archive that can't be used.
    """
    files: dict[str, bytes] = {}
    for upload in request.files.getlist("files"):
        name = re.split(r"[/\\]", upload.filename or "")[-1]
        if not name:
            continue  # what a browser sends if no file was chosen
        upload.seek(0)  # a command may run again
        if name.lower().endswith(".zip"):
            held = drafts.unpack(name, upload.stream)
        else:
            held = {name: upload.read(MAX_FILE + 1)}
        for one, content in held.items():
            if one in files:
                raise Invalid(
                    "A file was uploaded twice.", [Fault(f"/files/{one}", "was uploaded twice", "duplicate")]
                )
            files[one] = content
        drafts.require_number(len(files))  # before more is read
    return files


def title(files: Mapping[str, bytes]) -> str:
    """Return a title for files: that of their first process, else of their first diagram."""
    names = diagrams(files)
    for name in names:
        if found := NAME.search(files[name]):
            return _line(html.unescape((found[1] or found[2] or b"").decode(errors="replace")))
    return _line(PurePath(next(iter([*names, *files]), "")).stem)


def _line(text: str) -> str:
    """Return a text as a name: in one line, without invisible characters, not too long."""
    seen = "".join(char if persian.printable(char) else " " for char in text)
    return " ".join(seen.split())[:MAX_TITLE]


def diagrams(names: Mapping[str, object] | Sequence[str]) -> list[str]:
    """Return the files that contain diagrams."""
    return [name for name in names if name.endswith(BPMN_SUFFIXES)]


def download(name: str, content: bytes) -> Content:
    """Download a file. Never shown as a page of ours: it was uploaded by somebody."""
    kind = "application/xml" if name in diagrams([name]) else KINDS.get(PurePath(name).suffix)
    return Content(content, kind or "application/octet-stream", name)


def packed(name: str, files: Mapping[str, bytes]) -> Content:
    """Return files as one archive."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
    return Content(held.getvalue(), "application/zip", f"{name}.zip")


def revision() -> int:
    """Return the revision of the draft on which the form is based; 0, which none has, if it is missing."""
    return asked.count(request.form, "revision") or 0
