"""Parts of sentences that are texts themselves: a parser's message, an expected result of a scenario."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.platform.language import Reader, Texts
from engine.platform.messages import messages

_BETWEEN = {"fa": "؛ ", "en": "; "}


@dataclass(frozen=True, slots=True)
class Phrase:
    """The key of a text in the catalogue, with its values; stored as a mapping of both."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, key: str, /, **values: Any) -> "Phrase":
        """Return the phrase of a key with these values."""
        return cls(key, values)

    def __str__(self) -> str:
        """Return it in English, for logs and exceptions."""
        return str(explain(self, messages(Reader.of("en"))))


def explain(value: Any, texts: Texts) -> Any:
    """Return a phrase, or a stored one, as text in the reader's language; lists joined, the rest as it is."""
    if isinstance(value, Mapping) and value.keys() == {"key", "values"}:
        value = Phrase(**value)
    if isinstance(value, Phrase):
        return texts.say(value.key, **{name: explain(part, texts) for name, part in value.values.items()})
    if isinstance(value, list | tuple):
        return _joined(value, texts)
    return value


def is_phrase(value: Any) -> bool:
    """Whether a value of a finding is a phrase, or a stored one."""
    return isinstance(value, Phrase | Mapping)


def _joined(values: Sequence[Any], texts: Texts) -> str:
    if any(is_phrase(value) for value in values):
        return _BETWEEN[texts.reader.language].join(explain(value, texts) for value in values)
    return texts.listed(values)
