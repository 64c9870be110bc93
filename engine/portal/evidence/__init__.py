"""Where the answers of a draft come from: the login, another agency, or the applicant.

Reads `evidence.toml` of the services, and what was fetched for a draft; knows no commands on drafts.
"""

from engine.portal.evidence.answers import known_answers, link, require_unchanged, settled
from engine.portal.evidence.files import Bound, bound, known
from engine.portal.evidence.proofs import Proof, of_account
from engine.portal.evidence.states import (
    ROWS,
    VALUES,
    Fetch,
    FieldState,
    Held,
    Source,
    TypeState,
    fields_of,
    latest,
    one,
    state_of,
)

__all__ = [
    "ROWS",
    "VALUES",
    "Bound",
    "Fetch",
    "FieldState",
    "Held",
    "Proof",
    "Source",
    "TypeState",
    "bound",
    "fields_of",
    "known",
    "known_answers",
    "latest",
    "link",
    "of_account",
    "one",
    "require_unchanged",
    "settled",
    "state_of",
]
