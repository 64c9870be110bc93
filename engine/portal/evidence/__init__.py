"""Where the answers of a draft come from: the login, another agency, or the applicant.

Reads `evidence.toml` of the services, and what was fetched for a draft; knows no commands on drafts.
"""

from engine.portal.evidence.answers import (
    Settled,
    known_answers,
    link,
    require_natural,
    require_unchanged,
    settled,
    sources,
    undecided,
)
from engine.portal.evidence.files import Asking, Bound, bound, differing, known
from engine.portal.evidence.origins import origins
from engine.portal.evidence.proofs import Proof, of_account, require_person
from engine.portal.evidence.states import (
    ROWS,
    VALUES,
    Fetch,
    FieldState,
    Held,
    Source,
    TypeState,
    applies,
    is_to,
    latest,
    one,
    state_of,
    unchanged,
)

__all__ = [
    "ROWS",
    "VALUES",
    "Asking",
    "Bound",
    "Fetch",
    "FieldState",
    "Held",
    "Proof",
    "Settled",
    "Source",
    "TypeState",
    "applies",
    "bound",
    "differing",
    "is_to",
    "known",
    "known_answers",
    "latest",
    "link",
    "of_account",
    "one",
    "origins",
    "require_natural",
    "require_person",
    "require_unchanged",
    "settled",
    "sources",
    "state_of",
    "unchanged",
    "undecided",
]
