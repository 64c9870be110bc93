"""Changes of running cases outside of their process: one person proposes them, a second one confirms them.

Until then nothing changes. Each step is logged in the case (docs/case-changes.md).
"""

from engine.cases.proposals.deciding import confirm, expire, reject, withdraw
from engine.cases.proposals.proposing import PROPOSED_FOR, propose_modification, propose_variables
from engine.cases.proposals.reading import (
    ProposalView,
    Variable,
    get_proposal,
    list_open,
    list_variables,
    open_of_case,
    proposals_of_case,
)

__all__ = [
    "PROPOSED_FOR",
    "ProposalView",
    "Variable",
    "confirm",
    "expire",
    "get_proposal",
    "list_open",
    "list_variables",
    "open_of_case",
    "proposals_of_case",
    "propose_modification",
    "propose_variables",
    "reject",
    "withdraw",
]
