"""The sheet and the pages know the same classes; no piece of a page is left that nothing draws."""

import re
from collections.abc import Iterator

import pytest

from tests.rules.sources import ROOT, nodes, python

ASSETS = ROOT / "web" / "assets"
FOLDER = ROOT / "web" / "templates"
TEMPLATES = {
    path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.html")
}
COMMENT = re.compile(r"(?:^|(?<=\s))//.*")  # an apostrophe in it begins no string
SCRIPTS = [COMMENT.sub("", path.read_text(encoding="utf-8")) for path in ASSETS.glob("*.js")]
LETTER = "applicants/letter.html"  # has a sheet of its own
QUOTED = re.compile(r"""["'`]([^"'`]*)["'`]""")
EXPRESSION = re.compile(r"{{.*?}}|{%.*?%}", re.S)
CLASSES = re.compile(r'(?<![\w-])class="((?:{{.*?}}|{%.*?%}|[^"])*)"', re.S)
IMPORTED = re.compile(r'{% from "[^"]+" import ([^%]+?) %}|{% import "[^"]+" as (\w+) %}')


def of_sheet(name: str) -> set[str]:
    """The classes that its selectors name; not those that its comments do."""
    sheet = re.sub(r"/\*.*?\*/", "", (ASSETS / name).read_text(encoding="utf-8"), flags=re.S)
    return set(re.findall(r"\.([a-z][\w-]*)", re.sub(r"{[^{}]*}", "{}", sheet)))


def of_templates() -> Iterator[str]:
    """The classes that templates give; of one that is put together the beginning, and a star."""
    for name, source in TEMPLATES.items():
        for given in CLASSES.findall(source) if name != LETTER else ():
            plain = re.sub(r"{{.*?}}", "*", re.sub(r"{%.*?%}", " ", given), flags=re.S)
            yield from (word for word in plain.split() if not word.startswith("*"))
        yield from re.findall(r'{% set width = "(\w+)" %}', source)


def words_of_code() -> set[str]:
    """What expressions of templates, scripts and code have between quotation marks, word by word."""
    texts = [part for source in TEMPLATES.values() for part in EXPRESSION.findall(source)]
    found = {word for text in [*texts, *SCRIPTS] for said in QUOTED.findall(text) for word in said.split()}
    values = (getattr(node, "value", None) for path in python("web") for node in nodes(path))
    return found | {word for value in values if isinstance(value, str) for word in value.split()}


def test_every_class_of_the_sheet_is_given_by_something() -> None:
    given = set(of_templates())
    beginnings = tuple(name.rstrip("*") for name in given if name.endswith("*"))
    left = of_sheet("style.css") - {"woff2"} - given - words_of_code()
    assert not {name for name in left if not name.startswith(beginnings)}


def test_every_class_of_a_template_is_in_the_sheet() -> None:
    assert not {name for name in of_templates() if not name.endswith("*")} - of_sheet("style.css")


def test_every_template_is_drawn() -> None:
    named = set(re.findall(r'"([\w/-]+\.html)"', "\n".join(TEMPLATES.values())))
    code = "\n".join(path.read_text(encoding="utf-8") for path in python("web"))
    # Some areas put the folder before the name, and the ending behind it, in one place.
    folders = re.findall(r'f"(\w+/){\w+}\.html"', code)
    named |= {f"{folder}{name}.html" for folder in folders for name in re.findall(r'"([\w-]+)"', code)}
    assert not {name for name in TEMPLATES if name not in named and f'"{name}"' not in code}


def imports(source: str) -> Iterator[tuple[str, str]]:
    """What a template imports: its name, and what it is called there."""
    for listed, module in IMPORTED.findall(source):
        for part in (listed or module).split(","):
            name, _, called = part.strip().removesuffix(" with context").partition(" as ")
            yield name, called or name


def is_called(name: str, source: str) -> bool:
    """Whether a macro, or a module of them, is used."""
    return re.search(rf"\b{name}[(.]", re.sub(r"{% macro \w+", "", IMPORTED.sub("", source))) is not None


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_a_template_imports_it_uses(name: str) -> None:
    source = TEMPLATES[name]
    assert not {called for _, called in imports(source) if not is_called(called, source)}


def test_every_macro_is_used() -> None:
    everything = "\n".join(TEMPLATES.values())
    called = {name for source in TEMPLATES.values() for name, other in imports(source) if name != other}
    macros = set(re.findall(r"{% macro (\w+)", everything)) - called
    assert not {macro for macro in macros if not is_called(macro, everything)}


def test_every_asset_is_built() -> None:
    named = (ROOT / "web" / "build.mjs").read_text(encoding="utf-8") + "\n".join(SCRIPTS)
    assert not {path.name for path in ASSETS.iterdir() if path.name not in named}
