"""The door to the pages of applicants with an account, which are for nobody else."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Blueprint, request

from engine import access, persian
from engine.errors import Forbidden, Refusal
from web import refusals, texts
from web.visit import Shown, View, Visit, page

blueprint = Blueprint("applicants", __name__)


def mine(
    route: Callable[[Any], Any],
    *,
    refused: View | None = None,
    prepare: Callable[..., Mapping[str, Any]] | None = None,
) -> Callable[[View], View]:
    """As `visit.page`, for those who apply."""

    def declare(view: View) -> View:
        @wraps(view)
        def own(visit: Visit, **parts: Any) -> Shown:
            if visit.uow.actor.role != access.APPLICANT:
                raise Forbidden("These pages are for applicants.")
            return view(visit, **parts)

        return page(route, refused=refused, prepare=prepare)(own)

    return declare


def explained(refusal: Refusal) -> str:
    """A refusal in the reader's language."""
    key, values = refusals.told(refusal)
    return texts.say(key, **values)


def typed(name: str, most: int, *, lines: bool = False) -> str:
    """What was typed into a field, without what no keyboard writes, cut off; `lines`: of several lines."""
    kept = ("\n", "\t") if lines else ()
    text = "".join(sign for sign in request.form.get(name, "") if sign in kept or persian.printable(sign))
    return text.strip()[:most]


def cursor() -> UUID | None:
    """After what a page of a list begins; None: at the beginning."""
    try:
        return UUID(request.args["cursor"])
    except (KeyError, ValueError):
        return None
