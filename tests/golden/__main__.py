"""Writes the states of the present release: `python -m tests.golden 0.1.0`."""

import json
import sys
from pathlib import Path

from engine.bpmn import sandbox
from tests.driving import Run, built
from tests.golden.histories import HISTORIES


def main(release: str) -> None:
    """Write one file; refuses to replace one."""
    states = {}
    for history in HISTORIES:
        run = Run(built(history.process, more=history.more), **history.start)
        for element, data in history.before:
            run.go(element, **data)
        assert run.state is not None
        more = {"more": history.more} if history.more else {}
        states[history.name] = {"process": history.process, **more, "state": run.state.decode()}
    with (Path(__file__).parent / f"{release}.json").open("x") as file:
        json.dump(states, file, ensure_ascii=False, indent=1)
        file.write("\n")
    sandbox.close_pool()


main(sys.argv[1])
