"""Diagrams of versions and cases, as SVG."""

import hashlib
from typing import Literal
from uuid import UUID

from apiflask import APIBlueprint

from api.command import Reply, command, sends
from api.shapes import Request
from engine import bpmn
from engine.design import diagrams
from engine.oversight import access_log
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid

blueprint = APIBlueprint("pictures", __name__, tag="Pictures")

_SVG = "image/svg+xml"
_AGAINST = Fault("/against", "say which version", "value")


class PictureQuery(Request):
    """How to draw the diagram."""

    lang: Literal["fa", "en"] = "en"
    """Language of names that are written as `Persian | English`."""


class VersionPictureQuery(PictureQuery):
    """How to draw the diagram, and what to mark in it."""

    marks: Literal["findings", "cases", "changes", "none"] = "findings"
    """What is marked."""
    against: int | None = None
    """With `marks=changes`: number of the version to compare with."""


@command(
    blueprint.get("/definitions/<key>/versions/<int:number>/diagram.svg"),
    query=VersionPictureQuery,
    answer=_SVG,
    refusals=(404,),
)
@sends("ETag")
def draw_version(uow: UnitOfWork, key: str, number: int, query: VersionPictureQuery) -> Reply:
    """Draw a version, with its findings, the current steps of its cases, or its changes

    As SVG, in which each element is a group with `data-element`. A heat map (`marks=cases`) counts the cases
    that you may see.
    """
    if query.marks == "changes":
        if query.against is None:
            raise Invalid("Specify the version to compare with in `against`.", [_AGAINST])
        return _picture(diagrams.of_changes(uow, key, number, query.against, query.lang))
    if query.marks == "cases":
        return _picture(diagrams.of_running(uow, key, number, query.lang))
    return _picture(diagrams.of_version(uow, key, number, query.lang, findings=query.marks == "findings"))


@command(blueprint.get("/cases/<uuid:case_id>/diagram.svg"), query=PictureQuery, answer=_SVG, refusals=(404,))
@sends("ETag")
def draw_case(uow: UnitOfWork, case_id: UUID, query: PictureQuery) -> Reply:
    """Draw the diagram of a case, with its current steps and its path

    As SVG, in which each element is a group with `data-element`. For all who may see the case.
    """
    drawn = diagrams.of_case(uow, case_id, query.lang)
    return _picture(drawn, access_log.for_auditor(uow.actor, "case", case_id))


def _picture(drawn: bytes, opened: Opened | None = None) -> Reply:
    headers = {
        "Content-Type": _SVG,
        "Content-Security-Policy": bpmn.PICTURE_POLICY,
        "ETag": f'"{hashlib.sha256(drawn).hexdigest()[:32]}"',
    }
    return Reply(drawn, headers, opened=opened)
