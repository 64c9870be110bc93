"""Files of holidays: what is read, what is refused, and what is written."""

from datetime import date

import pytest

from engine.organisation.calendars import Holiday, files
from engine.platform.errors import Invalid

FITR = Holiday(date(2027, 3, 10), "عید سعید فطر؛ تعطیل | Eid, al-Fitr; closed", True)
NOWRUZ = Holiday(date(2027, 3, 21), "نوروز | Nowruz")
EVENT = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


def codes(name: str, content: bytes) -> list[str]:
    with pytest.raises(Invalid) as caught:
        files.read(name, content)
    return [fault.code for fault in caught.value.faults]


@pytest.mark.parametrize("suffix", ["csv", "ics"])
def test_what_is_written_is_read(suffix: str) -> None:
    holidays = [FITR, NOWRUZ]
    written = (
        files.write_csv(holidays)
        if suffix == "csv"
        else files.write_icalendar("iran", "ایران | Iran", holidays, "20261129T080000Z")
    )
    assert files.read(f"x.{suffix}", written) == holidays


def test_lines_of_an_icalendar_file_are_folded_within_75_bytes() -> None:
    long = Holiday(date(2027, 3, 10), "ع" * 200)
    written = files.write_icalendar("iran", "x", [long], "20261129T080000Z")
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    assert files.read("x.ics", written) == [long]


def test_csv_has_gregorian_or_jalali_days() -> None:
    content = "date,name,estimated\n1405/12/19,فطر,yes\n۱۴۰۶/۰۱/۰۱,نوروز,\n2027-03-22,Nowruz,no\n".encode()
    found = files.read("x.CSV", content)
    assert [(one.date.isoformat(), one.estimated) for one in found] == [
        ("2027-03-10", True),
        ("2027-03-21", False),
        ("2027-03-22", False),
    ]


def test_formula_stays_a_text_in_a_spreadsheet() -> None:
    assert b"'=cmd" in files.write_csv([Holiday(date(2027, 3, 10), "=cmd|'/c'!A1")])


@pytest.mark.parametrize("name", ["=Nowruz", "'=Nowruz", "-", "@all", "Nowruz"])
def test_name_like_a_formula_is_the_same_after_export_and_import(name: str) -> None:
    holidays = [Holiday(date(2026, 3, 21), name, estimated=False)]
    assert files.read("x.csv", files.write_csv(holidays)) == holidays


@pytest.mark.parametrize(
    "content",
    [
        "date;name;estimated\r\n2026-03-21;Nowruz;\r\n",
        "Date,NAME,Estimated\r\n2026-03-21,Nowruz,\r\n",
        "\ufeffdate; name\n\n2026-03-21; Nowruz\n;\n",
    ],
)
def test_files_of_spreadsheets_are_read_whatever_they_separate_by(content: str) -> None:
    assert files.read("x.csv", content.encode()) == [Holiday(date(2026, 3, 21), "Nowruz", estimated=False)]


def test_event_over_several_days() -> None:
    event = EVENT.format("DTSTART;VALUE=DATE:20270321\r\nDTEND;VALUE=DATE:20270325\r\nSUMMARY:Nowruz")
    assert [one.date.day for one in files.read("x.ics", event.encode())] == [21, 22, 23, 24]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("x.csv", b"", ["calendar-columns"]),
        ("x.csv", b"day,name\n2027-03-21,x\n", ["calendar-columns"]),
        ("x.csv", b"date,name\n", ["no-days"]),
        ("x.csv", b"date,name\n2027-02-30,x\n2027-03-01,\n", ["date", "text"]),
        ("x.csv", b"date,name,estimated\n2027-03-21,x,perhaps\n", ["estimated"]),
        ("x.csv", b'date,name\n2027-03-21,"x\n', ["not-csv"]),
        ("x.csv", b"date,name\n\xff,x\n", ["encoding"]),
        ("x.csv", b"date,name\n2027-03-21,\x00\n", ["encoding"]),
        ("x.csv", b"date,name\n" + b"2027-03-21,x\n" * 2_001, ["too-many-days"]),
        ("x.csv", b"x" * 500_001, ["too-large"]),
        ("x.txt", b"x", ["csv-or-ics"]),
        ("x.ics", b"x", ["icalendar"]),
        ("x.ics", b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", ["no-days"]),
        ("x.ics", EVENT.format("DTSTART:20270321\nRRULE:FREQ=SECONDLY\nSUMMARY:x").encode(), ["repeats"]),
        ("x.ics", EVENT.format("DTSTART:20270321T080000Z\nSUMMARY:x").encode(), ["whole-days"]),
        ("x.ics", EVENT.format("DTSTART:20270321\nDTEND:20280321\nSUMMARY:x").encode(), ["whole-days"]),
        ("x.ics", EVENT.format("DTSTART:20270230\nSUMMARY:x").encode(), ["whole-days"]),
        ("x.ics", EVENT.format("DTSTART:20270321").encode(), ["text"]),
    ],
)
def test_what_is_refused(name: str, content: bytes, expected: list[str]) -> None:
    assert codes(name, content) == expected
