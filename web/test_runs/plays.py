"""Test runs: a case played by hand, with its own clock. Only the actions are stored."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request

from engine import bpmn
from engine.bpmn.values import plain
from engine.design import test_runs
from engine.design.test_runs import OfVersion, Play
from engine.platform.errors import Conflict, Fault, Invalid, NotFound, Refusal, Stale
from engine.platform.messages.phrases import explain
from web import asked, attached, forms, texts
from web.designer import starting
from web.test_runs import doing, story
from web.test_runs.doing import Doing
from web.test_runs.subject import (
    UNREADY,
    Painting,
    about,
    done,
    find,
    home,
    looked_at,
    named,
    unready,
    where_of,
)
from web.visit import Away, Content, Page, Shown, Visit

ONE = "/try/<uuid:test_run_id>"


@dataclass(frozen=True, slots=True)
class _Typed:
    """What was filled in, as it was typed; and its faults."""

    values: Mapping[str, Any] | None = None
    text: str | None = None
    faults: Sequence[Fault] = ()
    refusal: str | None = None
    needs: str = ""


def _listed(visit: Visit, where: Mapping[str, Any], fault: str | None = None) -> Page:
    subject = find(visit, where)
    rows = test_runs.of_subject(visit.uow, subject)
    stale = [row.id for row in rows if row.process_revision != subject.process_revision]
    values = {"test_runs": rows, "stale": stale, "kept": test_runs.KEPT.days, "fault": fault}
    return Page("test_runs/list.html", {**about(subject, "try"), **values}, status=409 if fault else 200)


@looked_at("/try")
def listed(visit: Visit, **where: Any) -> Page:
    """Show the visitor's own test runs."""
    return _listed(visit, where)


def too_many(visit: Visit, *, refusal: Refusal, **where: Any) -> Page:
    """Show them, and why no new one was created."""
    if _word(refusal) != "many":
        return unready(visit, refusal=refusal, **where)
    return _listed(visit, where, texts.say("test-runs.refused.many", count=test_runs.MAX_TEST_RUNS))


@done("/try", refused=too_many)
def begin(visit: Visit, **where: Any) -> Away:
    """Start a test run."""
    of = where_of(where)
    return Away(f"{home(of)}/try/{test_runs.new(visit.uow, of).id}")


@looked_at(ONE)
def play(visit: Visit, test_run_id: UUID, **where: Any) -> Page:
    """Show the current steps of the case, and the possible actions."""
    return _render(visit, _own(visit, test_run_id, where), _Typed())


def refused(visit: Visit, test_run_id: UUID, *, refusal: Refusal, **where: Any) -> Page:
    """Show the same, with what was typed and why it was refused."""
    if _word(refusal) in UNREADY:
        return unready(visit, refusal=refusal, **where)
    play = _own(visit, test_run_id, where)
    one = _requested(play)
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    filled = one is not None and one.by_form(request.values)
    values = forms.answer(doing.fields(one, _role(one)), request.form) if one and filled else None
    typed = _Typed(values, request.form.get(doing.JSON), faults, _reason(refusal), _needs(refusal))
    return _render(visit, play, typed, status=422 if faults else 409)


@done(ONE, refused=refused)
def act(visit: Visit, test_run_id: UUID, **where: Any) -> Shown:
    """Do the chosen action."""
    play = _own(visit, test_run_id, where)
    one = _requested(play)
    if one is not None and one.by_form(request.values) and forms.edited(request.form):
        values = forms.answer(doing.fields(one, _role(one)), request.form)
        return _render(visit, play, _Typed(values))
    _require_seen(play)
    test_runs.act(visit.uow, test_run_id, play.test_run.revision, doing.parse_action(one, request.form))
    return Away(_at(play))


@done(f"{ONE}/back", refused=refused)
def back(visit: Visit, test_run_id: UUID, **where: Any) -> Away:
    """Undo the last action."""
    play = _own(visit, test_run_id, where)
    test_runs.back(visit.uow, test_run_id, _revision())
    return Away(_at(play), told="test-runs.notice.back")


@done(f"{ONE}/again", refused=refused)
def again(visit: Visit, test_run_id: UUID, **where: Any) -> Away:
    """Start again from the beginning."""
    play = _own(visit, test_run_id, where)
    test_runs.again(visit.uow, test_run_id, _revision())
    return Away(_at(play), told="test-runs.notice.again")


