"""The entity tag of a task: its revision, and the values that its form showed (RFC 9110 §8.8.3).

`7-31-mZq0Kd_x` is revision 7, read when the log of the case had 31 events, with a digest of four characters
for each field of the form. A user who completes the task with this tag decides on these values.
"""

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import orjson

from engine.bpmn import Form
from engine.bpmn.values import plain
from engine.definitions import forms

_DIGEST = 4  # characters
_TAG = re.compile(rf"([0-9]{{1,9}})(?:-([0-9]{{1,9}})-((?:[\w-]{{{_DIGEST}}})*))?", re.ASCII)
_NO_VALUE = object()


@dataclass(frozen=True, slots=True)
class Shown:
    """What a form showed: the digests of its fields, when the log of the case had `length` events."""

    length: int
    digests: str

    @classmethod
    def of(cls, length: int, form: Form, roles: Collection[str] | None, data: Mapping[str, Any]) -> Self:
        """Returns what the form shows to these roles."""
        seen = forms.visible(form, roles, data)
        return cls(length, "".join(digest(name, seen) for name in _fields(form, roles)))

    def changed(
        self, present: Mapping[str, Any], form: Form, roles: Collection[str] | None
    ) -> dict[str, str]:
        """Returns the former digests of the fields whose values differ from the present ones, by name.

        These are all, if the roles have other fields now.
        """
        names = _fields(form, roles)
        comparable = len(self.digests) == _DIGEST * len(names)
        former = {
            name: self.digests[at * _DIGEST : (at + 1) * _DIGEST] if comparable else ""
            for at, name in enumerate(names)
        }
        return {name: old for name, old in former.items() if old != digest(name, present)}


@dataclass(frozen=True, slots=True)
class EntityTag:
    """The revision of a case or task and, if the form of a task was read, what it showed."""

    revision: int
    shown: Shown | None = None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Returns the tag that a text is; None if it is none of ours."""
        found = _TAG.fullmatch(text)
        if found is None:
            return None
        revision, length, digests = found.groups()
        return cls(int(revision), None if length is None else Shown(int(length), digests))

    def __str__(self) -> str:
        """Returns the tag without quotes."""
        if self.shown is None:
            return str(self.revision)
        return f"{self.revision}-{self.shown.length}-{self.shown.digests}"

    def at(self, revision: int) -> Self:
        """Returns the tag after a command that changed nothing but the revision."""
        return replace(self, revision=revision)


def digest(name: str, values: Mapping[str, Any]) -> str:
    """Returns the digest of a field's value. A field without a value differs from one with `null`."""
    value = values.get(name, _NO_VALUE)
    content = b"" if value is _NO_VALUE else orjson.dumps(plain(value), option=orjson.OPT_SORT_KEYS)
    hashed = hashlib.blake2b(name.encode() + b"\0" + content, digest_size=_DIGEST * 3 // 4)
    return urlsafe_b64encode(hashed.digest()).decode()


def _fields(form: Form, roles: Collection[str] | None) -> Collection[str]:
    """Returns the names of the fields that these roles have, in the order of the form."""
    found: Mapping[str, Any] = forms.for_roles(form, roles).schema.get("properties", {})
    return found.keys()
