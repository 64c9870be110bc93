"""Explores a net: fires all relevant transitions and stores each marking reached.

One element moves at a time: the first in the net's order that can. All its alternatives are tried. Other
elements neither help nor prevent it in the meantime, so another order would reach the same final markings (in
the literature, the transitions of one element are a stubborn set). Two kinds are exceptions: an inclusive
join, which depends on tokens elsewhere, moves when nothing else can, and also earlier if waiting could
prevent it; and an element that ends the whole scope moves last, after all others.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from engine.bpmn.check.net import BITS, FULL, Net, Station, Way
from engine.platform.budget import spend

ROUNDS = 2  # of a loop that adds tokens in each round
STATE = 15  # steps of the budget for each marking
MOVES = 5  # of stored markings in total, for each marking of the bound
AFTER_GROWTH = 5_000  # markings that are explored after such a loop was found


class Move(NamedTuple):
    """One element has moved: from one marking (by number) to another."""

    before: int
    station: Station
    way: Way
    after: int


class Markings:
    """All markings of a net that were reached, by number, initial markings first.

    `dead` are those in which tokens wait forever, `ended` those in which the scope has ended, `left` those
    that were not explored further; `complete` is false if a bound was reached. `meeting` maps elements at
    which tokens meet without a join, `growing` those whose loop adds tokens in each round, to the number of a
    marking.
    """

    def __init__(self, net: Net, bound: int) -> None:
        self.net = net
        self.found: list[int] = []
        self.moves: list[list[Move]] = []  # by the previous marking
        self.first: list[Move | None] = []  # the move that first reached a marking
        self.dead: list[int] = []
        self.ended: list[int] = []
        self.left: list[int] = []  # not explored further
        self.complete = True
        self.meeting: dict[Station, int] = {}
        self.growing: dict[Station, int] = {}
        self._numbers: dict[int, int] = {}
        self._rounds: dict[int, int] = {}  # by marking
        self._bound = bound
        self._moved = 0
        self._joins = [station for station in net.stations if station.join == "some"]
        self._entangled = [item for item in net.stations if item.join != "any" or item.stop is not None]
        self._single = sum(station.ones for station in net.stations)
        self._stops = sum(station.place for station in net.stations if station.stop is not None)
        for marking in net.begins:
            self._find(marking)
        number = 0
        while number < len(self.found):
            if len(self.found) > self._bound or self._moved > self._bound * MOVES:
                self.complete = False
                self.left += range(number, len(self.found))
                break
            spend(STATE)
            self._go_on(number)
            number += 1

    def path(self, number: int) -> list[Move]:
        """Returns the moves from an initial marking to a marking."""
        moves = []
        while (move := self.first[number]) is not None:
            moves.append(move)
            number = move.before
        return moves[::-1]

    def all_moves(self) -> Iterator[Move]:
        """Yields every move, in the order of the markings before it."""
        return (move for moves in self.moves for move in moves)

    def leading_to(self, goals: Iterable[int]) -> set[int]:
        """Returns the markings from which one of `goals` can be reached, including these."""
        sources: list[list[int]] = [[] for _ in self.found]
        for move in self.all_moves():
            sources[move.after].append(move.before)
        found: set[int] = set()
        waiting = list(goals)
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                waiting += sources[number]
        return found

    def waiting_at(self, number: int) -> list[Station]:
        """Returns the elements at which tokens wait in a marking."""
        marking = self.found[number]
        return [station for station in self.net.stations if marking & station.place]

    def _go_on(self, number: int) -> None:
        marking = self.found[number]
        stations = self._movable(marking)
        if not stations:
            (self.ended if marking == 0 or marking & self._stops else self.dead).append(number)
        elif self._rounds.get(marking, 0) >= ROUNDS:
            self.left.append(number)
        else:
            for station in stations:
                self._move(number, station)

    def _movable(self, marking: int) -> list[Station]:
        """Returns the elements whose moves have to be tried."""
        found = []
        rest = marking
        while rest:
            station = self.net.owners[((rest & -rest).bit_length() - 1) // BITS]
            if station.stop is None and (
                station.join == "any" or (station.join == "all" and _each(marking & station.place, station))
            ):
                found.append(station)
                break
            rest &= ~station.place
        early = bool(found)
        waiting = (join for join in self._joins if marking & join.place)
        return found + [join for join in waiting if _ready(marking, join, early=early)]

    def _move(self, number: int, station: Station) -> None:
        marking = self.found[number]
        taken = station.ones
        if station.join == "some":
            taken = marking & station.place
        elif station.join == "any":
            here = marking & station.place
            shift = ((here & -here).bit_length() - 1) // BITS * BITS
            taken = 1 << shift
            if here & ~(FULL << shift):
                self.meeting.setdefault(station, number)
        self._moved += len(station.ways)
        for way in station.ways:
            after = marking - taken + way.put
            if after & self.net.guards:
                self.complete = False
                continue
            if after not in self._numbers and len(station.arcs) > 1 and after & ~self._single:
                after = self._looped(number, station, way, after)
            known = self._numbers.get(after)
            move = Move(number, station, way, len(self.found) if known is None else known)
            if known is None:
                self._find(after, move)
            self.moves[number].append(move)

    def _find(self, marking: int, move: Move | None = None) -> None:
        """Stores a new marking, reached by this move."""
        self._numbers[marking] = len(self.found)
        self.found.append(marking)
        self.moves.append([])
        self.first.append(move)

    def _looped(self, number: int, station: Station, way: Way, now: int) -> int:
        """Returns the marking to continue with if a loop adds tokens in each round."""
        guards = self.net.guards
        forks = [station] if len(way.arcs) > 1 else []
        while (earlier := self.first[number]) is not None:
            then = self.found[number]
            if earlier.station is station and ((now | guards) - then) & guards == guards:
                more = [item for item in self.net.stations if (now - then) & item.place]
                if not _behind(more).isdisjoint([*forks, *self._entangled]):
                    self._grows(number, now, forks[-1])
                elif all(then & item.place for item in more):
                    return then  # if it only reaches its end, one more of it makes no difference
                return now
            if len(earlier.way.arcs) > 1:
                forks.append(earlier.station)
            number = earlier.before
        return now

    def _grows(self, number: int, now: int, fork: Station) -> None:
        if not self.growing:
            self._bound = min(self._bound, len(self.found) + AFTER_GROWTH)
        self.growing.setdefault(fork, number)
        self._rounds[now] = self._rounds.get(self.found[number], 0) + 1


class Lost:
    """The markings of cases that can never end, whatever is chosen: those behind a start without any end."""

    def __init__(self, markings: Markings) -> None:
        safe = markings.leading_to(markings.ended)
        self._on: dict[int, Move | None] = {}
        for number in range(len(markings.net.begins)):
            if number not in safe:
                self._on.setdefault(number, None)
        waiting = list(self._on)
        for number in waiting:  # it grows during the loop
            for move in markings.moves[number]:
                if move.after not in self._on:
                    self._on[move.after] = move
                    waiting.append(move.after)

    def __contains__(self, number: int) -> bool:
        return number in self._on

    def path(self, number: int) -> list[Move]:
        """Returns the moves to a marking from such a start."""
        moves: list[Move] = []
        while (move := self._on[number]) is not None:
            moves.append(move)
            number = move.before
        return moves[::-1]


def _each(tokens: int, station: Station) -> bool:
    """Whether all arcs have a token: adding 127 to a number other than 0 sets its guard."""
    return (tokens + station.guards - station.ones) & station.guards == station.guards


def _ready(marking: int, join: Station, *, early: bool) -> bool:
    """Whether no token elsewhere can still reach an arc without a token (BPMN 2.0.2 §13.4.3).

    A token that can also reach an arc with a token is ignored. While other elements can move (`early`), a
    join only moves if there are such tokens: later they would be consumed with it, or stop being ignored.
    """
    elsewhere = marking & ~join.place
    reached = [arc.upstream for arc in join.arcs if marking >> arc.shift & FULL]
    counting = elsewhere
    for upstream in reached:
        counting &= ~upstream
    if counting and any(counting & arc.upstream for arc in join.arcs if not marking >> arc.shift & FULL):
        return False
    return not early or any(elsewhere & arc.upstream for arc in join.arcs)


def _behind(stations: Iterable[Station]) -> set[Station]:
    """Returns these stations and all that tokens can reach from them."""
    found: set[Station] = set()
    waiting = list(stations)
    while waiting:
        station = waiting.pop()
        if station not in found:
            found.add(station)
            waiting += station.targets()
    return found
