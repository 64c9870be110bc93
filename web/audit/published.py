"""The checkpoints, for everybody: a copy of one proves later what the logs contained."""

import orjson
from flask import Blueprint, request
from sqlalchemy import RowMapping

from engine.oversight.audit import checkpoints
from engine.oversight.audit.signing import key_id
from engine.oversight.audit.statement import Signed
from web import asked
from web.visit import Content, Page, Shown, Visit, page

blueprint = Blueprint("published", __name__)
JSON = "application/json"


@page(blueprint.get("/checkpoints"), anybody=True)
def index(visit: Visit) -> Shown:
    """Show them, the newest first; for programs that accept JSON, their files in a list."""
    rows = checkpoints.page(visit.uow.connection, before=asked.count(request.args, "before") or None)
    shown = [(row, checkpoints.readable(row)) for row in rows[: checkpoints.PAGE]]
    following = shown[-1][0]["number"] if len(rows) > len(shown) else None
    if request.accept_mimetypes.best_match(["text/html", JSON]) == JSON:
        files = b",".join(signed.document().rstrip() if signed else _altered(row) for row, signed in shown)
        return Content(b'{"items":[%b],"next":%b}' % (files, orjson.dumps(following)), JSON)
    keys = {public: key_id(public) for _, signed in shown if signed for public in signed.statement.keys}
    return Page("audit/checkpoints.html", {"shown": shown, "next": following, "keys": keys})


@page(blueprint.get("/checkpoints/<int:number>"), anybody=True)
def show(visit: Visit, number: int) -> Content:
    """Download one as the file that `audit verify --checkpoint` takes."""
    signed: Signed = checkpoints.get(visit.uow.connection, number)
    return Content(signed.document(), JSON, name=f"checkpoint-{number:06}.json")


def _altered(row: RowMapping) -> bytes:
    return orjson.dumps({"checkpoint": None, "number": row["number"], "altered": True})
