"""Once only: data that another agency has about an applicant are fetched, shown, and accepted or refused.

Two short transactions surround each call, `order` and `settle`: none is open while the other agency answers.
"""

from engine.portal.once_only.ordering import Agreement, Ordered, Rules, order
from engine.portal.once_only.outcomes import (
    KEPT,
    PREVIEW,
    Offer,
    accept,
    decline,
    expire,
    forget,
    offers,
    refuse,
    settle,
    show,
)

__all__ = [
    "KEPT",
    "PREVIEW",
    "Agreement",
    "Offer",
    "Ordered",
    "Rules",
    "accept",
    "decline",
    "expire",
    "forget",
    "offers",
    "order",
    "refuse",
    "settle",
    "show",
]
