"""The program of the child process: limits itself, then typesets what it reads from its standard input.

Arguments: the parent, the bytes of memory, the seconds of processor time, the folder of the fonts. typst is
imported here and nowhere else. The template may import no packages, which would be fetched from the network:
what it reads is a file of ours, and the document is only data in it.
"""

import os
import resource
import signal
import sys
from pathlib import Path

from engine.platform import parent_death

TEMPLATE = Path(__file__).with_name("template.typ")
NICENESS = 5
NOWHERE = "/nonexistent"  # for packages


def main(parent: str, memory: str, seconds: str, fonts: str) -> None:
    """Typeset one document."""
    parent_death.follow(int(parent), signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    sys.stdout.buffer.write(typeset(sys.stdin.buffer.read(), Path(fonts)))


def typeset(content: bytes, fonts: Path) -> bytes:
    """Return the document, given as JSON, as a PDF."""
    import typst  # noqa: PLC0415  # under the limits

    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts])
    return typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        font_paths=found,
        ignore_system_fonts=True,
        sys_inputs={"document": content.decode()},
        pdf_standards=["a-2a", "ua-1"],
        package_path=NOWHERE,
        package_cache_path=NOWHERE,
        timestamp=0,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
