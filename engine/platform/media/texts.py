"""Plain text: UTF-8 without control characters."""

import codecs
import re
from typing import IO

from engine.platform.media.kinds import BLOCK

_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffe\uffff]"
)  # all but tab, line feed, form feed, return


def is_text(stream: IO[bytes]) -> bool:
    """Return whether all of it is text. It may begin with a UTF-8 byte order mark."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    stream.seek(0)
    try:
        while block := stream.read(BLOCK):
            if _CONTROL.search(decoder.decode(block)):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
