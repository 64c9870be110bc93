"""The administration log: one hash chain of what changed in the installation, and by whom.

Anything that acts for the administration writes here, in the transaction of the action itself.
"""

from engine.events.administration_log.installation import (
    BEAT,
    WORKERS,
    Outage,
    beat,
    interruptions,
    note_restored,
    note_start,
    outages,
)
from engine.events.administration_log.records import (
    SYSTEM,
    WRITTEN,
    Break,
    Head,
    flush,
    head,
    lock,
    note,
    note_command,
    verify,
)
from engine.events.administration_log.rows import (
    RECORDED,
    WITHOUT,
    Compared,
    Difference,
    compare,
    record_upgrade,
)
from engine.events.administration_log.vocabulary import OF_FLAGS, VOCABULARY, stored

__all__ = [
    "BEAT",
    "OF_FLAGS",
    "RECORDED",
    "SYSTEM",
    "VOCABULARY",
    "WITHOUT",
    "WORKERS",
    "WRITTEN",
    "Break",
    "Compared",
    "Difference",
    "Head",
    "Outage",
    "beat",
    "compare",
    "flush",
    "head",
    "interruptions",
    "lock",
    "note",
    "note_command",
    "note_restored",
    "note_start",
    "outages",
    "record_upgrade",
    "stored",
    "verify",
]
