"""What a process does again and again while it waits for something: the web server answers health checks."""

from collections.abc import Callable

INTERVAL = 0.03  # seconds between two beats of a wait

_beats: list[Callable[[], None]] = []


def follow(beat: Callable[[], None]) -> None:
    """Have `beat` called in each wait of this process. It must be quick, and must not wait itself."""
    _beats.append(beat)


def beat() -> None:
    """Called by what waits, each `INTERVAL`."""
    for each in _beats:
        each()
