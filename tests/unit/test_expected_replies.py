"""What a process reads of the replies to its calls, and which failures it catches."""

import pytest

from engine.bpmn import Awaited, awaited
from engine.platform.config import ROOT

FEE = (ROOT / "processes" / "treasury" / "collect-fee" / "process.bpmn").read_bytes()


def process(script: str, result: str = ' parvandeh:result="r"') -> bytes:
    call = f'<serviceTask id="ask" parvandeh:topic="t"{result}/>'
    script = f'<scriptTask id="s"><script>{script}</script></scriptTask>'
    body = f'<startEvent id="a"/>{call}{script}'
    head = (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
        ' xmlns:parvandeh="https://parvandeh.org/bpmn"><error id="e" errorCode="UNKNOWN"/>'
    )
    border = '<boundaryEvent id="b" attachedToRef="ask"><errorEventDefinition errorRef="e"/></boundaryEvent>'
    return f'{head}<process id="p">{body}{border}</process></definitions>'.encode()


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("x = r['fee']", {"fee": None}),
        ("x = r.get('fee', 0)", {"fee": None}),
        ("x = r['state'] == 'open'", {"state": "open"}),
        ("if r['n'] > 3 and r['n'] > 5: x = other['fee']", {"n": 3}),
        ("x = r['n'] == 10**2 or r['n'] == 99999999999999999999", {"n": None}),
        ("x = r['n'] == b'1' or r['n'] == 1j or r['n'] == ...", {"n": None}),
        ("x = r", {}),
        ("x = = r['fee']", {}),
    ],
)
def test_what_is_read_of_the_variable_of_a_reply(script: str, names: dict[str, object]) -> None:
    assert awaited("f", process(script.replace(">", "&gt;")), "p", "ask").reply == names


def test_without_a_variable_what_nothing_else_sets_comes_with_the_reply() -> None:
    content = process("x = len(fee) + applicant\ny = x\nz = state == 'open'", result="")
    assert awaited("f", content, "p", "ask", {"applicant"}).reply == {"fee": None, "state": "open"}


def test_failures_that_are_caught_at_its_border_are_known() -> None:
    assert awaited("f", process(""), "p", "ask").errors == ("UNKNOWN",)


@pytest.mark.parametrize(
    ("content", "element"),
    [(b"<no", "ask"), (process(""), "s"), (process(""), "q/ask"), (b"<definitions/>", "")],
)
def test_of_what_is_no_call_nothing_is_awaited(content: bytes, element: str) -> None:
    assert awaited("f", content, "p", element) == Awaited()


def test_a_shipped_process_reads_what_its_register_replies() -> None:
    assert awaited("f", FEE, "collect-fee", "issue_bill").reply == {
        "amount_rials": None,
        "bill": None,
        "due_on": None,
        "pay_at": None,
    }
