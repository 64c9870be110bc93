"""The codes of visits: why an applicant came, and how."""

from typing import Literal, get_args

VisitReason = Literal[
    "document_original", "signature", "identity", "payment", "information", "inspection", "summoned", "other"
]
VISIT_REASONS: tuple[str, ...] = get_args(VisitReason)
VisitChannel = Literal["in_person", "online", "phone", "post"]
VISIT_CHANNELS: tuple[str, ...] = get_args(VisitChannel)
IN_PERSON = "in_person"
