"""What a demonstration prints once everything responds."""

import json
from collections.abc import Sequence
from pathlib import Path

from demo.accounts import DemoAccount
from engine.cli.companion import answering

# The mock hub has another address for this person, so that there is a task to list afterwards.
ADDRESS_CHANGE = {
    "definition": "address-change",
    "data": {
        "national_id": "0000004091",
        "new_address": "تهران، خیابان آزادی، کوچهٔ یکم، پلاک ۱۲",
        "postal_code": "1345678901",
    },
}


def greet(address: str, accounts: Sequence[DemoAccount], kept: Path) -> None:
    """Print the address, who can log in, and three commands to copy."""
    print(answering(address))
    print(f"\nDemo accounts (stored in {kept}):")
    for account in accounts:
        print(f"  {account.name:20} {account.role:14} {account.token}")
    print(f"\nPeople log in at {address}/login; their passwords are in that file.")
    token = {account.name: account.token for account in accounts}
    print("\nList the definitions, start a case, list the tasks:")
    print(f"  curl {_bearer(token['portal'])} {address}/api/v1/definitions")
    print(
        f"  curl {_bearer(token['portal'])} -H 'Idempotency-Key: first' -H 'Content-Type: application/json' "
        f"-d '{json.dumps(ADDRESS_CHANGE, ensure_ascii=False)}' {address}/api/v1/cases"
    )
    print(f"  curl {_bearer(token['caseworker'])} {address}/api/v1/tasks\n", flush=True)


def _bearer(token: str) -> str:
    return f"-H 'Authorization: Bearer {token}'"
