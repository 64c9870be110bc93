"""How to call `account`."""

import argparse

HELP = "List, deactivate and activate accounts, and link them to people of an OpenID provider."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare its five actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="List all accounts with their units and roles.")
    for action, told in {
        "deactivate": "Deactivate an account: its sessions, tokens and password no longer work.",
        "activate": "Activate a deactivated account.",
        "link": "Link a person of an OpenID provider to an account.",
        "unlink": "Remove such a link; the account's sessions end.",
    }.items():
        one = actions.add_parser(action, help=told, description=told)
        one.add_argument("name", metavar="NAME", help="of the account")
        if action in ("link", "unlink"):
            one.add_argument("issuer", metavar="ISSUER", help="of the provider, as in the file of providers")
            one.add_argument(
                "subject", metavar="SUBJECT", help="the subject (sub) that the provider uses for the person"
            )
