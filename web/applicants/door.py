"""The entry point of pages that are only for applicants with an account."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from flask import Blueprint, request

from engine import access
from engine.platform import persian
from engine.platform.db import Actor
from engine.platform.errors import Forbidden
from web.visit import Shown, View, Visit, page

blueprint = Blueprint("applicants", __name__)


def mine(
    route: Callable[[Any], Any],
    *,
    refused: View | None = None,
    prepare: Callable[..., Mapping[str, Any]] | None = None,
) -> Callable[[View], View]:
    """Declare a page as `visit.page` does, for applicants."""

    def declare(view: View) -> View:
        @wraps(view)
        def own(visit: Visit, **parts: Any) -> Shown:
            require_applicant(visit.uow.actor)
            return view(visit, **parts)

        return page(route, refused=refused, prepare=prepare)(own)

    return declare


def require_applicant(actor: Actor) -> None:
    """Raises Forbidden unless the visitor is an applicant."""
    if actor.role != access.APPLICANT:
        raise Forbidden("These pages are for applicants.")


def typed(name: str, most: int, *, lines: bool = False) -> str:
    """Return what was typed into a field, without control characters, cut off; `lines`: with line breaks."""
    kept = ("\n", "\t") if lines else ()
    text = "".join(sign for sign in request.form.get(name, "") if sign in kept or persian.printable(sign))
    return text.strip()[:most]
