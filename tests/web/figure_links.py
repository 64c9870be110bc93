"""The links of pages of oversight to lists of cases, and how many cases each says there are."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape

Get = Callable[[str], str]  # the text of the page at an address, in English

_LIST = r"(/oversight/cases\?[^\"]*)"
_TILE = re.compile(
    rf'<a class="card" href="{_LIST}">\s*<span>[^<]*</span>\s*<strong><bdi>([^<]*)</bdi></strong>'
    r"(?:\s*<small>([^<]*)</small>)?"
)
_OTHERS = (
    re.compile(rf'<a href="{_LIST}"><bdi>([\d,]+)</bdi></a>'),  # a cell
    re.compile(rf'<li><a href="{_LIST}">[^<]*</a><br><small>[^<]* in ([\d,]+) cases?</small>'),  # a cause
    re.compile(rf'<a href="{_LIST}">([\d,]+) of [\d,]+ cases? with a term'),  # all that are late
)
_COUNT = re.compile(r'<p class="lead">[^<]*<strong>([\d,]+) (?:case|time)s?</strong>')
_MEASURE = re.compile(r"measure=\w+")
_NUMBER = re.compile(r"[\d,]+")


@dataclass(frozen=True)
class Lists:
    """The lists to which a page leads: how many cases it says each has, and those without a number."""

    said: Mapping[str, set[int]]
    silent: set[str]


def lists(page: str) -> Lists:
    """The lists to which a page leads."""
    said: dict[str, set[int]] = {}
    for link, number in _numbers(page):
        said.setdefault(unescape(link), set()).add(number)
    every = {unescape(link) for link in re.findall(rf'<a [^>]*href="{_LIST}"', page)}
    return Lists(said, every - said.keys())


def _numbers(page: str) -> Iterator[tuple[str, int]]:
    for link, text, note in _TILE.findall(page):
        # "45%" is of "9 of 20 cases", "3 days" and 4 stars of "of 20 cases", and "20" is a count of cases.
        average = note and link.endswith(("measure=closed", "measure=rated"))
        counts = text.replace(",", "").isdigit() and not average
        yield link, _number(text if counts else note)
    for pattern in _OTHERS:
        for link, text in pattern.findall(page):
            yield link, _number(text)


def _number(text: str) -> int:
    found = _NUMBER.search(text)
    assert found, text
    return int(found[0].replace(",", ""))


def count(get: Get, link: str) -> int:
    """How many cases a list says it has."""
    found = _COUNT.search(get(link))
    assert found, link
    return _number(found[1])


def differences(get: Get, pages: Sequence[str], most: int = 100) -> tuple[int, list[str]]:
    """How many lists the pages lead to, and what is wrong there.

    Of each page it follows at most so many links of one kind.
    """
    known: dict[str, int] = {}
    wrong = []
    for page in pages:
        kinds: Counter[str] = Counter()
        for link, numbers in lists(get(page)).said.items():
            kind = f"{_MEASURE.findall(link)} {'bucket=' in link}"
            kinds[kind] += 1
            if kinds[kind] > most:
                continue
            if link not in known:
                known[link] = count(get, link)
            if numbers != {known[link]}:
                wrong.append(f"{page}: {link} has {known[link]} cases, not {numbers}")
    return len(known), wrong
