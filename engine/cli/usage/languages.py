"""The language of what a command prints."""

import argparse

from engine.platform.language import LANGUAGES


def declare_language(parser: argparse.ArgumentParser) -> None:
    """Declare the language in which findings and differences are printed."""
    parser.add_argument(
        "--language", choices=sorted(LANGUAGES), default="en", help="of findings (default: en)"
    )
