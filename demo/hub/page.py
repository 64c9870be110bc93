"""The payment page of the mock payment service in the demonstration.

It announces the payment to the installation with the token of its `service` account, as a real payment
service would, and links back to the applicant's pages.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from demo.hub import payments
from engine.platform.language import DEFAULT, LANGUAGES, Catalogue, Language, Reader

_TEXTS = Catalogue.read(Path(__file__).with_name("texts.toml"))
_STYLE = (
    "body{font:1.1rem/1.7 Vazirmatn,system-ui,sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b;background:#fff}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.3rem 1rem;margin:1rem 0}"
    "dd{margin:0;font-weight:600;overflow-wrap:anywhere}button{font:inherit;display:block;width:100%;"
    "padding:.7rem;margin:.7rem 0;border:1px solid #1d4f91;border-radius:.4rem;background:#fff;color:#1d4f91;"
    "cursor:pointer}button.main{background:#1d4f91;color:#fff}.note{background:#fff4d6;padding:.5rem 1rem;"
    "border-radius:.4rem}.bad{background:#fde7e7;padding:.5rem 1rem;border-radius:.4rem}a{color:#1d4f91}"
)
CHOICES = ("pay", "other", "cancel")
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class Installation:
    """Where payments are announced, and with which token; `url` is also where the payer comes from."""

    url: str
    token: str

    @classmethod
    def read(cls, accounts: Path | None) -> "Installation | None":
        """Read it from the demonstration's file of accounts, as it is now; None if there is none."""
        if accounts is None:
            return None
        try:
            kept = json.loads(accounts.read_bytes())
        except FileNotFoundError:
            return None
        token = next((one["token"] for one in kept["accounts"] if one["name"] == "service"), None)
        return None if token is None else cls(kept["url"], token)


@dataclass(frozen=True, slots=True)
class Shown:
    """A page, or where to redirect."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""


def language_of(query: Mapping[str, list[str]], accepted: str) -> Language:
    """Return the language of a page: from its address, else the browser's preference."""
    asked = query.get("lang", [""])[0] or accepted[:2].lower()
    return next((one for one in LANGUAGES if one == asked), DEFAULT)


def other_amount(bill: Mapping[str, Any]) -> int:
    """Return a wrong amount."""
    return int(bill["amount_rials"]) + 1_000


def _away(installation: Installation, case: str | None = None) -> Shown:
    """Return the address to go back to: the case whose bill was paid, if any."""
    place = f"/my/cases/{case}" if case else "/my"
    return Shown(303, {"Location": installation.url + place})


@dataclass(frozen=True, slots=True)
class Page:
    """The page of one bill for one reader; `bill` is None for an unknown number."""

    number: str
    bill: Mapping[str, Any] | None
    language: Language
    installation: Installation | None

    def show(self, wrong: str | None = None, status: int = 200) -> Shown:
        """Show the bill with its buttons; `wrong` is the error of the previous attempt."""
        if self.bill is None:
            return self._page(404, f'<p class="bad" role="alert">{self._say("unknown")}</p>{self._back()}')
        fault = f'<p class="bad" role="alert">{wrong}</p>' if wrong else ""
        buttons = f"<p>{self._say('paid')}</p>" if self.bill["status"] == "paid" else self._buttons(self.bill)
        return self._page(status, fault + self._facts(self.bill) + buttons + self._back())

    def choose(self, choice: str) -> Shown:
        """Do what the payer clicked on: pay, pay another amount, or cancel."""
        if self.bill is None or self.installation is None or choice not in CHOICES:
            return self.show()
        if choice == "cancel":
            return _away(self.installation)
        amount = self.bill["amount_rials"] if choice == "pay" else other_amount(self.bill)
        target = urlsplit(f"{self.installation.url}/api/v1/messages")
        facts = {name: self.bill[name] for name in payments.FACTS} | {"amount_rials": amount}
        answered = payments.announce(target, self.installation.token, facts)
        if answered.status is None:
            return self.show(self._say("nobody"), 502)
        if answered.status == 409 and choice != "pay":
            return self.show(self._say("mismatch", amount=self._money(amount)))
        if answered.status >= 300:
            return self.show(self._say("refused", status=answered.status), 502)
        return _away(self.installation, answered.case)

    def _facts(self, bill: Mapping[str, Any]) -> str:
        reader = Reader.of(self.language)
        rows = [
            ("amount", self._money(bill["amount_rials"])),
            ("purpose", reader.half(bill["reference"])),
            ("number", bill["bill"]),
            ("due", reader.day(date.fromisoformat(bill["due_on"]))),
        ]
        parts = (f"<dt>{self._say(key)}</dt><dd><bdi>{escape(value)}</bdi></dd>" for key, value in rows)
        return f"<dl>{''.join(parts)}</dl>"

    def _buttons(self, bill: Mapping[str, Any]) -> str:
        pay = self._say("pay", amount=self._money(bill["amount_rials"]))
        other = self._say("other", amount=self._money(other_amount(bill)))
        return (
            '<form method="post">'
            f'<button class="main" name="choice" value="pay">{pay}</button>'
            f'<button name="choice" value="other">{other}</button>'
            f'<button name="choice" value="cancel">{self._say("cancel")}</button></form>'
        )

    def _back(self) -> str:
        if self.installation is None:
            return ""
        return f'<p><a href="{escape(self.installation.url)}/my">{self._say("back")}</a></p>'

    def _page(self, status: int, body: str) -> Shown:
        title, turned = self._say("title"), "en" if self.language == "fa" else "fa"
        direction = LANGUAGES[self.language][1]
        content = (
            f'<!doctype html><html lang="{self.language}" dir="{direction}"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
            f"<style>{_STYLE}</style></head><body><main><h1>{title}</h1>"
            f'<p class="note">{self._say("note")}</p>{body}'
            f'<p><a href="?lang={turned}" lang="{turned}" hreflang="{turned}">{self._say("language")}</a></p>'
            "</main></body></html>"
        )
        # Browsers also apply this to the redirect after a form was sent.
        back = f" {self.installation.url}" if self.installation else ""
        policy = (
            f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; frame-ancestors 'none';"
            f" form-action 'self'{back}"
        )
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        return Shown(status, headers, content.encode())

    def _say(self, key: str, **values: Any) -> str:
        return escape(_TEXTS.say(Reader.of(self.language), f"texts.{key}", **values))

    def _money(self, amount: int) -> str:
        return Reader.of(self.language).money(Decimal(amount), payments.CURRENCY)
