"""How to call `worker`."""

import argparse

from engine.platform.vocabulary import QUEUES

HELP = "Process the queues until Ctrl-C. Several workers, on any machines, share the work."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the queue, and one argument only for parent processes."""
    parser.add_argument("--queue", choices=QUEUES, help="only this one, in this process")
    parser.add_argument("--with-parent", type=int, metavar="PID", help="stop when this parent process dies")
