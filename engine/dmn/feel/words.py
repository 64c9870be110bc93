"""Reads the tokens of a text one by one, and the types in it."""

from collections.abc import Mapping
from decimal import Decimal, DecimalException
from typing import Self

from engine.dmn.errors import Unreadable
from engine.dmn.feel.names import Names
from engine.dmn.feel.tokens import Token, ascii_number, tokens
from engine.dmn.feel.types import BASIC, Type
from engine.dmn.feel.values import ARITHMETIC
from engine.platform.persian import fold


class Words:
    """The tokens of a text and the next one."""

    def __init__(self, text: str) -> None:
        self.source = text
        self.tokens = tokens(text)
        self.at = 0

    @property
    def here(self) -> Token:
        return self.tokens[self.at]

    @property
    def following(self) -> Token:
        return self.tokens[min(self.at + 1, len(self.tokens) - 1)]

    def unreadable(self, mistake: str, /, **values: str) -> Unreadable:
        return Unreadable(mistake, self.source, self.here.at, **values)

    def no_value(self) -> Unreadable:
        text = self.here.text
        return self.unreadable("value", text=text) if text else self.unreadable("end")

    def sees(self, *texts: str) -> bool:
        return self.here.kind in ("name", "sign") and self.here.text in texts

    def next(self, count: int = 1) -> Token:
        token = self.here
        self.at = min(self.at + count, len(self.tokens) - 1)
        return token

    def take(self, *texts: str) -> bool:
        """Consumes the next token if it is one of these; returns whether it was."""
        found = self.sees(*texts)
        if found:
            self.next()
        return found

    def expect(self, *texts: str) -> Token:
        if not self.sees(*texts):
            wanted = " / ".join(texts)
            if self.here.kind == "end":
                raise self.unreadable("missing", wanted=wanted)
            raise self.unreadable("wanted", wanted=wanted, found=self.here.text)
        return self.next()

    def number(self) -> Decimal:
        """Consumes and returns a number. Raises Unreadable."""
        token = self.here
        text = ascii_number(token.text) if token.kind == "digits" else token.text
        if text is None:
            raise self.unreadable("number", text=token.text)
        try:
            found = ARITHMETIC.create_decimal(text)
        except DecimalException:
            raise self.unreadable("large", text=token.text) from None
        self.next()
        return found

    def folding(self) -> Self:
        """Makes all texts use their folded form, in which they are compared."""
        self.tokens = [
            each._replace(text=fold(each.text)) if each.kind == "text" else each for each in self.tokens
        ]
        return self

    def words_before(self, *ends: str) -> str:
        """Returns a name of any words before one of the ends, as it is written."""
        first = self.here
        last = None
        while self.here.kind != "end" and not self.sees(*ends):
            last = self.next()
        if last is None:
            raise self.unreadable("name")
        return " ".join(self.source[first.at : last.end].split())


class Types(Words):
    """Parses types (rules 54 to 58)."""

    def __init__(self, text: str, types: Mapping[str, Type]) -> None:
        super().__init__(text)
        self._types = types
        self._known: Names | None = None  # of the types, when one is first named

    def type(self) -> Type:
        if self.here.kind == "name" and self.following.text == "<":
            made = {
                "list": self._list,
                "context": self._context,
                "function": self._function,
                "range": self._list,
            }
            name = self.next().text
            if name in made:
                self.expect("<")
                return made[name](name)
        if self._known is None:
            self._known = Names(BASIC, self._types)
        known = self._known.variable(self.tokens, self.at)
        if known is None:
            raise self.unreadable("type", type=self.here.text)
        self.next(known[1])
        return self._types.get(known[0]) or BASIC[known[0]]

    def _list(self, name: str) -> Type:
        of = self.type()
        self.expect(">")
        return Type(name, of=of)

    def _context(self, name: str) -> Type:
        members: list[tuple[str, Type]] = []
        while not members or self.take(","):
            member = self.words_before(":", ",", ">")
            self.expect(":")
            members.append((member, self.type()))
        self.expect(">")
        return Type(name, members=tuple(members))

    def _function(self, name: str) -> Type:
        takes: list[Type] = []
        if not self.sees(">"):
            takes.append(self.type())
            while self.take(","):
                takes.append(self.type())
        self.expect(">")
        self.expect("->")
        return Type(name, of=self.type(), takes=tuple(takes))
