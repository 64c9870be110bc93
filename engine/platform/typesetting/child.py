"""The program of the child process: limits itself, then typesets what it reads from its standard input.

Arguments: the parent, the bytes of memory, the seconds of processor time, the template, the folder of fonts.
typst is imported here, and this module nowhere. The template is a file of ours and imports no packages, which
typst would fetch from the network; the document is only data in it. It is run by its path,
so the package isn't loaded.
"""

import os
import re
import resource
import signal
import sys
from pathlib import Path

import typst

from engine.platform import parent_death

NICENESS = 5
NOWHERE = "/nonexistent"  # where packages would be


def main(parent: str, memory: str, seconds: str, template: str, fonts: str) -> None:
    """Typeset one document."""
    parent_death.follow(int(parent), signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    sys.stdout.buffer.write(typeset(sys.stdin.buffer.read(), Path(template), Path(fonts)))


def typeset(content: bytes, template: Path, fonts: Path) -> bytes:
    """Return the document, given as JSON, as a PDF."""
    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts])
    try:
        return typst.compile(
            template,
            root=template.parent,
            font_paths=found,
            ignore_system_fonts=True,
            sys_inputs={"document": content.decode()},
            pdf_standards=["a-2a", "ua-1"],
            package_path=NOWHERE,
            package_cache_path=NOWHERE,
            timestamp=0,
        )
    except typst.TypstError as error:  # it quotes texts of the document, which don't belong in a log
        sys.exit(re.sub(r'"[^"]*"', '"…"', error.message))


if __name__ == "__main__":
    main(*sys.argv[1:])
