"""Random processes: nested branches, loops and sub-processes of tasks, calls, messages and timers."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from tests import bpmn, factories

MESSAGE = '<bpmn:messageEventDefinition messageRef="{}"/>'
START_FORM = factories.form(name={"type": "string"}, order={"type": "string"}, divisor={"type": "integer"})
Block = tuple[Sequence[str], str, str]  # what it draws, its first and its last element


def timer(hours: float) -> str:
    lasting = f"<bpmn:timeDuration>PT{round(hours * 60)}M</bpmn:timeDuration>"
    return f"<bpmn:timerEventDefinition>{lasting}</bpmn:timerEventDefinition>"


class Drawing:
    """Draws one process, with unique ids."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)
        self._count = 0
        self._messages: list[str] = []

    def files(self, key: str) -> Mapping[str, bytes]:
        """The files of the process."""
        body, first, last = self._block(3)
        start = bpmn.node("startEvent", "start", camunda__formKey="start.json")
        flows = (bpmn.flow("start", first), bpmn.flow(last, "end"))
        norm = self._random.choice(("", ' parvandeh:norm="P2WD"'))
        term = self._random.choice(("", ' parvandeh:statutory="P3WD"', ' parvandeh:statutory="PT60H"'))
        process = bpmn.process_element(
            *(start, *body, bpmn.node("endEvent", "end"), *flows),
            key=key,
            attributes=f'isExecutable="true"{norm}{term}',
        )
        messages = [f'<bpmn:message id="{name}" name="{name}"/>' for name in self._messages]
        return factories.files(bpmn.definitions(*messages, process), start=START_FORM)

    def _id(self, begin: str) -> str:
        self._count += 1
        return f"{begin}{self._count}"

    def _block(self, depth: int) -> Block:
        if depth == 0:
            return self._leaf()
        kinds: Sequence[Callable[[int], Block]] = (
            *(self._sequence, self._sequence, self._parallel, self._parallel, self._parallel),
            *(self._loop, self._inside),
        )
        return self._random.choice(kinds)(depth - 1)

    def _sequence(self, depth: int) -> Block:
        one, other = self._block(depth), self._block(depth)
        return (*one[0], *other[0], bpmn.flow(one[2], other[1])), one[1], other[2]

    def _parallel(self, depth: int) -> Block:
        fork, join = self._id("fork"), self._id("join")
        drawn = [bpmn.node("parallelGateway", fork), bpmn.node("parallelGateway", join)]
        for _ in range(self._random.choice((2, 2, 3))):
            body, first, last = self._block(depth)
            drawn += [*body, bpmn.flow(fork, first), bpmn.flow(last, join)]
        return drawn, fork, join

    def _loop(self, depth: int) -> Block:
        """Runs its block twice."""
        body, first, last = self._block(depth)
        begin, again, count = self._id("begin"), self._id("again"), self._id("count")
        forward = self._id("flow")
        drawn = [
            bpmn.node("exclusiveGateway", begin),
            bpmn.script(count, f"{count}_rounds = ({count}_rounds if {count}_rounds else 0) + 1"),
            bpmn.node("exclusiveGateway", again, default=forward),
            *body,
            *(bpmn.flow(begin, first), bpmn.flow(last, count), bpmn.flow(count, again)),
            bpmn.flow(again, begin, f"{count}_rounds &lt; 2"),
        ]
        after = self._id("after")
        return (*drawn, bpmn.script(after, "pass"), bpmn.flow(again, after, name=forward)), begin, after

    def _inside(self, depth: int) -> Block:
        """A sub-process."""
        body, first, last = self._block(depth)
        name = self._id("sub")
        inner = (
            *(bpmn.node("startEvent", f"{name}s"), *body, bpmn.node("endEvent", f"{name}e")),
            *(bpmn.flow(f"{name}s", first), bpmn.flow(last, f"{name}e")),
        )
        return [bpmn.node("subProcess", name, "".join(inner))], name, name

    def _leaf(self) -> Block:
        kinds: Sequence[Callable[[], Block]] = (
            *(self._task, self._task, self._task, self._applicant, self._other, self._call),
            *(self._connector, self._message, self._timer, self._reminded, self._limited, self._broken),
        )
        return self._random.choice(kinds)()

    def _one(self, drawn: str) -> Block:
        name = drawn.split('id="', 1)[1].split('"', 1)[0]
        return [drawn], name, name

    def _task(self, **more: str) -> Block:
        norm = self._random.choice(({}, {"parvandeh__norm": "PT4H"}, {"parvandeh__norm": "P1WD"}))
        return self._one(bpmn.node("userTask", self._id("task"), **norm, **more))

    def _applicant(self) -> Block:
        return self._task(parvandeh__role="applicant")

    def _other(self) -> Block:
        return self._task(parvandeh__role="caseworker", parvandeh__unit="fire")

    def _call(self) -> Block:
        party = self._random.choice(({}, {"parvandeh__party": "fire"}, {"parvandeh__party": "bank"}))
        return self._one(bpmn.node("serviceTask", self._id("call"), parvandeh__topic="t", **party))

    def _connector(self) -> Block:
        what = {"parvandeh__connector": "it", "parvandeh__operation": "ask"}
        return self._one(bpmn.node("serviceTask", self._id("ask"), **what))

    def _message(self) -> Block:
        name, message = self._id("await"), self._id("m")
        self._messages.append(message)
        party = self._random.choice((None, "applicant", "fire", "bank"))
        given = {"parvandeh__correlation": "{'order': order}"}
        given |= {"parvandeh__party": party} if party else {}
        return self._one(bpmn.node("intermediateCatchEvent", name, MESSAGE.format(message), **given))

    def _timer(self) -> Block:
        hours = self._random.choice((0.25, 3, 20))
        return self._one(bpmn.node("intermediateCatchEvent", self._id("timer"), timer(hours)))

    def _reminded(self) -> Block:
        """A task that reminds somebody after some hours, who does something else in a branch of its own."""
        task, late, extra, end = (self._id(one) for one in ("task", "late", "extra", "over"))
        boundary = {"attachedToRef": task, "cancelActivity": "false"}
        drawn = [
            *(bpmn.node("userTask", task), bpmn.node("boundaryEvent", late, timer(5), **boundary)),
            *(bpmn.node("userTask", extra), bpmn.node("endEvent", end)),
            *(bpmn.flow(late, extra), bpmn.flow(extra, end)),
        ]
        return drawn, task, task

    def _limited(self) -> Block:
        """A task that is cancelled after some hours."""
        task, late, merge = (self._id(one) for one in ("task", "late", "merge"))
        drawn = [
            *(bpmn.node("userTask", task), bpmn.node("exclusiveGateway", merge)),
            bpmn.node("boundaryEvent", late, timer(9), attachedToRef=task),
            *(bpmn.flow(task, merge), bpmn.flow(late, merge)),
        ]
        return drawn, task, merge

    def _broken(self) -> Block:
        """A script that fails until somebody repairs the data or skips it."""
        return self._one(bpmn.script(self._id("script"), "result = 1 / divisor"))
