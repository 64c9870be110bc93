"""Explains a case's status in plain words, in the reader's language, for the API and the pages.

Names may be written `Persian

English`; the half of the language is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from engine.bpmn import Effect
from engine.cases import BillStatus, BillView, Late
from engine.platform.language import Catalogue, Language, Reader
from engine.portal.status.lookup import Decided, Silence, Standing

State = Literal["waits-for-you", "held", "going-on", "paused", "ended"]

TEXTS = Catalogue.read(Path(__file__).with_name("texts.toml"))
_ISOLATED = replace(TEXTS, isolated=True)


@dataclass(frozen=True, slots=True)
class When:
    """An instant, and its day in words."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class ToDoWords:
    """What the applicant has to do, with the details and the deadline."""

    name: str
    text: str | None
    due: When | None


@dataclass(frozen=True, slots=True)
class GroundWords:
    """A legal ground: its title, if the form has one, and the explanation for the applicant."""

    title: str | None
    text: str


@dataclass(frozen=True, slots=True)
class SilenceWords:
    """The statutory term that ended without a decision of these units, which the law makes one."""

    text: str
    units: Sequence[str]
    started: When
    ended: When
    legal_basis: str | None


@dataclass(frozen=True, slots=True)
class DecisionWords:
    """The last decision, its effect for the applicant, and how and until when it can be appealed.

    `silence` explains a decision by silence.
    """

    outcome: str
    effect: Effect | None
    grounds: Sequence[GroundWords]
    decided: When
    appeal: str | None
    appeal_until: When | None
    silence: SilenceWords | None


