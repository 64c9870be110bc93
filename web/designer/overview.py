"""All processes that a designer may see; versions in review come first."""

from flask import request

from engine.definitions import overview
from engine.definitions.overview import STANDINGS, Entry
from web import asked
from web.designer.area import blueprint
from web.listing import following
from web.visit import Page, Visit, page


@page(blueprint.get(""), may="definitions.publish")
def processes(visit: Visit) -> Page:
    """Show the list."""
    standing = asked.choice(request.args, "standing", STANDINGS)
    found = overview.page(visit.uow, standing=standing, after=_after(request.args.get("cursor", "")))
    shown, following_one = following(found, overview.PAGE, _cursor)
    values = {
        "entries": shown,
        "standing": standing,
        "standings": STANDINGS,
        "next": following_one,
    }
    return Page("designer/overview.html", values)


def _cursor(entry: Entry) -> str:
    return f"{'draft' if entry.draft is not None else 'none'}:{entry.key}"


def _after(cursor: str) -> tuple[bool, str] | None:
    waits, parted, key = cursor.partition(":")
    return (waits == "draft", key) if parted else None
