"""The possible actions in a test run, and the chosen one as the engine's action."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from werkzeug.datastructures import MultiDict

from engine.bpmn import Form, Spec
from engine.bpmn.forms import Field, answer_name
from engine.bpmn.values import plain
from engine.definitions import forms as judging
from engine.definitions.scenarios import TRIGGERS, Played
from engine.design.test_runs import Play
from engine.platform import persian
from engine.platform.errors import Conflict, Fault, Invalid
from web import connectors, forms
from web.test_runs.subject import named

JSON, AMOUNT = "json", "amount"
TYPED, NO_ANSWER = "typed", "no-answer"  # the usual failure of a call, without a known code
# Units of time, and how many of them are shown.
UNITS: Mapping[str, str] = {
    "minutes": "PT{}M",
    "hours": "PT{}H",
    "days": "P{}D",
    "weeks": "P{}W",
    "months": "P{}M",
}


@dataclass(frozen=True, slots=True)
class Doing:
    """A possible action: its kind, its element, and its name.

    `told` is what a scenario calls it; `about` is what the engine knows of it, `form` what is filled in. With
    the codes in `errors` it may fail.
    """

    do: str
    at: str
    name: str
    target: str = ""
    count: int = 1
    form: Form | None = None
    about: Any = None
    roles: Sequence[str] = ()
    errors: Sequence[str] = ()

    def by_form(self, asked: "MultiDict[str, str]") -> bool:
        """Whether it has a form; replies of other systems can be written as JSON as well."""
        as_json = self.do == "call" and (JSON in asked or asked.get("how") == JSON)
        return self.form is not None and not as_json


def possible(play: Play) -> list[Doing]:
    """Return all possible actions, the most common first."""
    played = play.played
    if not played.done:
        return _starts(played.spec)
    if played.case.ended:
        return []
    return [*_tasks(played), *_calls(played), *_incidents(played), *_events(played), Doing("wait", "", "")]


def _starts(spec: Spec) -> list[Doing]:
    found = [Doing("start", "", "", form=spec.start_form)] if spec.startable else []
    for path, trigger in spec.starts.items():
        if trigger.kind not in TRIGGERS:
            continue  # it can't be started from outside
        target = path if trigger.kind == "timer" else trigger.name or ""
        found.append(Doing(f"start-{trigger.kind}", path, named(spec, path), target))
    return found


def _tasks(played: Played) -> list[Doing]:
    works = {work.element: work for work in reversed(played.case.open.values())}
    many = Counter(work.element for work in played.case.open.values())
    found = []
    for path, work in reversed(works.items()):
        form = played.spec.elements[path].form
        own = {one.role for one in work.candidate_roles}
        roles = [role for role in judging.named(form) if role in own] if form else []
        found.append(Doing("task", path, named(played.spec, path), path, many[path], form, work, roles))
    return found


def _calls(played: Played) -> list[Doing]:
    calls = {call.element: call for call in reversed(played.case.calls.values())}
    many = Counter(call.element for call in played.case.calls.values())
    found = []
    for path, call in reversed(calls.items()):
        operation = connectors.operation(call.connector, call.operation)
        form = connectors.form_of_reply(operation)
        errors = tuple(dict.fromkeys(operation.errors.values())) if operation else ()
        name = named(played.spec, path)
        found.append(Doing("call", path, name, path, many[path], form, call, errors=errors))
    return found


def _incidents(played: Played) -> list[Doing]:
    found = {failure.element: failure for failure in played.case.incidents.values()}
    return [
        Doing("incident", path, named(played.spec, path), path, about=failure)
        for path, failure in found.items()
    ]


def _events(played: Played) -> list[Doing]:
    return [
        Doing(wait.kind, wait.element, named(played.spec, wait.element), wait.name or "", about=wait)
        for wait in played.case.waits.values()
        if wait.kind in ("message", "signal")
    ]


def chosen(found: Sequence[Doing], wished: "MultiDict[str, str]") -> Doing | None:
    """Return the requested action, if it is possible; else the first."""
    key = (wished.get("do", ""), wished.get("at", ""))
    return next((one for one in found if (one.do, one.at) == key), next(iter(found), None))


def parse_action(doing: Doing | None, sent: "MultiDict[str, str]") -> dict[str, Any]:
    """Return the action that a browser sent. Raises Invalid, Conflict."""
    if doing is None or (doing.do, doing.at) != (sent.get("do"), sent.get("at")):
        raise Conflict("The action is not possible at the current step.", test_run="gone")
    if doing.do == "wait":
        return {"wait": sent["next"] if sent.get("next") else _time(sent)}
    if doing.do == "start":
        return {"data": _data(doing, sent)}
    if doing.do.startswith("start-"):
        return {doing.do.removeprefix("start-"): doing.target, "data": _data(doing, sent)}
    return _step(doing, sent)


def _step(doing: Doing, sent: "MultiDict[str, str]") -> dict[str, Any]:
    if doing.do == "call" and sent.get("fail"):
        return _failure(doing, sent)
    data = _data(doing, sent)
    if doing.do == "task":
        role = sent.get("as")
        act = {"task": doing.target, "answer": data}
        return {**act, "by": role} if role in doing.roles else act
    if doing.do == "incident":
        return {"skip" if "skip" in sent else "retry": doing.target, "data": data}
    if doing.do == "call":
        return {"reply": doing.target, "data": data}
    keys = plain(dict(doing.about.keys)) if doing.do == "message" else {}
    return {doing.do: doing.target, **({"keys": keys} if keys else {}), "data": data}


def _failure(doing: Doing, sent: "MultiDict[str, str]") -> dict[str, Any]:
    """Return the failure of the call: with the code of the button, or a typed one, and its data."""
    if sent["fail"] == NO_ANSWER:
        return {"fail": doing.target}
    if sent["fail"] != TYPED:
        return {"fail": doing.target, "error": sent["fail"]}
    error = sent.get("error", "").strip()
    if not error:
        raise Invalid("Enter an error code.", [Fault("/error", "is required", "error")])
    return {"fail": doing.target, "error": error, "data": _data(doing, sent) if JSON in sent else {}}


def sample(fields: Sequence[Field]) -> dict[str, Any]:
    """Return a sample answer: each field with the first or least value that it accepts."""
    found: dict[str, Any] = {}
    for one in fields:
        if one.pointer is None:
            found |= sample(one.fields)
        else:
            found[answer_name(one.pointer.rpartition("/")[2])] = _least(one)
    return found


def _least(field: Field) -> Any:
    if field.kind == "group":
        return sample(field.fields)
    if field.kind in ("list", "choices"):
        return []
    if field.choices:
        return field.choices[0].value
    if field.kind in ("integer", "number"):
        return field.hints.get("minimum", 0)
    return field.kind == "boolean" or ""


def fields(doing: Doing, role: str | None) -> Any:
    """Return the fields of its form for this role."""
    form = doing.form and judging.for_roles(doing.form, role and [role])
    return form.fields if form else ()


def _data(doing: Doing, sent: "MultiDict[str, str]") -> dict[str, Any]:
    """Return what was filled in, or written as JSON."""
    if doing.form is not None and doing.by_form(sent):
        role = sent.get("as")
        typed = forms.answer(fields(doing, role if role in doing.roles else None), sent)
        # The engine validates answers to the process's own forms.
        return judging.check(doing.form, typed) if doing.do == "call" else typed
    try:
        data = orjson.loads(sent.get(JSON, "").strip() or "{}")
    except orjson.JSONDecodeError as error:
        raise Invalid("The JSON is invalid.", [Fault(f"/{JSON}", "is not JSON", "json")]) from error
    if not isinstance(data, dict):
        raise Invalid("The JSON is not an object.", [Fault(f"/{JSON}", "is not a JSON object", "json")])
    return data


def _time(sent: "MultiDict[str, str]") -> str:
    typed = persian.digits(sent.get(AMOUNT, "").strip())
    unit = UNITS.get(sent.get("unit", ""))
    if unit is None or not (typed.isascii() and typed.isdecimal() and 0 < len(typed) < 5 and int(typed)):
        raise Invalid("The time is invalid.", [Fault(f"/{AMOUNT}", "is not a time", "amount")])
    return unit.format(int(typed))


def format_data(value: Any) -> str:
    """Format data for people."""
    return orjson.dumps(plain(value), option=orjson.OPT_INDENT_2).decode()