@dataclass(frozen=True, slots=True)
class BillWords:
    """A bill: `text` says what has to be paid until when, or its status; `link` is the payment page.

    `late` describes a payment that came too late.
    """

    reference: str
    status: BillStatus
    text: str
    late: str | None
    purpose: str
    amount: str
    currency: str
    due_on: date | None
    link: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """The present step of people, and how many there are at most."""

    number: int
    of: int
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The status of a case: `state` for programs, `text` for people. `holders` are its units.

    `expected` is when a decision can be expected, `latest` the end of the statutory term; neither is past.
    `paused` says for whom the term has been paused, `paused_since` since when; `awaits` why a decision by
    silence waits.
    """

    language: Language
    service: str
    case_number: str
    started: When
    state: State
    text: str
    holders: Sequence[str]
    since: When
    to_do: Sequence[ToDoWords]
    expected: When | None
    latest: When | None
    paused: str | None
    paused_since: When | None
    awaits: str | None
    step: Progress | None
    decision: DecisionWords | None
    bills: Sequence[BillWords]
    ended: When | None


def explain(case: Standing, reader: Reader, *, isolated: bool = False) -> Explanation:
    """Returns the complete explanation for a reader.

    `isolated`: for a page, where numbers need bidi isolation.
    """
    return _Explainer(reader, _ISOLATED if isolated else TEXTS).explain(case)


def outcome_of(
    reader: Reader, outcome: str | None, decided: Decided | None = None, drawn: str | None = None
) -> str | None:
    """Returns the name of an outcome; None if it has none. `drawn`: its name in the diagram.

    Legal terms come first: forms show deciders what to do, not applicants what was done.
    """
    key = f"texts.outcome.{outcome}"
    if key in TEXTS:
        return TEXTS.say(reader, key)
    words = decided.words.get(reader.language) if decided and decided.outcome == outcome else None
    return words or (reader.half(drawn) if drawn else None)


def bill_words(reader: Reader, bill: BillView, service: str, *, isolated: bool = False) -> BillWords:
    """Describes a bill in words; one without a purpose of its own is for the service."""
    texts = _ISOLATED if isolated else TEXTS
    closed = bill.paid_at or bill.closed_at
    amount, on = reader.money(bill.amount, bill.currency), closed and reader.day(closed)
    ending = "" if bill.due_on or bill.status not in ("open", "overdue") else "-undated"
    return BillWords(
        reference=bill.reference,
        status=bill.status,
        text=texts.say(reader, f"texts.bill-{bill.status}{ending}", amount=amount, due=bill.due_on, on=on),
        late=_late_words(reader, bill.late, texts) if bill.late else None,
        purpose=reader.half(bill.purpose or service),
        amount=f"{bill.amount:f}",
        currency=bill.currency,
        due_on=bill.due_on,
        link=bill.link,
    )


def _late_words(reader: Reader, late: Late, texts: Catalogue) -> str:
    amount = reader.money(late.amount, late.currency)
    return texts.say(reader, "texts.bill-late", amount=amount, on=reader.day(late.at))


class _Explainer:
    def __init__(self, reader: Reader, texts: Catalogue) -> None:
        self.reader = reader
        self.texts = texts

    def explain(self, case: Standing) -> Explanation:
        units = self.reader.half(case.unit)
        state, text = self._state(case)
        return Explanation(
            language=self.reader.language,
            service=self.reader.half(case.service),
            case_number=case.number,
            started=self._when(case.started_at),
            state=state,
            text=text,
            holders=[self.reader.half(name) for name in case.holders] or [units],
            since=self._when(case.ended_at or case.since),
            to_do=[
                ToDoWords(self.reader.half(do.name), do.text, self._maybe(do.due_at)) for do in case.to_do
            ],
            expected=self._maybe(case.expected_at) if case.ended_at is None else None,
            latest=self._maybe(case.latest_at) if case.ended_at is None else None,
            paused=self._paused(case),
            paused_since=self._maybe(case.paused_since),
            awaits=self._awaits(case, units),
            step=self._step(case),
            decision=self._decision(case.decided, units) if case.decided else None,
            bills=[
                bill_words(self.reader, bill, case.service, isolated=self.texts.isolated)
                for bill in case.bills
            ],
            ended=self._maybe(case.ended_at),
        )

    def _paused(self, case: Standing) -> str | None:
        """Describes since when the statutory term has been paused, and for whom."""
        if case.paused_for is None or case.paused_since is None:
            return None
        side = case.paused_for if case.paused_for in ("applicant", "agency") else "office"
        return self._say(f"term-paused-{side}", since=self.reader.day(case.paused_since))

    def _awaits(self, case: Standing, unit: str) -> str | None:
        """Describes why the decision by silence waits, and for whom."""
        if case.awaits_since is None or case.ended_at is not None:
            return None
        return self._say("awaits-release", ended=self.reader.day(case.awaits_since), units=unit)

    def _step(self, case: Standing) -> Progress | None:
        if case.steps is None or case.ended_at is not None:
            return None
        number = min(case.done + 1, case.steps)
        return Progress(number, case.steps, self._say("step", number=number, count=case.steps))

    def _state(self, case: Standing) -> tuple[State, str]:
        """Returns the state, and the sentences that describe it."""
        unit, holders = self.reader.half(case.unit), [self.reader.half(name) for name in case.holders]
        if case.ended_at is not None:
            return "ended", self._ended(case, unit)
        if case.paused:
            return "paused", self._say("paused", units=unit)
        since = self.reader.day(case.since)
        held = self._say("held", units=self.reader.both(holders), since=since)
        owes = any(bill.payable for bill in case.bills)
        if case.to_do or owes:
            waits = self._say("to-do" if case.to_do else "to-pay")
            return "waits-for-you", " ".join([waits, *([held] if holders else [])])
        return ("held", held) if holders else ("going-on", self._say("going-on", units=unit, since=since))

    def _ended(self, case: Standing, unit: str) -> str:
        on = self.reader.day(case.ended_at or case.asked_at)
        if case.cancelled:
            return self._say("cancelled", units=unit, on=on)
        outcome = outcome_of(self.reader, case.outcome, case.decided, case.drawn)
        return self._say("ended-as", on=on, outcome=outcome) if outcome else self._say("ended", on=on)

    def _decision(self, decided: Decided, unit: str) -> DecisionWords:
        language = self.reader.language
        return DecisionWords(
            outcome=outcome_of(self.reader, decided.outcome, decided) or decided.outcome,
            effect=decided.effect,
            grounds=[GroundWords(titles.get(language), text) for titles, text in decided.grounds],
            decided=self._when(decided.decided_at),
            appeal=self._appeal(decided, unit),
            appeal_until=self._maybe(decided.until) if decided.process else None,
            silence=self._silence(decided.silence) if decided.silence else None,
        )

    def _silence(self, silence: Silence) -> SilenceWords:
        units = [self.reader.half(name) for name in silence.units]
        started, ended = self._when(silence.started_at), self._when(silence.due_at)
        text = self._say("silence", units=self.reader.both(units), started=started.text, ended=ended.text)
        basis = silence.legal_basis and self.reader.half(silence.legal_basis)
        return SilenceWords(text, units, started, ended, basis)

    def _appeal(self, decided: Decided, unit: str) -> str | None:
        """Describes how a decision can be appealed."""
        if decided.appeal is not None:
            return self._say("appeal-filed", number=decided.appeal)
        if not decided.process:
            return None
        if decided.until is None:
            return self._say("appeal-open", units=unit)
        key = "appeal-until" if decided.appealable else "appeal-over"
        return self._say(key, until=decided.until.date(), units=unit)

    def _say(self, key: str, **values: Any) -> str:
        return self.texts.say(self.reader, f"texts.{key}", **values)

    def _when(self, instant: datetime) -> When:
        return When(instant, self.reader.day(instant))

    def _maybe(self, instant: datetime | None) -> When | None:
        return self._when(instant) if instant else None
