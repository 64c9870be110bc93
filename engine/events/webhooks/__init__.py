"""Sending events to other systems: subscriptions (`webhooks`), deliveries with their schedule, and requests.

A worker calls `fan_out` (create deliveries of new events), `due` (lease those that may be sent now), `send`
(outside of any transaction) and `settle` (store the result). Nothing here changes a case.
"""

from engine.events.webhooks import subscriptions
from engine.events.webhooks.deliveries import due, fan_out, settle
from engine.events.webhooks.sending import Outcome, WebhookRequest, post, send

__all__ = ["Outcome", "WebhookRequest", "due", "fan_out", "post", "send", "settle", "subscriptions"]
