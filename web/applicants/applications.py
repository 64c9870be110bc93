"""Which application a page is about: that for a service, or a draft of several services, by its id.

Both have the same pages: the steps, the check of all answers, and the buttons for evidence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any
from uuid import UUID

from engine.cases.staged_documents import Place
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict
from engine.portal import application_drafts
from engine.portal.application_drafts import Draft
from web.applicants.door import mine
from web.visit import Away, Shown, View, Visit


@dataclass(frozen=True, slots=True)
class Application:
    """An application by the key of its service, or by the id of its draft: one of both."""

    key: str = ""
    draft_id: UUID | None = None

    @property
    def address(self) -> str:
        """The address at which its steps begin."""
        return f"/services/{self.key}/apply" if self.key else f"/my/drafts/{self.draft_id}/apply"

    def find(self, uow: UnitOfWork, *, hold: bool = False) -> Draft:
        """Return its draft, as `application_drafts.of_service` does; `hold` locks it."""
        if self.draft_id is None:
            return application_drafts.of_service(uow, self.key, hold=hold)
        return application_drafts.of_draft(uow, self.draft_id, hold=hold)

    def place(self, uow: UnitOfWork) -> Place:
        """Return the form to which its files belong. Raises NotFound for a draft of another person."""
        return Place.start(self.key) if self.key else self.find(uow).place


def application_page(
    method: Callable[..., Callable[[Any], Any]],
    rest: str = "",
    *,
    refused: View | None = None,
    prepare: Callable[..., Mapping[str, Any]] | None = None,
) -> Callable[[View], View]:
    """Declare a page as `door.mine` does, below the addresses of both; `rest` follows the address.

    Its views, and `prepare`, have the application in place of the parts of the address.
    """

    def declare(view: View) -> View:
        again, first = refused and _of_application(refused), prepare and _prepared(prepare)
        of_service = method(f"/services/<key>/apply{rest}")
        of_draft = method(f"/my/drafts/<uuid:draft_id>/apply{rest}", endpoint=f"{view.__name__}_of_draft")
        for route in (of_service, of_draft):
            mine(route, refused=again, prepare=first)(_of_application(view))
        return view

    return declare


def _prepared(prepare: Callable[..., Mapping[str, Any]]) -> Callable[..., Mapping[str, Any]]:
    def own(key: str = "", draft_id: UUID | None = None, **parts: Any) -> Mapping[str, Any]:
        return prepare(Application(key, draft_id), **parts)

    return own


def _of_application(view: View) -> View:
    @wraps(view)
    def own(visit: Visit, key: str = "", draft_id: UUID | None = None, **parts: Any) -> Shown:
        try:
            return view(visit, Application(key, draft_id), **parts)
        except Conflict as sent:
            if sent.code != "draft-submitted":
                raise
            return Away(f"/my/drafts/{draft_id}/begun")

    return own
