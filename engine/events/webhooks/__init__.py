"""Events on their way to other systems: subscriptions (`webhooks`), who gets what when, and sending it.

A worker calls `fan_out` (give new events out), `due` (take what may be sent now), `send` (outside of any
transaction) and `settle` (what came of it). Nothing here touches a case.
"""

from engine.events.webhooks import subscriptions
from engine.events.webhooks.deliveries import due, fan_out, settle
from engine.events.webhooks.sending import Outcome, Posting, send

__all__ = ["Outcome", "Posting", "due", "fan_out", "send", "settle", "subscriptions"]
