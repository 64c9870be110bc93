"""Counters on a disk without room."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.mmap_dict import MmapedDict

from api.counters import SIZE, ReservedDict

Fill = Callable[[bool], None]
LONG = "k" * (SIZE // 2)


@pytest.fixture
def fill(monkeypatch: pytest.MonkeyPatch) -> Fill:
    """Fill the disk, or empty it."""
    reserve = os.posix_fallocate

    def refuse(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    return lambda full: monkeypatch.setattr(os, "posix_fallocate", refuse if full else reserve)


@pytest.fixture
def counters(tmp_path: Path) -> Iterator[Any]:
    made: Any = ReservedDict(str(tmp_path / "counter_1.db"))
    with closing(made):
        yield made


def test_file_of_counters_has_all_its_space_before_it_is_mapped(counters: Any, tmp_path: Path) -> None:
    path = tmp_path / "counter_1.db"
    assert path.stat().st_blocks * 512 >= SIZE
    counters.write_value("a", 1.0, 0.0)
    assert [found[:2] for found in MmapedDict.read_all_values_from_file(str(path))] == [("a", 1.0)]


def test_full_disk_leaves_no_file_that_readers_would_stumble_over(fill: Fill, tmp_path: Path) -> None:
    fill(True)
    with pytest.raises(OSError, match="No space"):
        ReservedDict(str(tmp_path / "counter_1.db"))
    assert not list(tmp_path.iterdir())


def test_file_that_cannot_grow_keeps_what_it_has_and_grows_later(fill: Fill, counters: Any) -> None:
    counters.write_value("first" + LONG, 1.0, 0.0)
    fill(True)
    with pytest.raises(OSError, match="No space"):
        counters.write_value("second" + LONG, 2.0, 0.0)
    counters.write_value("first" + LONG, 3.0, 0.0)
    fill(False)
    counters.write_value("second" + LONG, 2.0, 0.0)
    assert [counters.read_value(name + LONG)[0] for name in ("first", "second")] == [3.0, 2.0]
