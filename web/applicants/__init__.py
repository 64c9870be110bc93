"""The applicants' pages: the catalogue, applying in steps, their cases, and what they have to do.

All of them work without JavaScript. Each module declares its views on the blueprint of `door`.
"""

from web.applicants import (
    applying,
    cases,
    consents,
    documents,
    ending,
    evidence,
    fetching,
    letter,
    offers,
    overview,
    rating,
    status,
    tasks,
    together,
)
from web.applicants.door import blueprint

__all__ = [
    "applying",
    "blueprint",
    "cases",
    "consents",
    "documents",
    "ending",
    "evidence",
    "fetching",
    "letter",
    "offers",
    "overview",
    "rating",
    "status",
    "tasks",
    "together",
]
