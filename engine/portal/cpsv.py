"""The catalogue as linked data: CPSV-AP 3.2 in JSON-LD. Pure: entries of the catalogue in, a document out.

Every thing has an address below `base`, which is the same as long as its key or id is. The context is a part
of the document, so that readers need no other one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from engine.definitions.toml_files import LIFE_EVENTS
from engine.platform.language import LANGUAGES, Language, Reader
from engine.platform.messages import messages
from engine.portal.catalogue import Entry
from engine.portal.lengths import in_words

MEDIA_TYPE = "application/ld+json"
_AUTHORITY = "http://publications.europa.eu/resource/authority"
_COUNTRY = f"{_AUTHORITY}/country/IRN"
_TONGUES = {"fa": f"{_AUTHORITY}/language/FAS", "en": f"{_AUTHORITY}/language/ENG"}
_CONTEXT = {
    "adms": "http://www.w3.org/ns/adms#",
    "cpsv": "http://purl.org/vocab/cpsv#",
    "cv": "http://data.europa.eu/m8g/",
    "dct": "http://purl.org/dc/terms/",
    "eli": "http://data.europa.eu/eli/ontology#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "time": "http://www.w3.org/2006/time#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
# A duration of XML Schema: without weeks, working days and working hours.
_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?")
_READERS: Mapping[Language, Reader] = {language: Reader.of(language) for language in LANGUAGES}

Thing = dict[str, Any]


def document(entries: Iterable[Entry], base: str) -> Thing:
    """Returns the services as JSON-LD; `base` is the address of the installation, with its last sign."""
    graph: dict[str, Thing] = {}
    for entry in entries:
        for thing in _Service(entry, base).things():
            graph.setdefault(thing["@id"], thing)
    return {"@context": _CONTEXT, "@graph": list(graph.values())}


class _Service:
    """One service, and all that describes it."""

    def __init__(self, entry: Entry, base: str) -> None:
        self._entry = entry
        self._facts = entry.facts
        self._base = base
        self._things: list[Thing] = []

    def things(self) -> Sequence[Thing]:
        facts = self._facts
        self._add(
            "cpsv:PublicService",
            self._own(),
            dct__identifier=self._entry.key,
            dct__title=_both(facts["name"]),
            dct__description=_both(facts["description"]) or _both(facts["name"]),
            cv__hasCompetentAuthority=self._organisation(),
            cv__hasChannel=[self._channel(one) for one in facts["channels"]],
            cv__hasLegalResource=self._laws(),
            cpsv__follows=self._rules(),
            cpsv__hasInput=[self._proof("evidence", "cv:Evidence", one) for one in facts["evidence"]],
            cpsv__produces=[self._proof("output", "cv:Output", one) for one in facts["output"]],
            cv__hasCost=self._cost(),
            cv__contactPoint=self._contact(),
            cv__isGroupedBy=[self._event(one) for one in facts["life_events"]],
            dct__audience=[self._concept("audience", one) for one in facts["audience"]],
            dct__language=[self._tongue(one) for one in facts["languages"]],
            cv__processingTime=_duration(facts["norm"] or facts["term"]),
        )
        return self._things

    def _own(self, *parts: str) -> str:
        return self._base + "/".join(("services", self._entry.key, *parts))

    def _add(self, kind: str | list[str], at: str, **more: Any) -> Thing:
        """Adds a thing, without what is not known of it. Returns a reference to it."""
        known = {name.replace("__", ":"): value for name, value in more.items() if value}
        self._things.append({"@id": at, "@type": kind, **known})
        return {"@id": at}

    def _organisation(self) -> Thing:
        where = self._add("dct:Location", _COUNTRY)
        names = {str(language): reader.half(self._entry.unit) for language, reader in _READERS.items()}
        at = f"{self._base}organisations/{self._entry.unit_key}"
        return self._add("cv:PublicOrganisation", at, skos__prefLabel=_both(names), dct__spatial=where)

    def _concept(self, vocabulary: str, word: str) -> Thing:
        at = f"{self._base}vocabularies/{vocabulary}/{word}"
        label = _say(f"services.{vocabulary}.{word}")
        return self._add("skos:Concept", at, skos__prefLabel=label, skos__notation=word)

    def _channel(self, channel: str) -> Thing:
        kind = self._concept("channel", channel)
        at = self._own("channel", channel)
        return self._add("cv:Channel", at, dct__identifier=channel, dct__type=kind)

    def _event(self, event: str) -> Thing:
        kind = "cv:LifeEvent" if event in LIFE_EVENTS else "cv:BusinessEvent"
        at = f"{self._base}vocabularies/event/{event}"
        title = _say(f"services.event.{event}")
        return self._add([kind, "cv:Event"], at, dct__identifier=event, dct__title=title)

    def _tongue(self, language: str) -> Thing:
        return self._add("dct:LinguisticSystem", _TONGUES[language])

    def _laws(self) -> list[Thing]:
        return [
            self._add(
                "eli:LegalResource",
                law["url"] or self._own("law", str(number)),
                dct__title=_both(law["name"]),
            )
            for number, law in enumerate(self._facts["legal_basis"], 1)
        ]

    def _rules(self) -> list[Thing]:
        term, found = self._facts["term"], []
        if term or self._facts["term_varies"]:
            text = _term(term) if term else _say("services.term.varies")
            found.append(self._rule("term", _say("services.term.title"), text))
        for number, name in enumerate(self._facts["rules"], 1):
            texts = [_value(language, "services.rule", name=name[language]) for language in LANGUAGES]
            found.append(self._rule(f"decision-{number}", _both(name), texts))
        return found

    def _rule(self, rule: str, title: list[Thing], description: list[Thing]) -> Thing:
        texts = {"dct__title": title, "dct__description": description}
        return self._add("cpsv:Rule", self._own("rule", rule), dct__identifier=rule, **texts)

    def _proof(self, part: str, kind: str, proof: Mapping[str, Any]) -> Thing:
        texts = {"dct__title": _both(proof["name"]), "dct__description": _both(proof["description"])}
        return self._add(kind, self._own(part, proof["id"]), dct__identifier=proof["id"], **texts)

    def _cost(self) -> Thing | None:
        fee = self._facts["fee"]
        if fee is None:
            return None
        at, varies = self._own("cost"), fee["amount"] is None
        text = _say("services.fee.varies" if varies else "services.fee.fixed")
        if varies:
            return self._add("cv:Cost", at, dct__identifier="fee", dct__description=text)
        value = {"@value": str(float(Decimal(fee["amount"]))), "@type": "xsd:double"}
        code = self._add("skos:Concept", f"{_AUTHORITY}/currency/{fee['currency']}")
        money = {"cv__hasValue": value, "cv__currency": code}
        return self._add("cv:Cost", at, dct__identifier="fee", dct__description=text, **money)

    def _contact(self) -> Thing | None:
        contact = self._facts["contact"]
        if contact is None:
            return None
        more: Thing = {"cv__telephone": contact["phone"], "cv__email": contact["email"]}
        if contact["url"]:
            more["cv__contactPage"] = self._add("foaf:Document", contact["url"])
        if contact["hours"]:
            at, text = self._own("contact", "hours"), _both(contact["hours"])
            more["cv__openingHours"] = self._add("time:TemporalEntity", at, dct__description=text)
        if contact["address"]:
            at, text = self._own("contact", "address"), _both(contact["address"])
            more["locn__address"] = self._add("locn:Address", at, locn__fullAddress=text)
        return self._add("cv:ContactPoint", self._own("contact"), **more)


def _both(text: Mapping[str, str] | None) -> list[Thing]:
    """Returns the text in each language in which there is one."""
    given = {language: text.get(language) for language in LANGUAGES} if text else {}
    return [{"@value": value, "@language": language} for language, value in given.items() if value]


def _say(key: str, **values: str) -> list[Thing]:
    return [_value(language, key, **values) for language in LANGUAGES]


def _value(language: Language, key: str, **values: str) -> Thing:
    return {"@value": messages(_READERS[language]).say(key, **values), "@language": language}


def _term(term: str) -> list[Thing]:
    lengths = {one: in_words(term, messages(_READERS[one])) for one in LANGUAGES}
    return [_value(one, "services.term.fixed", term=length) for one, length in lengths.items()]


def _duration(text: str | None) -> Thing | None:
    if text is None or not _DURATION.fullmatch(text):
        return None
    return {"@value": text, "@type": "xsd:duration"}
