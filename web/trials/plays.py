"""Playing a case by hand, on a clock of its own. Nothing of it is real but what its owner has done."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request

from engine import bpmn, pictures, trials
from engine.bpmn.values import plain
from engine.errors import Conflict, Fault, Invalid, NotFound, Refusal, Stale
from engine.trials import Play
from web import asked, attached, forms, texts
from web.trials import doing, story
from web.trials.doing import Doing
from web.trials.subject import Painting, about, blueprint, home, named, places
from web.visit import Away, Content, Page, Shown, Visit, page

MAY: Any = "definitions.publish"
ONE = "/try/<uuid:trial_id>"


@dataclass(frozen=True, slots=True)
class _Typed:
    """What was filled in, as it was typed; and what is wrong with it."""

    values: Mapping[str, Any] | None = None
    text: str | None = None
    faults: Sequence[Fault] = ()
    refusal: str | None = None
    detail: str = ""


def listed(visit: Visit, key: str, number: int, refusal: Refusal | None = None) -> Page:
    """One's own trials of a version."""
    version, _ = trials.tried(visit.uow, key, number)
    rows = trials.of_version(visit.uow, key, number)
    values = {**about(version, "try"), "trials": rows, "kept": trials.KEPT.days}
    if isinstance(refusal, Conflict):
        values["fault"] = texts.say("trials.refused.many", count=trials.MAX_TRIALS)
    return Page("trials/list.html", values, status=409 if refusal else 200)


page(blueprint.get("/try"), may=MAY)(listed)


@page(blueprint.post("/try"), may=MAY, refused=listed)
def begin(visit: Visit, key: str, number: int) -> Away:
    """A new trial."""
    trial = trials.new(visit.uow, key, number)
    return Away(f"/designer/{key}/{number}/try/{trial.id}")


@page(blueprint.get(ONE), may=MAY)
def play(visit: Visit, key: str, number: int, trial_id: UUID) -> Page:
    """Where the case stands, and what can be done."""
    return _shown(visit, _own(visit, key, number, trial_id), _Typed())


def refused(visit: Visit, key: str, number: int, trial_id: UUID, refusal: Refusal) -> Page:
    """The same, with what was typed and why it was not done."""
    play = _own(visit, key, number, trial_id)
    one = _wished(play)
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    filled = one is not None and one.by_form(request.values)
    values = forms.answer(doing.fields(one, _role(one)), request.form) if one and filled else None
    typed = _Typed(values, request.form.get(doing.JSON), faults, _reason(refusal), refusal.detail)
    return _shown(visit, play, typed, status=422 if faults else 409)


@page(blueprint.post(ONE), may=MAY, refused=refused)
def act(visit: Visit, key: str, number: int, trial_id: UUID) -> Shown:
    """Do what was chosen."""
    play = _own(visit, key, number, trial_id)
    one = _wished(play)
    if one is not None and one.by_form(request.values) and forms.edited(request.form):
        values = forms.answer(doing.fields(one, _role(one)), request.form)
        return _shown(visit, play, _Typed(values))
    _require_seen(play)
    trials.act(visit.uow, trial_id, play.trial.revision, doing.told(one, request.form))
    return Away(_at(play))


@page(blueprint.post(f"{ONE}/back"), may=MAY, refused=refused)
def back(visit: Visit, key: str, number: int, trial_id: UUID) -> Away:
    """Undo the last act."""
    play = _own(visit, key, number, trial_id)
    trials.back(visit.uow, trial_id, _revision())
    return Away(_at(play), told="trials.notice.back")


@page(blueprint.post(f"{ONE}/again"), may=MAY, refused=refused)
def again(visit: Visit, key: str, number: int, trial_id: UUID) -> Away:
    """Begin anew."""
    play = _own(visit, key, number, trial_id)
    trials.again(visit.uow, trial_id, _revision())
    return Away(_at(play), told="trials.notice.again")


@page(blueprint.post(f"{ONE}/delete"), may=MAY)
def delete(visit: Visit, key: str, number: int, trial_id: UUID) -> Away:
    """Delete the trial."""
    trials.remove(visit.uow, _own(visit, key, number, trial_id).trial.id)
    return Away(f"/designer/{key}/{number}/try", told="trials.notice.deleted")


@page(blueprint.get(f"{ONE}/scenario.yaml"), may=MAY, refused=refused)
def scenario(visit: Visit, key: str, number: int, trial_id: UUID) -> Content:
    """What was played, as a scenario file."""
    play = _own(visit, key, number, trial_id)
    name = texts.say("trials.scenario.name", name=texts.reader().half(play.version.name))
    content = trials.scenario(visit.uow, trial_id, name.translate(_UNISOLATED))
    return Content(content, "application/yaml", name=f"{key}-trial.yaml")


