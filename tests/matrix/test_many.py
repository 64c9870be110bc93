"""Multi-instance and loop markers: BPMN 2.0.2 §10.3.8, §13.3.6, §13.3.7."""

from engine import bpmn
from tests.driving import Run
from tests.eventful import line
from tests.matrix.table import Section

SECTION = Section("Many instances and loops")

COUNT = "<loopCardinality>3</loopCardinality>"
EACH = '<loopDataInputRef>items</loopDataInputRef><inputDataItem id="item"/>'
COLLECTED = (
    "<loopDataInputRef>items</loopDataInputRef><loopDataOutputRef>answers</loopDataOutputRef>"
    '<inputDataItem id="item"/><outputDataItem id="answer"/>'
)


def many(inside: str, *, one_by_one: bool = False, task: str = "userTask", body: str = "") -> str:
    """A task `each` with a multi-instance marker, and a task `after` behind it."""
    marker = "multiInstanceLoopCharacteristics"
    loop = f'<{marker} isSequential="{str(one_by_one).lower()}">{inside}</{marker}>'
    return line(f'<{task} id="each">{loop}{body}</{task}>', "userTask after")


def loop(inside: str, **attributes: str) -> str:
    """A user task `each` with a loop marker, and a task `after` behind it."""
    more = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    marker = f"<standardLoopCharacteristics {more}>{inside}</standardLoopCharacteristics>"
    return line(f'<userTask id="each">{marker}</userTask>', "userTask after")


@SECTION.runs("parallel, by number", many(COUNT))
def test_parallel_instances_are_open_together(process: bpmn.Spec) -> None:
    run = Run(process)
    assert run.waiting == ["each"] * 3
    assert run.answer("each").answer("each").answer("each").waiting == ["after"]


@SECTION.runs("sequential, by number", many(COUNT, one_by_one=True))
def test_sequential_instances_are_open_one_by_one(process: bpmn.Spec) -> None:
    run = Run(process)
    for _ in range(3):
        assert run.waiting == ["each"]
        run.answer("each")
    assert run.waiting == ["after"]


@SECTION.runs("one for each item of a list; the results in the order of the items", many(COLLECTED))
def test_results_keep_the_order_of_the_items(process: bpmn.Spec) -> None:
    run = Run(process, items=["a", "b", "c"])
    run.answer("each", 2, answer="third").answer("each", 0, answer="first").answer("each", answer="second")
    assert run.data["answers"] == ["first", "second", "third"]


@SECTION.runs("an empty list: passed immediately, with an empty result", many(COLLECTED))
def test_no_items_need_no_work(process: bpmn.Spec) -> None:
    run = Run(process, items=[])
    assert run.waiting == ["after"]
    assert run.data["answers"] == []


@SECTION.runs("sequential, with an item that is nothing (None)", many(COLLECTED, one_by_one=True))
def test_item_that_is_nothing_has_its_instance(process: bpmn.Spec) -> None:
    run = Run(process, items=[1, None, 3])
    for answer in "xyz":
        run.answer("each", answer=answer)
    assert run.waiting == ["after"]
    assert run.data["answers"] == ["x", "y", "z"]


@SECTION.runs(
    "by number, with a result list that had a value before",
    many(
        f'{COUNT}<loopDataOutputRef>answers</loopDataOutputRef><outputDataItem id="answer"/>', one_by_one=True
    ),
)
def test_result_list_is_written_anew(process: bpmn.Spec) -> None:
    run = Run(process, answers=["old"])
    for answer in "xyz":
        run.answer("each", answer=answer)
    assert run.data["answers"] == ["x", "y", "z"]


@SECTION.runs(
    "completion condition: the remaining instances are cancelled",
    many(f"{COUNT}<completionCondition>decided</completionCondition>"),
)
def test_completion_condition_ends_the_rest(process: bpmn.Spec) -> None:
    run = Run(process, decided=False).answer("each", decided=True)
    assert run.waiting == ["after"]
    assert run.log.count(("cancelled", "each")) == 2


@SECTION.runs(
    "loopCounter and nrOfInstances within an instance",
    many(
        COLLECTED,
        task="scriptTask",
        body='<script>answer = f"{item} {loopCounter + 1}/{nrOfInstances}"</script>',
    ),
)
def test_instances_know_their_number(process: bpmn.Spec) -> None:
    assert Run(process, items=["a", "b"]).data["answers"] == ["a 1/2", "b 2/2"]


@SECTION.runs(
    "nrOfCompletedInstances, nrOfActiveInstances and nrOfInstances in a completion condition",
    many(
        f"{COUNT}<completionCondition>nrOfCompletedInstances / nrOfInstances &gt; 0.5</completionCondition>"
    ),
)
def test_completion_condition_counts_instances(process: bpmn.Spec) -> None:
    assert Run(process).answer("each").answer("each").waiting == ["after"]


@SECTION.runs("parallel instances that set one variable of the case: the last value counts", many(EACH))
def test_last_value_of_the_instances_counts(process: bpmn.Spec) -> None:
    run = Run(process, items=[1, 2]).answer("each", vote="yes").answer("each", vote="no")
    assert (run.data["vote"], run.waiting) == ("no", ["after"])


test_marker_without_number_or_list_is_refused = SECTION.refused(
    "neither a number nor a list", many(""), "multi-instance"
)


@SECTION.runs(
    "loop: while its condition is true, evaluated after each round",
    loop("<loopCondition>again</loopCondition>"),
)
def test_loop_asks_behind_each_round(process: bpmn.Spec) -> None:
    run = Run(process, again=False).answer("each", again=True).answer("each", again=False)
    assert run.waiting == ["after"]


@SECTION.runs(
    "loop that evaluates its condition before the first round",
    loop("<loopCondition>again</loopCondition>", testBefore="true"),
)
def test_loop_asks_before_its_first_round(process: bpmn.Spec) -> None:
    assert Run(process, again=False).waiting == ["after"]


@SECTION.runs("loop with a maximum", loop("<loopCondition>True</loopCondition>", loopMaximum="2"))
def test_loop_ends_at_its_maximum(process: bpmn.Spec) -> None:
    assert Run(process).answer("each").answer("each").waiting == ["after"]
