"""What the pages of a version and of a draft share: their addresses, and marks on the diagram."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Blueprint

from engine.bpmn import Spec
from engine.design import drafts, test_runs
from engine.design.test_runs import OfDraft, OfVersion, Subject, Where
from engine.platform.errors import Conflict, Refusal
from web import texts
from web.designer.area import blueprint as designer
from web.visit import Away, Page, Prepare, View, Visit, page

VERSION, DRAFT = "/designer/<key>/<int:number>", "/designer/drafts/<uuid:draft_id>/processes/<process>"
blueprint = Blueprint("test-runs", __name__, url_prefix=VERSION)
of_drafts = Blueprint("test-runs-of-drafts", __name__, url_prefix=DRAFT)

TABS = ("diagram", "scenarios", "forms", "try")
# Why a draft can't be played (yet).
UNREADY = ("checking", "unchecked", "errors", "calls")


@dataclass(slots=True)
class Painting:
    """Marks on a diagram: a word for each drawn element, and a note at its corner."""

    marks: dict[str, str] = field(default_factory=dict)
    badges: dict[str, str] = field(default_factory=dict)

    def paint(self, places: Mapping[str, str], names: Iterable[str], word: str, sign: str = "") -> None:
        """Replace the marks of the elements that these contain."""
        for name in names:
            if name in places:
                self.marks[places[name]] = word
                if sign:
                    self.badges[places[name]] = sign


def looked_at(path: str, *, refused: View | None = None) -> Callable[[View], View]:
    """Declare a page of a version, and the same of a draft. `where` identifies it, see `where_of`."""
    return _declared("get", path, refused or unready)


def done(path: str, *, refused: View | None = None, files: bool = False) -> Callable[[View], View]:
    """Declare an action of such a page. It may have `files`, which are checked with the answer."""
    return _declared("post", path, refused or unready, (lambda **_: {}) if files else None)


def _declared(
    method: str, path: str, refused: View, prepare: Prepare | None = None
) -> Callable[[View], View]:
    def declare(view: View) -> View:
        for each in (blueprint, of_drafts):
            page(getattr(each, method)(path), may="definitions.publish", refused=refused, prepare=prepare)(
                view
            )
        return view

    return declare


def where_of(parts: Mapping[str, Any]) -> Where:
    """Return the subject of an address, from its parts."""
    if "key" in parts:
        return OfVersion(parts["key"], parts["number"])
    return OfDraft(parts["draft_id"], parts["process"])


def home(where: Where) -> str:
    """Return the address of its pages."""
    if isinstance(where, OfVersion):
        return f"/designer/{where.key}/{where.number}"
    return f"/designer/drafts/{where.draft_id}/processes/{where.process}"


def find(visit: Visit, where: Mapping[str, Any]) -> Subject:
    """Return the version or draft of an address. Raises NotFound, Forbidden, Conflict."""
    return test_runs.find(visit.uow, where_of(where))


def about(subject: Subject, tab: str) -> dict[str, Any]:
    """Return the values of all its pages."""
    reader, where = texts.reader(), subject.where
    name = reader.half(subject.name)
    if isinstance(where, OfVersion):
        trail = [(texts.say("frame.nav.processes"), "/designer"), (name, f"/designer/{where.key}")]
        title = texts.say("test-runs.version", number=where.number, name=name)
    else:
        draft = reader.half(subject.title or "")
        trail = _trail(where, draft)
        title = texts.say(
            "test-runs.draft" if name == draft else "test-runs.of-draft", draft=draft, name=name
        )
    at = home(where)
    tabs = [(one, texts.say(f"test-runs.tab.{one}"), f"{at}/{one}") for one in TABS]
    of = {"subject": name, "subject_title": title, "trail": trail, "draft": isinstance(where, OfDraft)}
    others = [(reader.half(name), f"{at.rpartition('/')[0]}/{key}/{tab}") for key, name in subject.others]
    of["others"] = others
    return {**of, "home": at, "tabs": tabs, "tab": tab}


def _trail(where: OfDraft, name: str) -> list[tuple[str, str]]:
    return [
        (texts.say("designer.drafts"), "/designer/drafts"),
        (name, f"/designer/drafts/{where.draft_id}"),
    ]


@page(
    designer.get(f"/drafts/<uuid:draft_id>/<any({','.join(TABS)}):tab>"),
    may="definitions.publish",
    refused=lambda visit, **parts: unready(visit, process="", **parts),
)
def main_process(visit: Visit, draft_id: UUID, tab: str) -> Away:
    """Show the page of the first process of a draft."""
    return Away(f"{home(test_runs.main_process(visit.uow, draft_id))}/{tab}")


def unready(visit: Visit, *, refusal: Refusal, **where: Any) -> Page:
    """Show why a draft can't be played, and what to do. Raises any other refusal again."""
    of = where_of(where)
    reason = refusal.state.get("test_run") if isinstance(refusal, Conflict) else None
    if reason not in UNREADY or isinstance(of, OfVersion):
        raise refusal
    draft = drafts.get(visit.uow, of.draft_id).draft
    name = texts.reader().half(draft.name)
    values = {"draft": draft, "check": draft.check, "reason": reason}
    values |= {"trail": _trail(of, name), "subject_title": name}
    return Page("test_runs/unready.html", values, status=409)


def named(spec: Spec, path: str) -> str:
    """Return the name of an element, or of a flow; a flow without a name by its ends."""
    element, flow = spec.elements.get(path), spec.flows.get(path)
    name = texts.reader().half((element.name if element else flow.name if flow else "") or "")
    if name or flow is None:
        return name or path
    inside = path.removesuffix(path.rpartition("/")[2])
    source, target = (named(spec, inside + end) for end in (flow.source, flow.target))
    return texts.say("test-runs.flow", source=source, target=target)
