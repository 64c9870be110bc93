"""How to call `run`."""

from engine.cli.usage.run import declare

__all__ = ["HELP", "declare"]

HELP = "Run everything that a demonstration needs, until Ctrl-C."
