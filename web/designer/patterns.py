"""What a draft can start from: the patterns in `beginnings`, and the shipped processes."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from xml.sax.saxutils import quoteattr

from engine.bpmn import BPMN_SUFFIXES
from engine.definitions.scenarios import SUFFIX
from engine.platform.config import ROOT
from engine.platform.errors import Fault, Invalid

BARE = ("bare", "review", "opinion")
KEY = re.compile(r"[A-Za-z_][\w.-]{0,99}", re.ASCII)
_PROCESS = re.compile(rb'<(?:[\w.-]+:)?process\b[^<>]*?\sid="([^"]+)"[^<>]*?\sname=("[^"]*")')


@cache
def shipped() -> Mapping[str, Path]:
    """Return the folders of the shipped processes, by key."""
    return {folder.name: folder for folder in sorted((ROOT / "processes").glob("*/*")) if folder.is_dir()}


def files(pattern: str, key: str, name: str) -> dict[str, bytes]:
    """Return the files of a pattern, with this key and name for its process. Raises Invalid."""
    if not KEY.fullmatch(key):
        raise Invalid("The key is invalid.", [Fault("/key", "is not the id of a process", "process-key")])
    folder = Path(__file__).parent / "beginnings" / pattern if pattern in BARE else shipped().get(pattern)
    if folder is None:
        raise Invalid("The pattern does not exist.", [Fault("/pattern", "is unknown", "unknown")])
    read = {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    return _called(read, key, name)


def _called(files: Mapping[str, bytes], key: str, name: str) -> dict[str, bytes]:
    """Replace key and name everywhere in a file."""
    former = next(found for content in files.values() if (found := _PROCESS.search(content)))
    old, new = former[1], key.encode()
    changed = dict(files)
    for path, content in files.items():
        if path.endswith(BPMN_SUFFIXES):
            renamed = content.replace(former[2], quoteattr(name, {'"': "&quot;"}).encode())
            changed[path] = renamed.replace(b'"%s"' % old, b'"%s"' % new)
        elif path.endswith(SUFFIX):
            changed[path] = re.sub(rb"(?m)^process: %s$" % re.escape(old), b"process: %s" % new, content)
    return changed
