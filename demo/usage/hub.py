"""How to call `hub`."""

import argparse

HELP = (
    "Simulate other systems for trying the connectors: registries, tax, zoning, health, payments, licences."
)


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the port, and two arguments only for `start`."""
    parser.add_argument("--port", type=int, metavar="PORT", help="on 127.0.0.1; HUB_PORT without it")
    parser.add_argument("--socket", type=int, metavar="FD", help="a listening socket of the parent process")
    parser.add_argument("--with-parent", type=int, metavar="PID", help="stop when this parent process dies")