@done(f"{ONE}/adopt", refused=refused)
def adopt(visit: Visit, test_run_id: UUID, **where: Any) -> Away:
    """Continue with the draft as it is now."""
    play = _own(visit, test_run_id, where)
    test_runs.adopt(visit.uow, test_run_id, _revision())
    return Away(_at(play), told="test-runs.notice.adopted")


@done(f"{ONE}/delete")
def delete(visit: Visit, test_run_id: UUID, **where: Any) -> Away:
    """Delete it, even if its draft can't be played."""
    test_runs.remove(visit.uow, test_run_id)
    return Away(f"{home(where_of(where))}/try", told="test-runs.notice.deleted")


@looked_at(f"{ONE}/scenario.yaml", refused=refused)
def scenario(visit: Visit, test_run_id: UUID, **where: Any) -> Content:
    """Download the actions as a scenario file."""
    play = _own(visit, test_run_id, where)
    content = test_runs.scenario(visit.uow, test_run_id, _suggested(play))
    return Content(content, "application/yaml", name=f"{play.subject.key}-test-run.yaml")


@done(f"{ONE}/scenario", refused=refused)
def save(visit: Visit, test_run_id: UUID, **where: Any) -> Away:
    """Store the actions as a scenario of the draft; for a version, in a draft created from it."""
    of = _own(visit, test_run_id, where).subject.where
    unit = starting.unit_for(visit, of.key) if isinstance(of, OfVersion) else ""
    name = request.form.get("scenario", "")
    draft_id = test_runs.save(visit.uow, test_run_id, name, unit=unit)
    return Away(f"/designer/drafts/{draft_id}", told="test-runs.notice.saved")


def _suggested(play: Play) -> str:
    """Return a suggested name for a scenario."""
    name, outcome = texts.reader().half(play.subject.name), play.played.case.outcome
    key = "test-runs.scenario.outcome" if outcome else "test-runs.scenario.name"
    return texts.say(key, name=name, outcome=outcome or "").translate(_UNISOLATED)


_UNISOLATED = dict.fromkeys((0x2068, 0x2069))  # file names need no direction marks


@looked_at(f"{ONE}/picture.svg")
def play_picture(visit: Visit, test_run_id: UUID, **where: Any) -> Content:
    """Return the current steps as an image, for browsers without JavaScript."""
    play = _own(visit, test_run_id, where)
    case = play.played.case
    tokens: list[Any] = [(work.element, "task") for work in case.open.values()]
    tokens += [(element, "wait") for element in case.awaited]
    tokens += [(one.element, "incident") for one in case.incidents.values()]
    marks = bpmn.Marks(tokens=tokens, passed=set(case.passed))
    return Content(test_runs.picture(visit.uow, play.subject, visit.reader.language, marks), "image/svg+xml")


def _own(visit: Visit, test_run_id: UUID, where: Mapping[str, Any]) -> Play:
    play = test_runs.get(visit.uow, test_run_id)
    if play.subject.where != where_of(where):
        raise NotFound(f"The test run {test_run_id} does not exist.")
    return play


def _at(play: Play) -> str:
    return f"{home(play.subject.where)}/try/{play.test_run.id}"


def _requested(play: Play) -> Doing | None:
    return doing.chosen(doing.possible(play), request.values)


def _role(one: Doing | None) -> str | None:
    wished = request.values.get("as")
    return wished if one is not None and wished in one.roles else None


def _revision() -> int:
    return asked.count(request.form, "revision") or 0


def _require_seen(play: Play) -> None:
    if play.test_run.revision != _revision():
        raise Stale("The test run has changed since you opened it.", revision=play.test_run.revision)


def _word(refusal: Refusal) -> str | None:
    return refusal.state.get("test_run") if isinstance(refusal, Conflict) else None


def _reason(refusal: Refusal) -> str | None:
    """Return why something was refused, apart from faults shown next to fields."""
    if isinstance(refusal, Stale):
        return texts.say("test-runs.refused.stale")
    if isinstance(refusal, Conflict):
        return texts.say(f"test-runs.refused.{_word(refusal) or 'unlike'}")
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    if whole := [fault for fault in faults if fault.pointer.startswith(("/files", "/unit"))]:
        return " ".join(
            map(forms.explain_fault, whole)
        )  # for the draft in which the scenario was to be stored
    beside = faults and all(one.pointer != "/act" for one in faults)
    return None if beside else texts.say("test-runs.refused.act")


