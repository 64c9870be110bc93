"""Everything that an account can reach is read: by the API from list to object, by pages from link to link.

Objects of one kind are many. Each account reads one of each kind in each state, as others of its role have
not yet, and each object is read by somebody.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from tests.api.contract import Client, Contract

PARAMETER = re.compile(r"^\{(\w+)\}$")
KINDS = ("kind", "status", "state", "definition", "element", "type", "code", "outcome", "effect", "clock")
LINK = re.compile(r'(?:href|action)="(/[^"#]*)')
AUDITOR = {"X-Purpose": "a look at everything"}
PROGRAMS = ("/api/", "/scim/", "/govstack/", "/static/", "/assets/", "/demo/")
ENDS_SESSION = {"/logout"}
CASES, TASKS = "/api/v1/cases", "/api/v1/tasks"
OF_A_CASE = {"applicant", "portal"}  # see only lists of tasks of a case
SOME = 20  # such cases
MANY = 300  # answers: the feed of events never ends
ALIKE = 1  # addresses of one rule that each role visits
OBJECTS = 20  # further ones of a rule, each by the first account that reaches it


@dataclass(frozen=True)
class Place:
    """An address, and of which kind the object is that it shows."""

    path: str
    kind: tuple[str, ...] = ()


@dataclass
class Crawl:
    """What was read so far, and what went wrong."""

    app: APIFlask
    contract: Contract
    faults: list[str] = field(default_factory=list)
    objects: set[str] = field(default_factory=set)  # read by anybody
    kinds: set[tuple[Any, ...]] = field(default_factory=set)  # by a role
    templates: set[str] = field(default_factory=set)  # of which something was read
    task_kinds: set[str] = field(default_factory=set)
    visited: Counter[str] = field(default_factory=Counter)  # objects on pages, by rule

    def api(self, role: str, token: str) -> None:
        """Read as the owner of a token, from the lists on."""
        Reader(self, role, Client(self.app, self.contract, token)).read()

    def pages(self, role: str, name: str, browser: FlaskClient, base: str) -> None:
        """Visit all pages from the first one on: lists as each account, others twice in a role."""
        adapter = self.app.url_map.bind(urlsplit(base).netloc)
        waiting, known = ["/", "/account"], {"/", "/account"}
        while waiting:
            path = waiting.pop()
            answer = browser.get(path, base_url=base, headers=AUDITOR)
            if answer.status_code >= 500 or answer.status_code in (400, 405):
                self.faults.append(f"{role} GET {path} → {answer.status_code}")
            if answer.mimetype != "text/html":
                continue
            links = [*LINK.findall(answer.text), answer.headers.get("Location", "")]
            for link in links:
                found = unescape(link)
                if (
                    found.startswith("/")
                    and found not in known
                    and self._is_wanted(role, name, found, adapter)
                ):
                    known.add(found)
                    waiting.append(found)

    def _is_wanted(self, role: str, name: str, address: str, adapter: Any) -> bool:
        parts = urlsplit(address)
        if address.startswith(PROGRAMS) or parts.path in ENDS_SESSION:
            return False
        try:
            rule, values = adapter.match(parts.path, "GET", return_rule=True)
        except HTTPException:
            return False  # a form's address
        whose = role if values or parts.query else name
        seen = [("page", whose, rule.rule, bool(parts.query), number) for number in range(ALIKE)]
        fresh = next((one for one in seen if one not in self.kinds), None)
        first = bool(values) and not parts.query and f"page {parts.path}" not in self.objects
        unread = first and self.visited[rule.rule] < OBJECTS
        if fresh is None and not unread:
            return False
        self.objects.add(f"page {parts.path}")
        self.visited[rule.rule] += first
        self.kinds.add(fresh or seen[-1])
        return True


@dataclass
class Reader:
    """An account's way through the API."""

    crawl: Crawl
    role: str
    client: Client
    places: dict[str, list[Place]] = field(default_factory=dict)  # by template
    items: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)  # by address

    def read(self) -> None:
        """Read all templates, those with fewer parts first."""
        paths = self.crawl.contract.document["paths"]
        templates = [path for path, methods in paths.items() if "get" in methods]
        for template in sorted(templates, key=lambda path: (path.count("/"), path)):
            self.places[template] = [one for one in self._candidates(template) if self._get(template, one)]

    def _get(self, template: str, place: Place) -> bool:
        crawl, key = self.crawl, ("api", self.role, template, *place.kind)
        unread = template.count("{") == 1 and template.endswith("}") and place.path not in crawl.objects
        if key in crawl.kinds and not unread and template.count("{"):
            return False
        crawl.kinds.add(key)
        crawl.objects.add(place.path)
        headers = AUDITOR if self.role == "auditor" else {}
        try:
            answer = self.client.get(place.path, headers=headers)
        except AssertionError as error:  # all are reported together
            crawl.faults.append(f"{self.role} GET {place.path}: {str(error)[:600]}")
            return False
        if answer.status_code >= 500:
            crawl.faults.append(f"{self.role} GET {place.path}: {answer.status_code}")
        if answer.status_code != 200:
            return False
        crawl.templates.add(template)
        if answer.mimetype == "application/json":
            shown = answer.get_json()
            self.items[place.path] = [one for one in _items(shown) if isinstance(one, dict)]
            cursor = shown.get("next") if isinstance(shown, dict) and "{" not in template else None
            if cursor and self.items[place.path] and len(self.items) < MANY:
                self._get(template, Place(f"{place.path.partition('?')[0]}?cursor={cursor}"))
            if template.endswith("/tasks/{task_id}"):
                crawl.task_kinds.add(shown["kind"])
        return True

    def _candidates(self, template: str) -> Iterator[Place]:
        before, _, last = template.rpartition("/")
        parameter = PARAMETER.match(last)
        if template == TASKS and self.role in OF_A_CASE:
            mine = list(self._shown(CASES))[:SOME]
            yield from (Place(f"{template}?case={one['id']}") for one in mine)
        elif parameter is None:
            known = self.places.get(before) if "{" in before else [Place(before)]
            yield from (Place(f"{one.path}/{last}", one.kind) for one in known or self._candidates(before))
        else:
            yield from self._inside(before, parameter[1])

    def _inside(self, before: str, parameter: str) -> Iterator[Place]:
        """What the lists of a template have."""
        for one in self.places.get(before, ()):
            path = one.path.partition("?")[0]
            for item in self._shown(path):
                if (value := _value(item, parameter)) is not None:
                    kind = tuple(str(item[name]) for name in KINDS if isinstance(item.get(name), str))
                    yield Place(f"{path}/{value}", (*one.kind, *kind))

    def _shown(self, path: str) -> Iterator[Mapping[str, Any]]:
        """The objects of all pages of a list."""
        for read, items in list(self.items.items()):
            if read.partition("?")[0] == path:
                yield from items


def _items(shown: Any) -> list[Any]:
    """The objects of a list, whatever it calls them."""
    if isinstance(shown, list):
        return shown
    return next((value for value in shown.values() if isinstance(value, list)), [])


def _value(item: Mapping[str, Any], parameter: str) -> Any:
    names = (parameter, "id") if parameter.endswith("id") else (parameter, "version", "month")
    return next((item[name] for name in names if isinstance(item.get(name), str | int)), None)
