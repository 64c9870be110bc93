"""Holidays as files: CSV (`date,name,estimated`) and iCalendar, read and written.

Of an iCalendar file only whole days without repetition are read: expanding a rule of a foreign file can take
seconds and gigabytes.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from engine.organisation.calendars.documents import MAX_NAME, Holiday, is_name
from engine.platform import formats, table_files
from engine.platform.errors import Fault, Invalid

MAX_FILE = 500_000  # bytes
MAX_ROWS = 2_000
MAX_SPAN = 31  # days of one event
COLUMNS = ("date", "name", "estimated")
_YES, _NO = ("yes", "true", "1"), ("", "no", "false", "0")
_ESTIMATED = "(estimated)"
_REPEATS = ("RRULE", "RDATE", "EXRULE")
_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)")
_DAY = timedelta(days=1)
_LAST = date(2800, 1, 1)  # a later day is a mistake, and may have no following one


def read(name: str, content: bytes) -> list[Holiday]:
    """Reads a file called `.csv` or `.ics`. Raises Invalid with every fault and its line."""
    text = _text(content)
    if name.lower().endswith(".ics"):
        found, faults = _read_icalendar(text)
    elif name.lower().endswith(".csv"):
        found, faults = _read_csv(text)
    else:
        raise _unreadable(Fault("/file", "must be called .csv or .ics", "csv-or-ics"))
    if not (found or faults):
        raise _unreadable(Fault("/file", "contains no day", "no-days"))
    if len(found) > MAX_ROWS:
        raise _too_many()
    if faults:
        raise Invalid("The file can't be read.", faults)
    return found


def _too_many() -> Invalid:
    limit = {"count": MAX_ROWS}
    return _unreadable(Fault("/file", f"contains more than {MAX_ROWS} days", "too-many-days", limit))


def _text(content: bytes) -> str:
    if len(content) > MAX_FILE:
        raise _unreadable(Fault("/file", "is larger than 500,000 bytes", "too-large"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise _unreadable(Fault("/file", "is not UTF-8 text", "encoding")) from cause
    if "\x00" in text:
        raise _unreadable(Fault("/file", "is not UTF-8 text", "encoding"))
    return text


def _unreadable(fault: Fault) -> Invalid:
    return Invalid("The file can't be read.", [fault])


def _read_csv(text: str) -> tuple[list[Holiday], list[Fault]]:
    found: list[Holiday] = []
    faults: list[Fault] = []
    try:
        rows = table_files.rows(text)
        names = [cell.strip().lower() for cell in next(rows, (1, []))[1]]
        if not {"date", "name"} <= set(names):
            raise _unreadable(
                Fault("/file", "must begin with the line date,name,estimated", "calendar-columns")
            )
        for line, cells in rows:
            if len(found) + len(faults) > MAX_ROWS:
                raise _too_many()
            one = _row(dict(zip(names, cells, strict=False)), f"line {line}")
            if isinstance(one, Fault):
                faults.append(one)
            else:
                found.append(one)
    except csv.Error as error:
        raise _unreadable(Fault("/file", f"is no CSV: {error.args[1]}", "not-csv")) from error
    return found, faults


def _row(row: dict[str, str], place: str) -> Holiday | Fault:
    day = formats.day(row.get("date", "").strip())
    name = table_files.unguarded(row.get("name", "").strip())
    mark = row.get("estimated", "").strip().lower()
    if day is None:
        return Fault(f"{place}, date", "is not a date: write 2026-11-25 or 1405/09/04", "date")
    if not is_name(name):
        return Fault(f"{place}, name", f"must be 1 to {MAX_NAME} printable characters", "text")
    if mark not in (*_YES, *_NO):
        return Fault(f"{place}, estimated", "must be yes or no", "estimated")
    return Holiday(date.fromisoformat(day), name, mark in _YES)


def write_csv(holidays: Iterable[Holiday]) -> bytes:
    """Writes holidays as CSV, as `read` reads them."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in holidays:
        writer.writerow([one.date.isoformat(), table_files.guarded(one.name), "yes" if one.estimated else ""])
    return target.getvalue().encode("utf-8-sig")