def _needs(refusal: Refusal) -> str:
    """Return what an action needs, and the case's position; empty unless they differ."""
    if _word(refusal) != "unlike" or not isinstance(refusal, Conflict):
        return ""
    parts = {name: explain(refusal.state[name], texts.for_reader()) for name in ("expected", "came")}
    return texts.say("test-runs.refused.needs", **parts)


def _render(visit: Visit, play: Play, typed: _Typed, status: int = 200) -> Page:
    found = doing.possible(play)
    one = doing.chosen(found, request.values)
    spec, case = play.played.spec, play.played.case
    drawn = test_runs.places(visit.uow, play.subject)
    values = {
        **about(play.subject, "try"),
        "play": play,
        "at": _at(play),
        "case": case,
        "doings": found,
        "one": one,
        "panel": _panel(visit, play, one, typed) if one else None,
        "typed": typed,
        "fault": typed.refusal,
        "suggested": _suggested(play),
        "unnamed": any(fault.pointer == "/name" for fault in typed.faults),
        "painting": _painting(play, drawn),
        "painting_places": drawn,
        "focus": drawn.get(one.at) if one and one.at else None,
        "story": story.entries(play.played),
        "data": [(name, doing.format_data(value)) for name, value in sorted(case.data.items())],
        "standing": _standing(play),
        "elements": [(path, one) for path, one in spec.elements.items() if path in drawn],
        "passed": Counter(case.passed),
        "names": {path: named(spec, path) for path in spec.elements},
    }
    return Page("test_runs/play.html", values, status=status)


def _panel(visit: Visit, play: Play, one: Doing, typed: _Typed) -> dict[str, Any]:
    """Return the form of this action."""
    examples = test_runs.examples(visit.uow, play.subject, one.do, one.target)
    wished = request.args.get("fill", "")
    filled = examples[int(wished)].data if wished in map(str, range(len(examples))) else None
    if filled is None and one.do in ("call", "message", "signal") and examples:
        filled = examples[0].data  # fields that the case itself sets aren't answered from outside
    role = _role(one)
    panel: dict[str, Any] = {"examples": examples, "role": role, "units": list(doing.UNITS)}
    if one.do == "call":
        panel |= _call(visit, play, one, filled)
        filled = panel["sample"]
    if one.by_form(request.values):
        case = play.played.case
        known = case.known_at(one.about.token, one.at) if one.do == "task" else case.data
        values = next((some for some in (typed.values, filled) if some is not None), known)
        faults = [fault for fault in typed.faults if fault.pointer.startswith("/data")]
        drawn = forms.drawing(doing.fields(one, role), plain(dict(values)), visit.reader, faults)
        panel["drawing"] = attached.stand_ins(drawn)
    elif one.do != "wait":
        panel["text"] = typed.text if typed.text is not None else doing.format_data(filled or {})
    panel["wrong"] = {
        fault.pointer.removeprefix("/"): texts.say(f"test-runs.wrong.{fault.code}")
        for fault in typed.faults
        if fault.code in ("json", "amount", "error")
    }
    return panel


def _call(visit: Visit, play: Play, one: Doing, filled: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the request to another system, and its possible replies and failures."""
    known = play.played.case.data
    awaited = test_runs.awaited(visit.uow, play.subject, one.at, known)
    sample = filled
    if sample is None:
        sample = doing.sample(one.form.fields) if one.form else awaited.reply
    return {
        "request": doing.format_data(one.about.request),
        "sample": sample,
        "guessed": filled is None and one.form is None and bool(sample),
        "errors": dict.fromkeys([*one.errors, *awaited.errors]),
    }


def _painting(play: Play, drawn: Mapping[str, str]) -> Painting:
    played, case = play.played, play.played.case
    painting = Painting()
    painting.paint(drawn, [*case.passed, *played.flows], "done")
    painting.paint(drawn, case.awaited, "waits", "◷")
    painting.paint(drawn, [work.element for work in case.open.values()], "token", "●")
    painting.paint(drawn, [one.element for one in case.incidents.values()], "stuck", "!")
    return painting


def _standing(play: Play) -> list[tuple[str, str, Any]]:
    """Return what the case waits for: kind, element, and until when."""
    case = play.played.case
    found: list[tuple[str, str, Any]] = [("task", work.element, None) for work in case.open.values()]
    found += [("call", call.element, None) for call in case.calls.values()]
    found += [(wait.kind, wait.element, wait.due) for wait in case.waits.values()]
    found += [("incident", one.element, None) for one in case.incidents.values()]
    return found
