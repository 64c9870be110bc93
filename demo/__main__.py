"""`python -m demo`: the command line of the demonstration."""

import argparse
import sys
from collections.abc import Mapping, Sequence

from demo.settings import DemoSettings
from engine.cli import execute

COMMANDS: Mapping[str, str] = {"run": "demo.run", "play": "demo.play", "hub": "demo.hub"}


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code, as `python -m engine` does."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="A demonstration of Parvandeh.")
    return execute(parser, argv, COMMANDS, DemoSettings.read, usage="demo.usage")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
