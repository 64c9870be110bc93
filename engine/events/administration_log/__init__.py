"""The administration log: one hash chain of what changed in the installation, and by whom.

Anything that acts for the administration writes here, in the transaction of the action itself.
"""

from engine.events.administration_log.records import Break, Head, flush, head, note, verify
from engine.events.administration_log.vocabulary import VOCABULARY

__all__ = ["VOCABULARY", "Break", "Head", "flush", "head", "note", "verify"]
