"""PDF: from its first byte to its end, without content that starts programs or embeds other files."""

import re
from typing import IO

from engine.platform.media.kinds import BLOCK, Unfit, part, size_of

TAIL = 2048
_END = rb"(?=[\s/<>\[\]()%]|$)"
_LAUNCH = re.compile(rb"/Launch" + _END)
_FILES = re.compile(rb"/EmbeddedFiles?" + _END)
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_OVERLAP = 64


def look(stream: IO[bytes]) -> None:
    """Check the file. Raises Unfit if it is broken, starts programs or embeds files.

    The content of compressed objects isn't checked: that is the scanner's task. JavaScript is allowed, since
    agencies' forms compute with it.
    """
    if b"%%EOF" not in part(stream, max(0, size_of(stream) - TAIL), TAIL):
        raise Unfit(
            "damaged", "is incomplete: the end of the PDF is missing. Save it again and upload the new file."
        )
    stream.seek(0)
    before = b""
    while block := stream.read(BLOCK):
        plain = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), before + block)
        if _LAUNCH.search(plain):
            raise Unfit("active", "is a PDF that starts programs. Print it to a new PDF and upload that.")
        if _FILES.search(plain):
            raise Unfit(
                "active",
                "is a PDF that contains files. Upload these files separately, and the PDF without them.",
            )
        before = block[-_OVERLAP:]
