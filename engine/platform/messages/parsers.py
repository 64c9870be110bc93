"""Messages of the parsers of XML, JSON, YAML, TOML and Python as phrases; many have their own texts."""

import re
from typing import Literal

from engine.platform.messages.phrases import Phrase

Parser = Literal["xml", "json", "yaml", "toml", "python"]

# A mistake and how messages about it begin, in all supported versions of a parser; groups are values.
MISTAKES: dict[Parser, tuple[tuple[str, str], ...]] = {
    "xml": (
        (
            "tag-mismatch",
            r"Opening and ending tag mismatch: (?P<opened>\S+) line (?P<start>\d+) and (?P<closed>\S+)",
        ),
        ("not-closed", r"Premature end of data in tag (?P<opened>\S+) line (?P<start>\d+)"),
        ("no-element", r"Document is empty|Start tag expected"),
        ("after", r"Extra content at the end"),
        ("entity", r"Entity '(?P<entity>[^']+)' not defined"),
        ("ampersand", r"xmlParseEntityRef: no name|EntityRef: expecting"),
        ("attribute-twice", r"(?:Namespaced )?Attribute (?P<attribute>\S+) (?:in .* )?redefined"),
        ("quotes", r"AttValue: "),
        ("less-than", r"Unescaped '<'|StartTag: invalid element name"),
        ("no-value", r"Specification mandates value for attribute (?P<attribute>\S+)"),
        ("prefix", r"Namespace prefix (?P<prefix>\S+) "),
        ("encoding", r"Invalid bytes in character encoding|Input is not proper UTF-8|Unsupported encoding"),
        ("character", r"Invalid character|PCDATA invalid Char|xmlParseCharRef|Char 0x"),
        ("comment", r"Comment not terminated|Double hyphen within comment"),
        ("declaration", r"XML declaration allowed only"),
        ("tag", r"Couldn't find end of Start Tag|error parsing attribute|attributes construct|expected '>'"),
    ),
    "json": (
        ("empty", r"Input is a zero-length"),
        ("end", r"unexpected end of data"),
        ("last-comma", r"trailing comma"),
        ("colon", r"unexpected character, expected ':'"),
        ("name", r"unexpected character, expected an? (?:string|object) key"),
        ("value", r"unexpected character, expected a JSON value"),
        ("comma", r"unexpected character, expected ',' or '(?P<sign>[\]}])'"),
        ("after", r"unexpected content after"),
        ("escape", r"invalid escaped? sequence"),
        ("control", r"unexpected control character"),
        ("zeros", r"number with leading zero"),
    ),
    "yaml": (
        ("character", r"found character .*cannot start any token"),
        ("colon", r"mapping values are not allowed"),
        ("bracket", r"(?:did not find )?expected ',' or '(?P<sign>[\]}])'"),
        ("quote", r"found unexpected end of stream"),
        ("no-colon", r"could not find expected ':'"),
        ("escape", r"found unknown escape character"),
        ("control", r"unacceptable character|.*control characters are not allowed"),
        (
            "indentation",
            r"did not find expected (?:key|'-'|<document)|expected (?:<block end>|'<document start>')",
        ),
    ),
    "toml": (
        ("equals", r"Expected '=' after a key|Invalid initial character for a key part"),
        ("after", r"Expected newline or end of document"),
        ("key", r"Invalid statement"),
        ("twice", r"Cannot (?:declare|overwrite|redefine|mutate)|Duplicate inline table key"),
        ("not-closed", r"Unclosed|Expected '\]"),
        ("quote", r"Unterminated string|Expected '[\"']|Illegal character '\\\\n'"),
        ("escape", r"Unescaped|Invalid hex value|Escaped character"),
        ("control", r"Illegal character|Found invalid character"),
        ("value", r"Invalid value|Invalid date"),
    ),
    "python": (
        ("not-closed", r"'(?P<sign>.)' was never closed"),
        ("not-opened", r"unmatched '(?P<sign>.)'"),
        ("bracket", r"closing parenthesis '(?P<sign>.)' does not match opening parenthesis '(?P<opened>.)'"),
        ("quote", r"unterminated .*string"),
        ("indentation", r"unexpected indent|unindent does not match|inconsistent use of tabs"),
        ("no-indentation", r"expected an indented block"),
        ("colon", r"expected ':'"),
        ("equals", r".*[Mm]aybe you meant '=='"),
        ("assignment", r"cannot assign to"),
        ("character", r"invalid (?:non-printable )?character '?(?P<sign>[^' ]+)"),
        ("zeros", r"leading zeros in decimal integer"),
        ("number", r"invalid (?:decimal|hexadecimal|octal|binary|imaginary) literal|invalid digit"),
        ("comma", r"invalid syntax\. Perhaps you forgot a comma"),
        ("else", r"expected 'else'"),
        ("outside", r"'(?P<word>\w+)' (?:outside|not properly in)"),
        ("newer", r".*only supported in Python (?P<version>[\d.]+) and greater"),
        ("deep", r"too deeply nested|too many nested"),
        ("fstring-quotes", r"in the braces of an f-string, .*no quotes"),
        (
            "fstring-backslash",
            r"in the braces of an f-string, .*no backslash|f-string expression part .* include a backslash",
        ),
        (
            "fstring-lines",
            r"in the braces of an f-string, .*no comment|f-string expression part .* include '#'",
        ),
        (
            "fstring-levels",
            r"in the braces of an f-string, .*two levels|f-string: expressions nested too deeply",
        ),
        ("syntax", r"invalid syntax$"),
    ),
}
_PLACE = re.compile(r"\s*, line \d+, column \d+$")


def phrase(parser: Parser, message: str, line: int | None = None, column: int | None = None) -> Phrase:
    """Return a parser's message as a phrase, with line and column from 1 if they are passed.

    A message that isn't known is quoted.
    """
    message = _PLACE.sub("", message).strip()
    matches = ((mistake, re.match(pattern, message)) for mistake, pattern in MISTAKES[parser])
    mistake, match = next(((name, found) for name, found in matches if found), ("other", None))
    values = {"message": message[:200]} if match is None else match.groupdict()
    problem = Phrase(f"parsers.{parser}.{mistake}", values)
    if column is None:
        return problem
    place = {"column": column} if line is None else {"line": line, "column": column}
    return Phrase(f"parsers.at.{'-'.join(place)}", {"problem": problem, **place})
