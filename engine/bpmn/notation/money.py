"""Amounts of money from other systems: exact decimals, in a currency of ISO 4217."""

import re
from decimal import Decimal
from typing import Any

MAX_DIGITS = 15  # digits before the point: more is a mistake, and wouldn't be exact as a JSON number
_WRITTEN = re.compile(rf"[0-9]{{1,{MAX_DIGITS}}}(\.[0-9]{{1,4}})?")
_EXACT = 2**53  # up to this limit, a whole number is exact even if it was sent as a float

_CODES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
    CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ
    GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR
    LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN
    PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
    TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())


class NotMoney(Exception):
    """Raised for a value that is not an amount or not a currency; `part` names its place, if known."""

    def __init__(self, reason: str, part: str = "") -> None:
        super().__init__(reason)
        self.reason, self.part = reason, part


def amount(value: Any) -> Decimal:
    """Returns an amount above zero, from a whole number or a text such as "12.50". Raises NotMoney."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise NotMoney('is not an amount: a whole number, or a text such as "12.50"')
    if isinstance(value, float):
        if not value.is_integer() or abs(value) > _EXACT:
            raise NotMoney('is not an exact amount: send fractions as a text such as "12.50"')
        value = int(value)
    written = str(value).strip()
    if not _WRITTEN.fullmatch(written):
        raise NotMoney(f"is not an amount of at most {MAX_DIGITS} digits and 4 decimals")
    found = Decimal(written)
    if not found:
        raise NotMoney("must be more than zero")
    return found.normalize() if found != found.to_integral_value() else found.quantize(Decimal(1))


def currency(value: Any) -> str:
    """Returns a currency by its code. Raises NotMoney."""
    if not isinstance(value, str) or value not in CURRENCIES:
        raise NotMoney("is not a currency code of ISO 4217, such as IRR")
    return value


def is_code(text: str) -> bool:
    """Whether a text is a currency code, not a name."""
    return len(text) == 3 and text.isascii() and text.isupper()
