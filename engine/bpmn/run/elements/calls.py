"""Service tasks: work of another system, which never runs while the case is locked."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin

from engine.bpmn.notation.service_tasks import Service
from engine.bpmn.run import bills
from engine.bpmn.run.scopes import owner
from engine.bpmn.run.step import Outgoing
from engine.bpmn.run.tokens import FIRED, WAIT, Failed, Token
from engine.bpmn.values import encode, plain
from engine.platform.ids import uuid7

ASKED = "asked"  # key in a token's internal data: the terms of the bill that it requests
CHANGED = "changed"  # key in a token's internal data: the variables that others set since the call was made
CALL = "call"  # key in a token's internal data: the id of its call, and the digest of the request


class NotDone(Failed):
    """Raised when another system failed with this code."""


class ServiceTask(BpmnSpecMixin):
    """A service task: its token waits for the reply."""

    guarded: frozenset[str] = frozenset()  # names that no reply may overwrite once they were changed

    def __init__(self, wf_spec: Any, bpmn_id: str, service: Service, **parts: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **parts)
        self.service = service

    def _run_hook(self, my_task: Token) -> bool | None:
        if FIRED in my_task.internal_data:
            return True
        workflow = my_task.workflow.top_workflow
        request = self._request(my_task)
        if self.service.bill is not None:
            my_task.internal_data[ASKED] = bills.ask(self.service.bill, plain(request))
        workflow.called_at[my_task.id] = len(workflow.journal)
        call_id = _call_id(my_task, request)
        my_task.internal_data[WAIT] = {"kind": "call", "call": call_id.hex}
        service = self.service
        workflow.calls.append(
            Outgoing(
                call_id, my_task.id, "", service.connector, service.topic, service.operation, plain(request)
            )
        )
        workflow.enter(my_task)
        return None

    def _on_complete_hook(self, my_task: Token) -> None:
        super()._on_complete_hook(my_task)
        my_task.internal_data.pop(FIRED, None)
        my_task.internal_data.pop(CALL, None)
        my_task.internal_data.pop(ASKED, None)

    def _request(self, my_task: Token) -> dict[str, Any]:
        if self.service.request is None:
            return {}
        value = my_task.workflow.top_workflow.sandbox.evaluate(self.service.request, my_task.data)
        if not isinstance(value, dict):
            raise Failed("request", "what is sent must be names with values, as in {'id': national_id}")
        return value

    def answer(self, my_task: Token, reply: Mapping[str, Any]) -> None:
        """Continues the token with the reply; a bill that differs from the request is an incident."""
        workflow = my_task.workflow.top_workflow
        if self.service.bill is not None:
            terms, place = self.service.bill, my_task.task_spec.element.path
            try:
                # A case migrated here while waiting sent its request before there was anything to compare.
                asked = my_task.internal_data.get(ASKED) or bills.ask(terms, plain(self._request(my_task)))
                issued = bills.issue(terms, asked, reply, place, workflow.sandbox.now.tzinfo)
            except Failed as error:
                del my_task.internal_data[WAIT]
                my_task.fail(error)
                return
            workflow.bills.append(issued)
            # The payment address is only for the applicant, and many people read the case's data.
            reply = {name: value for name, value in reply.items() if name != terms.link}
        accept(my_task, reply, self.service.result)
        self._note_overwritten(my_task)

    def _note_overwritten(self, my_task: Token) -> None:
        """Records for the log which variables the reply has overwritten that others set since the call.

        Opens an incident if one is guarded. A retry accepts the reply; the value given with it counts.
        """
        changed = my_task.internal_data.pop(CHANGED, ())
        journal = my_task.workflow.top_workflow.journal
        my_task.overwritten = [one.name for one in journal if one.by is my_task and one.name in changed]
        for name in my_task.overwritten:
            if name in self.guarded:
                message = f"the reply sets {name!r}, which was changed since the call was made"
                my_task.fail(Failed("data-conflict", message))
                return

    def give_up(self, my_task: Token, code: str, detail: str) -> None:
        """Opens an incident. A retry sends a new request."""
        give_up(my_task, code, detail)


def accept(my_task: Token, reply: Mapping[str, Any], result: str | None) -> None:
    """Continues a token that waits for a reply; `result` is the variable that stores it."""
    del my_task.internal_data[WAIT]
    my_task.internal_data[FIRED] = True
    given = {result: dict(reply)} if result else reply
    my_task.write(given)
    my_task._ready()


def give_up(my_task: Token, code: str, detail: str) -> None:
    """Opens an incident for a token that waits for a reply."""
    del my_task.internal_data[WAIT]
    my_task.fail(NotDone(code, detail))


def note_changes(workflow: Any, waiting: Iterable[Token]) -> None:
    """Records in each token that waits for a reply which of its variables this command has set elsewhere."""
    for token in waiting:
        journal = workflow.journal[workflow.called_at.get(token.id, 0) :]
        changed = {one.name for one in journal if one.store is owner(token, one.name)}
        if changed:
            token.internal_data[CHANGED] = sorted(changed.union(token.internal_data.get(CHANGED, ())))


def _call_id(my_task: Token, request: Mapping[str, Any]) -> UUID:
    """Returns the id by which the receiver identifies the call: equal for equal requests of this token."""
    digest = sha256(encode(request)).hexdigest()[:32]
    known = my_task.internal_data.get(CALL)
    if known is not None and known[1] == digest:
        return UUID(hex=known[0])
    made = uuid7()
    my_task.internal_data[CALL] = [made.hex, digest]
    return made
