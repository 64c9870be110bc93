"""The door to the pages of applicants with an account, which are for nobody else."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from flask import Blueprint

from engine import access
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
