"""Words of the command line that tables and queues use, too. Imports nothing, so that help costs nothing."""

from typing import Literal, get_args

Role = Literal[
    "administrator", "designer", "caseworker", "portal", "service", "applicant", "auditor", "manager"
]
ROLES: tuple[Role, ...] = get_args(Role)

Queue = Literal["cases", "calls", "checks"]
QUEUES: tuple[Queue, ...] = get_args(Queue)