_UNISOLATED = dict.fromkeys((0x2068, 0x2069))  # a file needs no marks of direction


@page(blueprint.get(f"{ONE}/picture.svg"), may=MAY)
def play_picture(visit: Visit, key: str, number: int, trial_id: UUID) -> Content:
    """Where the case stands, drawn without a script."""
    case = _own(visit, key, number, trial_id).played.case
    tokens: list[Any] = [(work.element, "task") for work in case.open.values()]
    tokens += [(element, "wait") for element in case.awaited]
    tokens += [(one.element, "incident") for one in case.incidents.values()]
    marks = bpmn.Marks(tokens=tokens, passed=set(case.passed))
    return Content(pictures.marked(visit.uow, key, number, visit.reader.language, marks), "image/svg+xml")


def _own(visit: Visit, key: str, number: int, trial_id: UUID) -> Play:
    play = trials.get(visit.uow, trial_id)
    if (play.version.key, play.version.number) != (key, number):
        raise NotFound(f"There is no trial {trial_id}.")
    return play


def _at(play: Play) -> str:
    return f"{home(play.version)}/try/{play.trial.id}"


def _wished(play: Play) -> Doing | None:
    return doing.chosen(doing.possible(play), request.values)


def _role(one: Doing | None) -> str | None:
    wished = request.values.get("as")
    return wished if one is not None and wished in one.roles else None


def _revision() -> int:
    return asked.count(request.form, "revision") or 0


def _require_seen(play: Play) -> None:
    if play.trial.revision != _revision():
        raise Stale("It was played on since it was read.", revision=play.trial.revision)


def _reason(refusal: Refusal) -> str | None:
    """Why something was not done, but for what stands beside a field."""
    if isinstance(refusal, Stale):
        return texts.say("trials.refused.stale")
    if isinstance(refusal, Conflict):
        return texts.say(f"trials.refused.{refusal.state.get('trial', 'unlike')}")
    beside = isinstance(refusal, Invalid) and all(one.pointer != "/act" for one in refusal.faults)
    return None if beside else texts.say("trials.refused.act")


def _shown(visit: Visit, play: Play, typed: _Typed, status: int = 200) -> Page:
    found = doing.possible(play)
    one = doing.chosen(found, request.values)
    spec, case = play.played.spec, play.played.case
    drawn = places(visit.uow, play.version, spec)
    values = {
        **about(play.version, "try"),
        "play": play,
        "at": _at(play),
        "case": case,
        "doings": found,
        "one": one,
        "panel": _panel(visit, play, one, typed) if one else None,
        "typed": typed,
        "fault": typed.refusal,
        "painting": _painting(play, drawn),
        "painting_places": drawn,
        "focus": drawn.get(one.at) if one and one.at else None,
        "story": story.entries(play.played),
        "data": [(name, doing.shown(value)) for name, value in sorted(case.data.items())],
        "standing": _standing(play),
        "elements": [(path, one) for path, one in spec.elements.items() if path in drawn],
        "passed": Counter(case.passed),
        "names": {path: named(spec, path) for path in spec.elements},
    }
    return Page("trials/play.html", values, status=status)


def _panel(visit: Visit, play: Play, one: Doing, typed: _Typed) -> dict[str, Any]:
    """What is asked, to do this."""
    examples = trials.examples(visit.uow, play.version, one.do, one.told)
    wished = request.args.get("fill", "")
    filled = examples[int(wished)].data if wished in map(str, range(len(examples))) else None
    if filled is None and one.do in ("call", "message", "signal") and examples:
        filled = examples[0].data  # nothing of the case itself would be an answer from outside
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
        panel["text"] = typed.text if typed.text is not None else doing.shown(filled or {})
    panel["wrong"] = {
        fault.pointer.removeprefix("/"): texts.say(f"trials.wrong.{fault.code}")
        for fault in typed.faults
        if fault.code in ("json", "amount", "error")
    }
    return panel


def _call(visit: Visit, play: Play, one: Doing, filled: Mapping[str, Any] | None) -> dict[str, Any]:
    """What another system is asked, and how it may answer or fail."""
    known = play.played.case.data
    awaited = trials.awaited(visit.uow, play.version, one.at, known)
    sample = filled
    if sample is None:
        sample = doing.sample(one.form.fields) if one.form else awaited.reply
    return {
        "request": doing.shown(one.about.request),
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
    """What the case waits for: kind, element, and until when."""
    case = play.played.case
    found: list[tuple[str, str, Any]] = [("task", work.element, None) for work in case.open.values()]
    found += [("call", call.element, None) for call in case.calls.values()]
    found += [(wait.kind, wait.element, wait.due) for wait in case.waits.values()]
    found += [("incident", one.element, None) for one in case.incidents.values()]
    return found
