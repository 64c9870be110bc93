"""The people of a demonstration, as whom visitors can log in on the first page."""

import json
from collections.abc import Sequence

from engine.platform.config import Settings


def people(settings: Settings) -> Sequence[str]:
    """Return the accounts with a password in the demonstration's file, in its order.

    None if this installation is no demonstration (`DEMO`), or the file doesn't exist.
    """
    if not settings.demo:
        return []
    try:
        known = json.loads(settings.demo_accounts.read_bytes())
    except FileNotFoundError:
        return []
    return [account["name"] for account in known["accounts"] if account.get("password")]
