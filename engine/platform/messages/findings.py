"""The text of a finding: what is wrong, with values, and how to fix it.

A text with values has its own variant, `findings.<code>.<names>`; a finding without values, as stored by
older releases, has the text of its code alone, or in English the sentence stored with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from engine.platform.language import Texts
from engine.platform.messages import phrases
from engine.platform.messages.phrases import is_phrase

_AT = "at_"  # prefix of values that say where in a table, type or expression something is
_POSITION = ("at_character", "at_text")
_PARTS, _KINDS = ("findings.part",), ("differences.kind", "findings.part")
_EVENTS, _TYPES = ("findings.trigger",), ("findings.type",)
_WORDS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("part", "attribute", "end"), _PARTS),
    "advice": ("findings.advice",),
    **dict.fromkeys(("kind", "around"), _KINDS),
    **dict.fromkeys(("what", "trigger"), _EVENTS),
    **dict.fromkeys(("found", "wanted", "left", "right"), _TYPES),
    **dict.fromkeys(("negated", "called", "invoked", "condition"), _TYPES),
}


def variant(values: Iterable[str]) -> str:
    """Return the name of the variant for such values: `attribute-kind`."""
    return "-".join(sorted(name for name in values if not name.startswith(_AT)))


def readable(finding: Any, texts: Texts) -> dict[str, Any]:
    """Return a finding (or a stored one, a mapping) as a mapping, with translated `reason`, `fix` and values.

    Stored ones of earlier releases have `mend` instead of `fix`.
    """
    plain = dict(finding) if isinstance(finding, Mapping) else asdict(finding)
    plain["fix"] = plain.get("fix", plain.pop("mend", ""))
    plain["reason"], plain["fix"] = explain(plain, texts)
    values = plain.get("values") or {}
    plain["values"] = {
        name: phrases.explain(value, texts) if is_phrase(value) else value for name, value in values.items()
    }
    return plain


def explain(finding: Mapping[str, Any], texts: Texts) -> tuple[str, str]:
    """Return the reason, with its values, and how to fix it."""
    code, values = f"findings.{finding['code']}", finding.get("values") or {}
    named = finding.get("variant") or variant(values)
    own = f"{code}.{named}" if named else code
    words = {name: _word(name, value, texts) for name, value in values.items()}
    reason, fix = (
        _own(f"{own}.{part}", words, texts) if named or "variant" in finding else ""
        for part in ("reason", "fix")
    )
    if not reason and finding.get("reason") and texts.reader.language == "en":
        reason = finding["reason"]  # of an older release, with its place
    else:
        reason = reason or texts.find(f"{code}.reason", finding.get("reason", ""))
        reason = _place(words, texts) + reason + _position(words, texts)
    return reason, fix or _general(f"{code}.fix", finding.get("fix", ""), texts)


def _own(key: str, words: Mapping[str, Any], texts: Texts) -> str:
    """Return the text of a variant; empty if there is none, or an older finding lacks one of its values."""
    try:
        return texts.say(key, **words) if key in texts else ""
    except KeyError:
        return ""


def _general(key: str, told: str, texts: Texts) -> str:
    """Return the text for the code alone, unless the finding itself has the sentence in this language."""
    return told if told and texts.reader.language == "en" else texts.find(key, told)


def _place(words: Mapping[str, Any], texts: Texts) -> str:
    """Describe where in a table or type something is."""
    at = {name: word for name, word in words.items() if name.startswith(_AT) and name not in _POSITION}
    names = "-".join(sorted(name.removeprefix(_AT) for name in at))
    return texts.say(f"findings.place.{names}", **at) + " " if at else ""


def _position(words: Mapping[str, Any], texts: Texts) -> str:
    """Describe where in an expression something is."""
    at = {name: words[name] for name in _POSITION if name in words}
    return " " + texts.say("findings.place.position", **at) if at else ""


def _word(name: str, value: Any, texts: Texts) -> Any:
    """Format a value for a sentence; parts of BPMN and types have names in the reader's language."""
    if name == "scenario":
        return texts.reader.half(value)
    if isinstance(value, list | tuple) or is_phrase(value):
        return phrases.explain(value, texts)
    for area in _WORDS.get(name, ()):
        if f"{area}.{value}" in texts:
            return texts.say(f"{area}.{value}")
    return value
