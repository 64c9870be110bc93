"""Small random diagrams, valid and invalid: blocks within blocks, whose ends may not match."""

from dataclasses import dataclass, field
from random import Random

from tests.bpmn import definitions, flow, node, process_element

KINDS = ("exclusiveGateway", "parallelGateway", "inclusiveGateway")
ASKS = "ask_"  # before a gateway's id: the task in which a person sets its choice
MESSAGE = '<bpmn:message id="m" name="paid"/>'


@dataclass
class Drawing:
    """A process being drawn. `asked` are the gateways that choose, with the number of their flows."""

    random: Random
    right: float  # the probability that branches join in the way they split
    parts: list[str] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    loose: list[str] = field(default_factory=list)
    room: int = 9

    def add(self, kind: str, body: str = "", *, name: str = "", **attributes: str) -> str:
        """Add an element of this kind; return its id."""
        name = name or f"{kind[0]}{len(self.parts)}"
        self.parts.append(node(kind, name, body, **attributes))
        return name

    def connect(self, source: str, target: str, condition: str | None = None) -> None:
        """Add a flow."""
        self.parts.append(flow(source, target, condition, name=f"f{len(self.parts)}"))

    def sequence(self, before: str, length: int) -> str:
        """Add elements one after the other; return the last one's id."""
        for _ in range(length):
            before = self.random.choice([self.work, self.work, self.block, self.block, self.loop])(before)
        return before

    def work(self, before: str) -> str:
        """Add a task, perhaps with a boundary event."""
        task = self.add("userTask")
        self.connect(before, task)
        if self.random.random() < 0.25:
            event = self.add(
                "boundaryEvent",
                '<bpmn:messageEventDefinition messageRef="m"/>',
                attachedToRef=task,
                cancelActivity=self.random.choice(["true", "false"]),
            )
            self.loose.append(event)
        return task

    def choose(self, before: str, kind: str) -> str:
        """Add a gateway that splits branches. If it chooses, a person sets the choice before."""
        gateway = self.add(kind)
        if kind != "parallelGateway":
            self.asked[gateway] = 0
            task = self.add("userTask", name=ASKS + gateway)
            self.connect(before, task)
            before = task
        self.connect(before, gateway)
        return gateway

    def branch(self, gateway: str, kind: str, target: str) -> None:
        """Add a flow out of a gateway that chooses or splits."""
        condition = None
        if kind != "parallelGateway":
            number = self.asked[gateway]
            self.asked[gateway] += 1
            condition = f"{number} in {gateway}"
        self.connect(gateway, target, condition)

    def block(self, before: str) -> str:
        """Add branches that split and join."""
        self.room -= 1
        if self.room < 0:
            return self.work(before)
        kind = self.random.choice(KINDS)
        split = self.choose(before, kind)
        join = self.add(kind if self.random.random() < self.right else self.random.choice(KINDS))
        for _ in range(self.random.choice([2, 2, 3])):
            first = self.add("manualTask")
            self.branch(split, kind, first)
            last = self.sequence(first, self.random.choice([0, 0, 1]))
            if self.random.random() < self.right or not self.loose:
                self.connect(last, join)
            else:
                self.loose.append(last)
        return self.meet(join)

    def meet(self, join: str) -> str:
        """Join the open branches, sometimes."""
        for name in list(self.loose):
            if self.random.random() < 0.3:
                self.loose.remove(name)
                self.connect(name, join)
        if not any(f'targetRef="{join}"' in part for part in self.parts):
            self.connect(self.loose.pop(), join)
        return join

    def loop(self, before: str) -> str:
        """Add elements that may be repeated."""
        self.room -= 1
        if self.room < 0:
            return self.work(before)
        merge = self.add("exclusiveGateway")
        self.connect(before, merge)
        last = self.sequence(merge, 1)
        gateway = self.choose(last, "exclusiveGateway")
        after = self.add("manualTask")
        self.branch(gateway, "exclusiveGateway", after)
        self.branch(gateway, "exclusiveGateway", merge)
        return after


def drawing(seed: int, right: float = 0.8) -> tuple[bytes, dict[str, int]]:
    """Return a file with one process, and its gateways that choose with the number of their flows."""
    drawn = Drawing(Random(seed), right)
    start = drawn.add("startEvent")
    last = drawn.sequence(start, drawn.random.choice([1, 2, 3]))
    end = drawn.add("endEvent")
    drawn.connect(last, end)
    for name in drawn.loose:
        if drawn.random.random() < 0.2:
            stop = drawn.add("endEvent", "<bpmn:terminateEventDefinition/>")
            drawn.connect(name, stop)
        elif drawn.random.random() < 0.3:
            drawn.connect(name, end)
    return definitions(process_element(*drawn.parts), MESSAGE), drawn.asked