def _read_icalendar(text: str) -> tuple[list[Holiday], list[Fault]]:
    if not text.lstrip().upper().startswith("BEGIN:VCALENDAR"):
        raise _unreadable(Fault("/file", "is no iCalendar file", "icalendar"))
    found: list[Holiday] = []
    faults: list[Fault] = []
    for number, event in _events(text):
        place = f"line {number}"
        if any(name in event for name in _REPEATS):
            detail = "repeats by a rule; write each day as an event of its own"
            faults.append(Fault(place, detail, "repeats"))
            continue
        days = _days(event)
        name = _unescape(event.get("SUMMARY", "")).strip()
        estimated = name.endswith(_ESTIMATED)
        name = name.removesuffix(_ESTIMATED).strip()
        if days is None:
            faults.append(
                Fault(place, f"must have whole days, at most {MAX_SPAN}", "whole-days", {"count": MAX_SPAN})
            )
        elif not is_name(name):
            faults.append(Fault(place, f"must have a name of 1 to {MAX_NAME} printable characters", "text"))
        else:
            found += [Holiday(day, name, estimated) for day in days]
        if len(found) + len(faults) > MAX_ROWS:
            raise _too_many()
    return found, faults


def _events(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields each event with the line at which it begins; values by the name of their property."""
    event: dict[str, str] | None = None
    begun, depth = 0, 0
    for number, line in _unfolded(text):
        head, _, value = line.partition(":")
        name = head.partition(";")[0].upper()
        if name == "BEGIN":
            if value.upper() == "VEVENT" and event is None:
                event, begun, depth = {}, number, 0
            elif event is not None:
                depth += 1  # an alarm
        elif name == "END" and event is not None:
            if depth == 0:
                yield begun, event
                event = None
            else:
                depth -= 1
        elif event is not None and depth == 0:
            event.setdefault(name, value)


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    first, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if line[:1] in (" ", "\t") and parts:
            parts.append(line[1:])
            continue
        if parts:
            yield first, "".join(parts)
        first, parts = number, [line]
    if parts:
        yield first, "".join(parts)


def _days(event: dict[str, str]) -> Sequence[date] | None:
    """Returns the days of an event; DTEND is the day after the last one."""
    begin = _date(event.get("DTSTART", ""))
    end = _date(event["DTEND"]) if "DTEND" in event else begin and begin + _DAY
    if begin is None or end is None or "DURATION" in event or not 1 <= (end - begin).days <= MAX_SPAN:
        return None
    return [begin + number * _DAY for number in range((end - begin).days)]


def _date(text: str) -> date | None:
    found = _DATE.fullmatch(text.strip())
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
    return day if day is not None and day <= _LAST else None


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: " " if found[1] in "nN" else found[1], text)


def write_icalendar(key: str, name: str, holidays: Iterable[Holiday], written_at: str) -> bytes:
    """Writes holidays as an iCalendar file; `written_at` is an instant such as 20261129T080000Z."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Parvandeh//Calendar//EN", f"NAME:{_escape(name)}"]
    for one in holidays:
        following = (one.date + _DAY).strftime("%Y%m%d")
        shown = f"{one.name} {_ESTIMATED}" if one.estimated else one.name
        uid = sha256(f"{key} {one.date}".encode()).hexdigest()[:32]
        lines += [
            "BEGIN:VEVENT",
            f"UID:{uid}",
            f"DTSTAMP:{written_at}",
            f"DTSTART;VALUE=DATE:{one.date:%Y%m%d}",
        ]
        lines += [f"DTEND;VALUE=DATE:{following}", f"SUMMARY:{_escape(shown)}", "TRANSP:TRANSPARENT"]
        lines.append("END:VEVENT")
    return "".join(f"{part}\r\n" for line in [*lines, "END:VCALENDAR"] for part in _folded(line)).encode()


def stamp(now: datetime) -> str:
    """Returns an instant as iCalendar writes it, in UTC."""
    return now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escape(text: str) -> str:
    return re.sub(r"([\\;,])", r"\\\1", text)


def _folded(line: str) -> Iterator[str]:
    """Yields a line in parts of at most 75 bytes, never within a character."""
    part, size = "", 0
    for character in line:
        length = len(character.encode())
        if size + length > 75:
            yield part
            part, size = " ", 1
        part, size = part + character, size + length
    yield part
