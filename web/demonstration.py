"""The people of a demonstration, whom the first page offers to become."""

import json
from collections.abc import Sequence

from engine.platform.config import Settings


def people(settings: Settings) -> Sequence[str]:
    """The accounts with a password in the file of the demonstration, in its order.

    None if this installation is no demonstration (`DEMO`), or nobody has made the file.
    """
    if not settings.demo:
        return []
    try:
        known = json.loads(settings.demo_accounts.read_bytes())
    except FileNotFoundError:
        return []
    return [account["name"] for account in known["accounts"] if account.get("password")]
