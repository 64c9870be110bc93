"""Random processes in which each task is followed by a decision, for tests of what decisions are based on.

Each branch that may run alongside another begins with a task, so that one command moves one token. `t<n>` is
a task whose gateway compares two names, and leads to the script `yes<n>` or `no<n>`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from tests.driving import document, flow, path, script

WRITTEN = ("x0", "x1", "x2")
NEVER_WRITTEN = ("c0", "c1", "c2")  # names that nothing sets after the start
SUBJECT = b"parvandeh:subject=\"'file ' + str(x0 * 100 + x1 + 1000)\""
MESSAGE = '<messageEventDefinition messageRef="{0}"/>'


@dataclass
class Drawing:
    """A process; `conditions` are the two names that each task's gateway compares, by the task's number."""

    random: Random
    forms: bool = False  # whether tasks have a form with the names
    number: int = 0
    conditions: dict[int, tuple[str, str]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    names: tuple[str, ...] = WRITTEN

    @property
    def more(self) -> str:
        """The messages and escalations."""
        made = "".join(f'<message id="{name}" name="{name}"/>' for name in self.messages)
        return made + '<escalation id="esc" escalationCode="ESC"/>'

    def next(self) -> int:
        """A number for the next element."""
        self.number += 1
        return self.number

    def process(self, depth: int = 2) -> str:
        """The body of a process."""
        body, first, last = self.row(depth)
        return (
            f'<startEvent id="start"/>{body}<endEvent id="end"/>' + path("start", first) + path(last, "end")
        )

    def row(self, depth: int) -> tuple[str, str, str]:
        """Some blocks one after the other: their XML, the first element and the last one."""
        blocks = [self.block(depth) for _ in range(self.random.randint(1, 3))]
        joined = "".join(path(one[2], other[1]) for one, other in pairwise(blocks))
        return "".join(one[0] for one in blocks) + joined, blocks[0][1], blocks[-1][2]

    def block(self, depth: int) -> tuple[str, str, str]:
        """A block of any kind."""
        made = self.random.choice(_BLOCKS) if depth and self.random.random() < 0.85 else None
        return self.decision() if made is None else made(self, depth - 1)

    def decision(self) -> tuple[str, str, str]:
        """A task and its decision."""
        n = self.next()
        one, other = self.random.sample([*self.names, *NEVER_WRITTEN], 2)
        self.conditions[n] = one, other
        form = f'camunda:formKey="{n}.json"' if self.forms else ""
        own = [name for name in self.names if name not in NEVER_WRITTEN]
        yes, no = (f"{self.random.choice(own)} = {self.random.randint(0, 9)}" for _ in range(2))
        return (
            f'<userTask id="t{n}" {form}/><exclusiveGateway id="g{n}" default="d{n}"/>'
            + script(f"yes{n}", yes) + script(f"no{n}", no) + f'<exclusiveGateway id="m{n}"/>'
            + path(f"t{n}", f"g{n}") + flow(f"g{n}", f"yes{n}", f"{one} &gt; {other}")
            + path(f"yes{n}", f"m{n}")
            + flow(f"g{n}", f"no{n}", name=f"d{n}") + path(f"no{n}", f"m{n}")
        ), f"t{n}", f"m{n}"  # fmt: skip

    def forked(self, depth: int) -> tuple[str, str, str]:
        """Two branches at the same time."""
        return self._parted("parallelGateway", depth, "", "")

    def chosen(self, depth: int) -> tuple[str, str, str]:
        """Either branch, by names that nothing writes."""
        return self._parted("exclusiveGateway", depth, "c0 &gt; c1", "not c0 &gt; c1")

    def included(self, depth: int) -> tuple[str, str, str]:
        """One branch or both, by names that nothing writes."""
        return self._parted("inclusiveGateway", depth, "c1 &gt; c2", "c1 &lt; 8")

    def _parted(self, kind: str, depth: int, one: str, other: str) -> tuple[str, str, str]:
        n = self.next()
        branches = [self.row(depth) for _ in range(2)]
        spare = f'default="d{n}"' if one else ""
        ends = f'<{kind} id="f{n}" {spare}/><{kind} id="j{n}"/>'
        flows = [
            flow(f"f{n}", branches[0][1], one),
            flow(f"f{n}", branches[1][1], other if kind == "inclusiveGateway" else "", f"d{n}"),
        ]
        if kind == "inclusiveGateway":  # a third branch for neither
            flows[1] = flow(f"f{n}", branches[1][1], other)
            flows.append(flow(f"f{n}", f"j{n}", name=f"d{n}"))
        body = "".join(branch[0] + path(branch[2], f"j{n}") for branch in branches)
        return ends + body + "".join(flows), f"f{n}", f"j{n}"

    def repeated(self, depth: int) -> tuple[str, str, str]:
        """A loop that a comparison ends."""
        n = self.next()
        body, first, last = self.row(depth)
        return (
            f'<exclusiveGateway id="a{n}"/>{body}<exclusiveGateway id="b{n}" default="d{n}"/>'
            + path(f"a{n}", first) + path(last, f"b{n}") + flow(f"b{n}", f"a{n}", "x0 &gt; 6 and c0 &gt; 4")
            + f'<exclusiveGateway id="z{n}"/>' + flow(f"b{n}", f"z{n}", name=f"d{n}")
        ), f"a{n}", f"z{n}"  # fmt: skip

    def inside(self, depth: int) -> tuple[str, str, str]:
        """A sub-process with a variable of its own."""
        n = self.next()
        first = script(f"set{n}", f"own{n} = {n % 9}")
        body = self._within(n, depth, f"own{n}", f'<dataObject id="own{n}"/>', first)
        return f'<subProcess id="s{n}">{body}</subProcess>', f"s{n}", f"s{n}"

    def several(self, depth: int) -> tuple[str, str, str]:
        """Instances at the same time, each with its item."""
        n, before = self.next(), self.names
        self.names = (*NEVER_WRITTEN, f"own{n}")  # what they set is theirs
        first = script(f"set{n}", f"own{n} = item{n}")
        body = self._within(n, 0, f"own{n}", "", first)
        self.names = before
        marker = (
            f'<multiInstanceLoopCharacteristics><loopDataInputRef>items</loopDataInputRef>'
            f'<inputDataItem id="item{n}"/></multiInstanceLoopCharacteristics>'
        )  # fmt: skip
        return f'<subProcess id="s{n}">{body}{marker}</subProcess>', f"s{n}", f"s{n}"

    def handled(self, depth: int) -> tuple[str, str, str]:
        """A sub-process with an event sub-process that sets variables around it."""
        n = self.next()
        self.messages.append(f"h{n}")
        handler, first, last = self.decision()
        event = (
            f'<subProcess id="e{n}" triggeredByEvent="true"><startEvent id="h{n}.in" isInterrupting="false">'
            + MESSAGE.format(f"h{n}") + f'</startEvent>{handler}<endEvent id="h{n}.out"/>'
            + path(f"h{n}.in", first) + path(last, f"h{n}.out") + "</subProcess>"
        )  # fmt: skip
        return f'<subProcess id="s{n}">{self._within(n, depth)}{event}</subProcess>', f"s{n}", f"s{n}"

    def guarded(self, depth: int) -> tuple[str, str, str]:
        """A sub-process with a boundary event, whose branch ends, or continues instead of it."""
        n = self.next()
        self.messages.append(f"h{n}")
        stops = self.random.random() < 0.4
        more, first, last = self.decision()
        event = f'<boundaryEvent id="b{n}" attachedToRef="s{n}" cancelActivity="{str(stops).lower()}">'
        after = f'<exclusiveGateway id="z{n}"/>' + path(f"s{n}", f"z{n}")
        goes = path(last, f"z{n}") if stops else f'<endEvent id="z{n}.out"/>' + path(last, f"z{n}.out")
        return (
            f'<subProcess id="s{n}">{self._within(n, depth)}</subProcess>{event}{MESSAGE.format(f"h{n}")}'
            f"</boundaryEvent>{more}{after}{goes}" + path(f"b{n}", first)
        ), f"s{n}", f"z{n}"  # fmt: skip

    def escalated(self, depth: int) -> tuple[str, str, str]:
        """A sub-process that escalates: a branch alongside it sets a variable."""
        n = self.next()
        definition = '<escalationEventDefinition escalationRef="esc"/>'
        throws = f'<intermediateThrowEvent id="u{n}">{definition}</intermediateThrowEvent>'
        return (
            f'<subProcess id="s{n}">{self._within(n, depth, "", "", throws)}</subProcess>'
            f'<boundaryEvent id="b{n}" attachedToRef="s{n}" cancelActivity="false">'
            f"{definition}</boundaryEvent>"
            + script(f"w{n}", f"x1 = {n % 9}") + f'<endEvent id="z{n}"/>' + path(f"b{n}", f"w{n}", f"z{n}")
        ), f"s{n}", f"s{n}"  # fmt: skip

    def ended(self, depth: int) -> tuple[str, str, str]:
        """A sub-process that the first of its branches ends."""
        n = self.next()
        branches = [self.row(depth) for _ in range(2)]
        body = f'<startEvent id="s{n}.in"/><parallelGateway id="f{n}"/>' + path(f"s{n}.in", f"f{n}")
        for number, (drawn, first, last) in enumerate(branches):
            end = f'<endEvent id="e{n}.{number}"><terminateEventDefinition/></endEvent>'
            body += drawn + end + path(f"f{n}", first) + path(last, f"e{n}.{number}")
        return f'<subProcess id="s{n}">{body}</subProcess>', f"s{n}", f"s{n}"

    def calling(self, depth: int) -> tuple[str, str, str]:
        """A call with inputs and outputs."""
        n, before = self.next(), self.names
        self.names = (f"p{n}", f"q{n}")
        drawn, first, last = self.decision()
        body = (
            f'<startEvent id="k{n}.in"/>{script(f"set{n}", f"q{n} = p{n}")}{drawn}<endEvent id="k{n}.out"/>'
        )
        self.called.append(f"{body}{path(f'k{n}.in', f'set{n}', first)}{path(last, f'k{n}.out')}")
        self.names = before
        given = "".join(f", '{name}': {name}" for name in NEVER_WRITTEN)
        mapping = (
            f'parvandeh:inputs="{{\'p{n}\': {self.random.choice(WRITTEN)}{given}}}"'
            f' parvandeh:outputs="{{\'{self.random.choice(WRITTEN)}\': q{n}}}"'
        )  # fmt: skip
        return f'<callActivity id="s{n}" calledElement="k{len(self.called)}" {mapping}/>', f"s{n}", f"s{n}"

    def _within(self, n: int, depth: int, own: str = "", before: str = "", after_start: str = "") -> str:
        """The content of a sub-process with a variable `own`, which is first set."""
        names = self.names
        if own:
            self.names = (*names, own)
        body, first, last = self.row(depth)
        self.names = names
        steps = [f"s{n}.in", first]
        if after_start:
            steps.insert(1, after_start.split('id="', 1)[1].split('"', 1)[0])
        ends = f'<startEvent id="s{n}.in"/>{after_start}{body}<endEvent id="s{n}.out"/>'
        return before + ends + path(*steps) + path(last, f"s{n}.out")


_BLOCKS: tuple[Callable[[Drawing, int], tuple[str, str, str]], ...] = (
    Drawing.forked, Drawing.forked, Drawing.chosen, Drawing.included, Drawing.repeated, Drawing.inside,
    Drawing.several, Drawing.handled, Drawing.guarded, Drawing.escalated, Drawing.ended, Drawing.calling,
)  # fmt: skip


def deployed(drawing: Drawing) -> dict[str, bytes]:
    """A process, those that it calls, and a form of each task with the names that its gateway compares."""
    found = {"process.bpmn": document(drawing.process(), more=drawing.more)}
    found |= {f"k{number}.bpmn": document(one, f"k{number}") for number, one in enumerate(drawing.called, 1)}
    start = b'id="process" isExecutable="true"'
    found["process.bpmn"] = found["process.bpmn"].replace(start, start + b" " + SUBJECT)
    for number, names in drawing.conditions.items():
        fields = {name: {"type": "integer", "readOnly": name not in WRITTEN} for name in names}
        found[f"{number}.json"] = json.dumps({"type": "object", "properties": fields}).encode()
    return found
