"""FEEL, the expression language of Camunda 8, as far as it is a name or a literal; the rest needs more."""

import keyword
import re

from engine.bpmn.translate.juel import Untranslatable

_TEXT = re.compile(r'"(?:[^"\\]|\\["\\nt])*"')
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)")
_VALUES = {"true": "True", "false": "False", "null": "None"}
_COUNTED = "loopCounter"  # from 1 there, and from 0 here
_ESCAPED = {"n": "\n", "t": "\t"}


def is_feel(text: str) -> bool:
    """Whether it is an expression; others are texts as they stand."""
    return text.lstrip().startswith("=")


def value(text: str) -> str:
    """What a text means in Python, be it an expression or not. Raises Untranslatable."""
    return expression(text) if is_feel(text) else repr(text.strip())


def expression(text: str) -> str:
    """An expression in Python. Raises Untranslatable."""
    code = text.strip().removeprefix("=").strip()
    if code in _VALUES:
        return _VALUES[code]
    if _TEXT.fullmatch(code):
        return repr(re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[1]), code[1:-1]))
    if _NUMBER.fullmatch(code):
        sign, digits = ("-", code[1:]) if code.startswith("-") else ("", code)
        whole = digits.lstrip("0")
        return sign + (whole if whole[:1].isdigit() else f"0{whole}")
    if code.isidentifier() and not keyword.iskeyword(code) and code != _COUNTED:
        return code
    raise Untranslatable("it is more than a name or a literal")
