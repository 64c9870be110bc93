"""Parts of diagrams with events, for tests that drive them."""

from engine import bpmn
from engine.bpmn import Spec
from tests.driving import built, path, source

DEFINITIONS = (
    '<message id="paid" name="paid"/><message id="withdrawn" name="withdrawn"/>'
    '<message id="asked" name="asked"/><signal id="storm" name="storm"/>'
    '<error id="missing" name="Missing" errorCode="MISSING"/><error id="other" errorCode="OTHER"/>'
    '<error id="nameless"/>'
    '<escalation id="delay" escalationCode="DELAY"/><escalation id="doubt" escalationCode="DOUBT"/>'
)


def timer(kind: str, text: str) -> str:
    """A timer's definition: `timer("timeDuration", "P1D")`."""
    return f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"


def message(name: str = "paid") -> str:
    """A message's definition."""
    return f'<messageEventDefinition messageRef="{name}"/>'


def signal(name: str = "storm") -> str:
    """A signal's definition."""
    return f'<signalEventDefinition signalRef="{name}"/>'


def condition(text: str) -> str:
    """The definition of an event that waits until this is true."""
    return f"<conditionalEventDefinition><condition>{text}</condition></conditionalEventDefinition>"


def error(name: str | None = "missing") -> str:
    """An error's definition; None is any error."""
    return f'<errorEventDefinition errorRef="{name}"/>' if name else "<errorEventDefinition/>"


def escalation(name: str | None = "delay") -> str:
    """An escalation's definition; None is any."""
    return f'<escalationEventDefinition escalationRef="{name}"/>' if name else "<escalationEventDefinition/>"


def throw(name: str, definition: str) -> str:
    """An intermediate event that throws."""
    return f'<intermediateThrowEvent id="{name}">{definition}</intermediateThrowEvent>'


def handler(
    name: str, definition: str, *elements: str, interrupting: bool = True, more: str = "", end: str = ""
) -> str:
    """An event sub-process whose elements (else a user task `<name>-task`) follow its start `<name>.in`."""
    stays = "" if interrupting else 'isInterrupting="false"'
    body = sub(name, *(elements or [f"userTask {name}-task"]), end=end)
    plain = f'<startEvent id="{name}.in"/>'
    event = f'<startEvent id="{name}.in" {stays} {more}>{definition}</startEvent>'
    return body.replace("<subProcess ", '<subProcess triggeredByEvent="true" ', 1).replace(plain, event)


def inside(body: str, *more: str) -> str:
    """A sub-process with further content."""
    return body[: body.rindex("</subProcess>")] + "".join(more) + "</subProcess>"


def catch(name: str, definition: str, more: str = "") -> str:
    """An intermediate event that waits."""
    return f'<intermediateCatchEvent id="{name}" {more}>{definition}</intermediateCatchEvent>'


def boundary(name: str, host: str, definition: str, *, interrupting: bool = True, more: str = "") -> str:
    """A boundary event on an activity, and a user task `<name>-task` after it, which then ends."""
    stays = "" if interrupting else 'cancelActivity="false"'
    return (
        f'<boundaryEvent id="{name}" attachedToRef="{host}" {stays} {more}>{definition}</boundaryEvent>'
        f'<userTask id="{name}-task"/>' + path(name, f"{name}-task")
    )


def line(*elements: str) -> str:
    """Start event, the elements one after the other, and an end event `end`.

    An element is "kind id" or XML with its id first.
    """
    drawn = [element if element.startswith("<") else _node(element) for element in elements]
    names = [element.split('id="', 1)[1].split('"', 1)[0] for element in drawn]
    return '<startEvent id="start"/>' + "".join(drawn) + '<endEvent id="end"/>' + path("start", *names, "end")


def _node(element: str) -> str:
    kind, name = element.split()
    return f'<{kind} id="{name}"/>'


def sub(name: str, *elements: str, end: str = "") -> str:
    """A sub-process with a line of elements; `end` is the definition of its end event."""
    inner = [element if element.startswith("<") else _node(element) for element in elements]
    names = [element.split('id="', 1)[1].split('"', 1)[0] for element in inner]
    return (
        f'<subProcess id="{name}"><startEvent id="{name}.in"/>'
        + "".join(inner)
        + f'<endEvent id="{name}.out">{end}</endEvent>'
        + path(f"{name}.in", *names, f"{name}.out")
        + "</subProcess>"
    )


def spec(*parts: str, calls: dict[str, str] | None = None) -> Spec:
    """A process of these parts, ready to run; `calls` are the bodies of called processes, by key."""
    if calls is None:
        return built("".join(parts), more=DEFINITIONS)
    bound = {key: source(body, key, more=DEFINITIONS) for key, body in calls.items()}
    return bpmn.build(source("".join(parts), calls=bound, more=DEFINITIONS), "process")


def shared(*names: str) -> str:
    """Data objects of the process: variables that no instance and no event sub-process has to itself."""
    return "".join(f'<dataObject id="{name}"/>' for name in names)


def compensation(activity: str | None = None) -> str:
    """A compensation's definition; None means all that has completed."""
    return f'<compensateEventDefinition activityRef="{activity}"/>' if activity else COMPENSATION


COMPENSATION = "<compensateEventDefinition/>"


def undone(host: str, handler: str = "") -> str:
    """A compensation event on an activity, and the handler: a user task `undo-<host>`, or this element."""
    element = handler or f'<userTask id="undo-{host}"/>'
    kind, _, rest = element[1:].partition(" ")
    name = rest.split('id="', 1)[1].split('"', 1)[0]
    return (
        f'<boundaryEvent id="{host}.undo" attachedToRef="{host}">{COMPENSATION}</boundaryEvent>'
        f'<{kind} isForCompensation="true" {rest}<association id="{host}.link" sourceRef="{host}.undo"'
        f' targetRef="{name}"/>'
    )


def transaction(name: str, *elements: str, end: str = "", more: str = "") -> str:
    """A transaction with a line of elements, and further content."""
    return (
        inside(sub(name, *elements, end=end), more)
        .replace("<subProcess ", "<transaction ", 1)
        .removesuffix("</subProcess>")
        + "</transaction>"
    )
