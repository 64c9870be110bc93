"""What the file of connectors declares of each call: agency, purpose, legal basis or consent, and price."""

from dataclasses import dataclass, replace

from engine.access import ASSURANCES, Assurance
from engine.bpmn import UNIT_KEY, NotMoney, money
from engine.connectors.connector import Declaration
from engine.connectors.toml_table import Table

ASSURANCE: Assurance = "substantial"
_LINE = r"(?=.*\S)[^\x00-\x1f\x7f]{1,500}"
_NAME = "Write the name of the agency, in one line: Persian, or Persian | English."
_PURPOSE = "Write what its answers are for, in one line: Persian, or Persian | English."
_BASIS = "Cite the law or the order that allows it, in one line: Persian, or Persian | English."


@dataclass(frozen=True, slots=True)
class Declared:
    """What a connector's own table declares, for each of its operations that doesn't declare it itself."""

    agency: str
    agency_name: str
    purpose: str
    legal_basis: str
    price: tuple[str | None, str | None]
    consent: bool
    assurance: Assurance


def of_connector(table: Table) -> Declared:
    """Returns what the table of a connector declares. Purpose and legal basis may be missing here."""
    key = "Write the key of the agency that the connector calls, such as tax-office."
    return Declared(
        table.text("agency", UNIT_KEY, key),
        _line(table, "agency_name", _NAME),
        _line(table, "purpose", _PURPOSE),
        _line(table, "legal_basis", _BASIS),
        _price(table),
        table.flag("consent", default=False),
        _assurance(table, ASSURANCE),
    )


def of_operation(table: Table, around: Declared) -> Declared:
    """Returns what the table of an operation declares, else what its connector does."""
    return replace(
        around,
        purpose=_line(table, "purpose", _PURPOSE) or around.purpose,
        legal_basis=_line(table, "legal_basis", _BASIS) or around.legal_basis,
        consent=table.flag("consent", default=around.consent),
        assurance=_assurance(table, around.assurance),
    )


def require(table: Table, operations: list[Declared]) -> None:
    """Reports a purpose that an operation lacks, and a legal basis if it doesn't need consent either."""
    if not all(one.purpose for one in operations):
        table.blame("purpose", "is missing", _PURPOSE)
    if not all(one.legal_basis or one.consent for one in operations):
        fix = f"{_BASIS} If the calls need the person's consent instead, write consent = true."
        table.blame("legal_basis", "is missing", fix)


def plain(declared: Declared) -> Declaration:
    """Returns what the log states of each call."""
    said = (declared.agency, declared.purpose, declared.legal_basis or None, *declared.price)
    return Declaration(*said, agency_name=declared.agency_name or None)


def _line(table: Table, name: str, fix: str) -> str:
    """Returns a line of text; empty if it is missing. A wrong one is reported only as wrong."""
    written = table.has(name)
    return table.text(name, _LINE, fix, default="") or ("?" if written else "")


def _assurance(table: Table, default: Assurance) -> Assurance:
    named = table.choice("assurance", ASSURANCES, default)
    return next((level for level in ASSURANCES if level == named), default)


def _price(table: Table) -> tuple[str | None, str | None]:
    """Returns the price of a call and its currency, if it has one."""
    written, currency = table.take("price"), table.take("currency")
    if written is None and currency is None:
        return None, None
    try:
        price = f"{money.amount(written):f}"
    except NotMoney as error:
        table.blame("price", error.reason, 'Write an amount, such as "2500", or neither price nor currency.')
        return None, None
    if currency not in money.CURRENCIES:
        table.blame("currency", "is not a currency code of ISO 4217", 'Write one, such as "IRR".')
        return None, None
    return price, str(currency)
