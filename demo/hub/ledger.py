"""The memory of the hub: messages with their answers, and the behaviour that was set for each service."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.hub.agencies import Answer, Json

BEHAVIOURS = (
    "slow", "wrong", "error", "flaky", "html", "huge", "half", "silent", "drip", "redirect", "refuse",
    "x-road-error", "no-hash",
)  # fmt: skip
NOT_ACCEPTED = {"error", "refuse", "x-road-error"}  # these fail before anything is done
FLAKY = 2  # attempts of a message that fail


@dataclass(slots=True)
class Message:
    """One message id at one service."""

    service: str
    id: str
    received: int = 0
    accepted: int = 0
    tries: list[Json] = field(default_factory=list)
    answer: Answer | None = None


@dataclass(slots=True)
class _Told:
    behaviour: str
    times: int | None  # None: until set otherwise


class Ledger:
    """Thread-safe."""

    def __init__(self, file: Path | None = None) -> None:
        """`file` stores the bills across restarts: payment links are valid for weeks."""
        self._file = file
        self._lock = threading.Lock()
        self._messages: dict[tuple[str, str], Message] = {}
        self._told: dict[str, _Told] = {}
        self._bills: dict[str, Json] = json.loads(file.read_bytes()) if file and file.exists() else {}

    def set_behaviour(self, service: str, behaviour: str | None, times: int | None) -> None:
        """Set the behaviour from now on, for so many attempts. None: behave normally."""
        with self._lock:
            self._told.pop(service, None)
            if behaviour is not None:
                self._told[service] = _Told(behaviour, times)

    def receive(self, service: str, message: str, seen: Json, by_id: str | None) -> str | None:
        """Record an attempt; return the behaviour to show."""
        with self._lock:
            found = self._messages.setdefault((service, message), Message(service, message))
            found.received += 1
            found.tries.append(seen)
            behaviour = self._behaviour(service) or by_id
            if behaviour == "flaky":
                return "error" if found.received <= FLAKY else None
            return behaviour

    def once(self, service: str, message: str, work: Callable[[], Answer]) -> Answer:
        """Return the answer to a message: computed the first time, then the same. Errors aren't stored."""
        with self._lock:
            found = self._messages[service, message]
            if found.answer is None:
                answer = work()
                if answer.status >= 400:
                    return answer
                found.accepted += 1
                found.answer = answer
                if "bill" in answer.body:
                    self._bills[answer.body["bill"]] = answer.body
                    self._store()
            return found.answer

    def received(self) -> list[Json]:
        """Return all messages in the order of their first attempt."""
        with self._lock:
            return [
                {
                    "service": message.service,
                    "id": message.id,
                    "received": message.received,
                    "accepted": message.accepted,
                    "tries": list(message.tries),
                }
                for message in self._messages.values()
            ]

    def bill(self, number: str) -> Mapping[str, Any] | None:
        """Return an accepted bill."""
        with self._lock:
            return self._bills.get(number)

    def pay(self, number: str) -> None:
        """Mark a bill as paid, permanently."""
        with self._lock:
            if number in self._bills:
                self._bills[number] = {**self._bills[number], "status": "paid"}
                self._store()

    def _store(self) -> None:
        if self._file is not None:
            fresh = self._file.with_name(f"{self._file.name}.new")
            fresh.write_text(json.dumps(self._bills))
            fresh.replace(self._file)

    def forget(self) -> None:
        """Delete everything."""
        with self._lock:
            self._messages.clear()
            self._told.clear()
            self._bills.clear()
            self._store()

    def _behaviour(self, service: str) -> str | None:
        told = self._told.get(service)
        if told is None:
            return None
        if told.times is not None:
            told.times -= 1
            if told.times <= 0:
                del self._told[service]
        return told.behaviour
