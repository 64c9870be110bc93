"""What keeps people from deciding on what is theirs: asked at claiming a task and at completing it."""

from uuid import UUID

from engine import access
from engine.bpmn import TaskRules
from engine.db import UnitOfWork
from engine.tasks.held import Held


def require_for(uow: UnitOfWork, held: Held, rules: TaskRules, user_id: UUID) -> None:
    """Raises what keeps this account from a task that its roles let it take."""


def require(uow: UnitOfWork, held: Held, rules: TaskRules, *, completing: bool) -> None:
    """Raises what keeps the actor from a task that its roles let it take."""
    if completing and rules.acr is not None:
        access.require_assurance(uow.actor, rules.acr)
