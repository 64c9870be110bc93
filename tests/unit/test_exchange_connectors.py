"""The file of connectors is read whole, or refused with every fault."""

from pathlib import Path
from typing import Any

import pytest

from engine.connectors import CallFailed, Connectors, Misconfigured, send
from engine.connectors.connector import Email, Http, XRoad
from tests.exchanging import DECLARED, a_request, connector, declared, demo_connectors, failure, settings

HTTP = """
[it]
kind = "http"
address = "https://registry.example/api/"
timeout = 3
retry = [1, 2.5]
breaker = { failures = 2, pause = 7 }
max_reply_bytes = 1000
secret_as = "X-Api-Key"
errors = { 404 = "NOT_FOUND" }

[it.operations.find]
method = "GET"
path = "/persons/{national_id}"
errors = { 410 = "GONE" }

[it.operations.add]
path = "/persons"
request = "person.json"
reply = { type = "object" }
"""
MAIL = '[it]\nkind = "email"\naddress = "smtp://mail.example"\nsender = "پرونده <desk@agency.example>"\n'
CALL = "[it.operations.ask]\n"


def faults(folder: Path, content: str) -> dict[str, str]:
    """The keys at fault with their reasons."""
    with pytest.raises(Misconfigured) as caught:
        connector(folder, content)
    return {fault.key: fault.reason for fault in caught.value.faults}


def test_everything_that_is_written_is_taken(tmp_path: Path) -> None:
    (tmp_path / "person.json").write_text('{"type": "object", "required": ["name"]}')
    it = connector(tmp_path, HTTP)
    assert it.how == Http("X-Api-Key", 1000)
    assert (it.address, it.timeout, list(it.ladder)) == ("https://registry.example/api", 3, [1, 2.5])
    assert (it.breaker.failures, it.breaker.pause) == (2, 7)
    assert (it.operation("find").method, it.operation("find").path) == ("GET", "/persons/{national_id}")
    assert it.operation("find").errors == {404: "NOT_FOUND", 410: "GONE"}
    assert it.operation("add").method == "POST"
    schema = it.operation("add").request
    assert schema is not None
    assert schema.faults({}) == "/name (required)"


def test_what_is_not_written_has_a_default(tmp_path: Path) -> None:
    it = connector(tmp_path, '[it]\nkind = "http"\naddress = "https://x.example"\n' + CALL)
    assert it.how == Http("bearer", 1 << 20)
    assert (it.timeout, list(it.ladder), it.secret) == (10, [5, 30, 120, 600, 3600], None)


def test_x_road_identifiers_are_encoded_part_by_part(tmp_path: Path) -> None:
    it = connector(
        tmp_path,
        '[it]\nkind = "x-road"\naddress = "https://ss.example"\nclient = "IR/GOV/1/پرونده"\n'
        'service = "IR/GOV/2/TAX/clear ance?"\n'.replace(" ance", "+ance")
        + CALL,
    )
    assert isinstance(it.how, XRoad)
    assert it.how.client == "IR/GOV/1/%D9%BE%D8%B1%D9%88%D9%86%D8%AF%D9%87"
    assert it.how.service == "IR/GOV/2/TAX/clear%2Bance%3F"


def test_mail_is_encrypted_unless_said_otherwise(tmp_path: Path) -> None:
    it = connector(tmp_path, MAIL + CALL)
    assert it.how == Email("starttls", "", "پرونده <desk@agency.example>")


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("timeout = 0", "it.timeout"),
        ("timeout = true", "it.timeout"),
        ("timeout = nan", "it.timeout"),
        ("retry = [-1]", "it.retry"),
        ("retry = 5", "it.retry"),
        ("breaker = { failures = 0 }", "it.breaker.failures"),
        ("breaker = { failure = 5 }", "it.breaker.failure"),
        ("breaker = 5", "it.breaker"),
        ("max_reply_bytes = 1.5", "it.max_reply_bytes"),
        ('errors = { 200 = "FINE" }', "it.errors"),
        ('errors = { 404 = "" }', "it.errors"),
        ('errors = "NOT_FOUND"', "it.errors"),
        ('secret = "s3cr3t-value"', "it.secret"),
        ('secret = "env:NOT_THERE_AT_ALL"', "it.secret"),
        ('secret = "file:/not/there"', "it.secret"),
        ('secret_as = "Host"', "it.secret_as"),
        ('tls = { ca = "not-there.pem" }', "it.tls"),
        ('tls = { ca = "connectors.toml" }', "it.tls"),
        ('colour = "red"', "it.colour"),
        ('sender = "a@b.example"', "it.sender"),
        ("[it.operations.'with space']", "it.operations.with space"),
        ('[it.operations.x]\nmethod = "FETCH"', "it.operations.x.method"),
        ('[it.operations.x]\npath = "no-slash"', "it.operations.x.path"),
        ('[it.operations.x]\npath = "/a?b=c"', "it.operations.x.path"),
        ('[it.operations.x]\npath = "/../admin"', "it.operations.x.path"),
        ('[it.operations.x]\npath = "/{open"', "it.operations.x.path"),
        ('[it.operations.x]\nrequest = { type = "nonsense" }', "it.operations.x.request"),
        ('[it.operations.x]\nreply = { "$ref" = "http://else.example/" }', "it.operations.x.reply"),
        ('[it.operations.x]\nreply = "not-there.json"', "it.operations.x.reply"),
        ('[it.operations.x]\nreply = "connectors.toml"', "it.operations.x.reply"),
        ("[it.operations.x]\nreply = 5", "it.operations.x.reply"),
        ('[it.operations.x]\nsubject = "x"', "it.operations.x.subject"),
    ],
)
def test_a_fault_is_told_with_its_key(tmp_path: Path, line: str, key: str) -> None:
    content = f'[it]\nkind = "http"\naddress = "https://x.example"\n{line}\n' + CALL
    assert set(faults(tmp_path, content)) == {key}


@pytest.mark.parametrize("value", ["", 'agency = "Tax Office"', 'purpose = " "', "legal_basis = 5"])
def test_what_a_connector_is_for_must_be_declared(tmp_path: Path, value: str) -> None:
    key = value.partition(" = ")[0]
    kept = [line for line in DECLARED.splitlines() if key and not line.startswith(f"{key} ")]
    lines = ["[it]", *kept, value, 'kind = "http"', 'address = "https://x.example"', CALL]
    (tmp_path / "connectors.toml").write_text("\n".join(lines))
    with pytest.raises(Misconfigured) as caught:
        Connectors.read(settings(tmp_path))
    wrong = [f"it.{key}"] if key else ["it.agency", "it.purpose", "it.legal_basis"]
    assert [fault.key for fault in caught.value.faults] == wrong
    assert Connectors.declarations_of(settings(tmp_path)) == {}


@pytest.mark.parametrize(
    "address",
    [
        "ftp://x.example", "x.example", "https://", "https://user:pass@x.example", "https://x.example?a=b",
        "https://x.example#a", "https://x.example:99999", "https://x.example:0", "https://x .example", "",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    assert set(faults(tmp_path, f'[it]\nkind = "http"\naddress = "{address}"\n' + CALL)) == {"it.address"}


@pytest.mark.parametrize(
    "identifier", ["IR", "IR/GOV/2/TAX", "IR/GOV//TAX/a", "IR/GOV/../TAX/a", "IR/GOV/2/TAX/a:b"]
)
def test_an_identifier_of_another_shape_is_refused(tmp_path: Path, identifier: str) -> None:
    content = (
        '[it]\nkind = "x-road"\naddress = "https://ss.example"\nclient = "IR/GOV/1/A"\n'
        f'service = "{identifier}"\n' + CALL
    )
    assert set(faults(tmp_path, content)) == {"it.service"}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('sender = "nobody"', "it.sender"),
        ('sender = "a@b.example\\nBcc: c@d.example"', "it.sender"),
        ('security = "ssl"', "it.security"),
        ('user = "desk"', "it.user"),
        ('[it.operations.x]\nsubject = "two\\nlines"', "it.operations.x.subject"),
        ("[it.operations.x]\nreply = {}", "it.operations.x.reply"),
    ],
)
def test_a_fault_of_mail_is_told_with_its_key(tmp_path: Path, line: str, key: str) -> None:
    base = MAIL if "sender" not in line else MAIL.replace('sender = "پرونده <desk@agency.example>"\n', "")
    assert set(faults(tmp_path, f"{base}{line}\n{CALL}")) == {key}


def test_all_faults_are_told_at_once_with_their_mends(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="kind") as caught:
        connector(
            tmp_path, '[it]\nkind = "fax"\ntimeout = -1\n[other]\nkind = "http"\naddress = "https://x"\n'
        )
    assert str(caught.value).splitlines() == [
        f"{tmp_path}/connectors.toml: it.kind cannot be used",
        "    Write one of: http, x-road, email.",
        f"{tmp_path}/connectors.toml: it.address is missing",
        "    Write it as https://host:port, without user, query or fragment.",
        f"{tmp_path}/connectors.toml: it.operations has no operation.",
        "    Add a table for each thing that the connector is to do.",
        f"{tmp_path}/connectors.toml: it.timeout cannot be used",
        "    Write a number from 0.01 to 300.",
        f"{tmp_path}/connectors.toml: other.operations has no operation.",
        "    Add a table for each thing that the connector is to do.",
    ]


def test_no_value_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        connector(
            tmp_path, '[it]\nkind = "http"\naddress = "https://u:hunter2@x"\nsecret = "hunter2"\n' + CALL
        )
    assert "hunter2" not in str(caught.value)


def test_broken_toml_is_told_by_its_place_alone(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        connector(tmp_path, '[it]\nsecret = "hunter2\n')
    assert "is not TOML, at line 2, column 18." in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["It", "1st", "a_b", "a b"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    assert set(faults(tmp_path, HTTP.replace("[it", f'["{name}"').replace('"person.json"', "{}"))) == {name}


def test_a_secret_never_travels_in_the_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAX_TOKEN", "s3cr3t")
    content = '[it]\nkind = "http"\naddress = "http://tax.example"\nsecret = "env:TAX_TOKEN"\n' + CALL
    assert set(faults(tmp_path, content)) == {"it.secret"}
    assert connector(tmp_path, content.replace("tax.example", "127.0.0.1")).secret
    assert connector(tmp_path, content.replace("http://", "https://")).secret


@pytest.mark.parametrize("secret", ["", "\n", "two\nlines", "رمز", "x" * 5000])
def test_a_secret_that_cannot_stand_in_a_header_is_refused(tmp_path: Path, secret: str) -> None:
    place = tmp_path / "token"
    place.write_text(secret)
    content = f'[it]\nkind = "http"\naddress = "https://x.example"\nsecret = "file:{place}"\n' + CALL
    assert set(faults(tmp_path, content)) == {"it.secret"}


def test_a_named_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read: No such file or directory"):
        Connectors.read(settings(tmp_path, CONNECTORS=str(tmp_path / "missing.toml")))


def test_without_a_file_there_are_no_connectors(tmp_path: Path) -> None:
    assert not list(Connectors.read(settings(tmp_path)))


def test_a_named_file_takes_the_place_of_the_usual_one(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(
        declared('[other]\nkind = "http"\naddress = "https://x.example"\n[other.operations.ask]\n')
    )
    found = Connectors.read(settings(tmp_path, "not even toml", CONNECTORS=str(other)))
    assert [each.name for each in found] == ["other"]


def test_the_embedded_installation_has_the_connectors_of_a_demonstration(tmp_path: Path) -> None:
    demo_connectors(tmp_path)
    found = Connectors.read(settings(tmp_path, DATABASE_URL=""))
    assert {each.name for each in found} == {
        "civil-registry", "tax-clearance", "zoning", "health-network", "deeds-registry", "payments",
        "licence-portal", "housing-registry",
    }  # fmt: skip
    assert found.get("zoning").address == "http://127.0.0.1:9009/zoning"


def test_with_another_database_the_file_of_the_demonstration_must_be_named(tmp_path: Path) -> None:
    file = demo_connectors(tmp_path)
    assert not list(Connectors.read(settings(tmp_path)))
    assert "payments" in Connectors.read(settings(tmp_path, DEMO_CONNECTORS=file))


def test_a_fault_of_the_demonstration_s_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "demo-connectors.toml").write_text('[it]\nkind = "telepathy"\n')
    with pytest.raises(Misconfigured, match=r"it\.kind cannot be used"):
        Connectors.read(settings(tmp_path, DATABASE_URL=""))


def test_an_own_connector_takes_the_place_of_the_demo_s(tmp_path: Path) -> None:
    own = '[zoning]\nkind = "http"\naddress = "https://zoning.example"\n[zoning.operations.ask]\n'
    demo_connectors(tmp_path)
    found = Connectors.read(settings(tmp_path, own, DATABASE_URL=""))
    assert found.get("zoning").address == "https://zoning.example"
    assert "payments" in found


def test_unknown_names_fail_the_call_not_the_caller(tmp_path: Path) -> None:
    (tmp_path / "person.json").write_text("{}")
    found = Connectors.read(settings(tmp_path, HTTP))
    with pytest.raises(CallFailed, match="unknown-connector"):
        found.get("gone")
    with pytest.raises(CallFailed, match="unknown-operation: it does: find, add"):
        found.get("it").operation("gone")
    with pytest.raises(CallFailed, match="unknown-operation"):
        found.get("it").operation(None)
    assert list(found.ladder("gone")) == []


def test_without_a_name_the_only_operation_is_meant(tmp_path: Path) -> None:
    it = connector(tmp_path, '[it]\nkind = "http"\naddress = "https://x.example"\n' + CALL)
    assert it.operation(None).name == "ask"


def test_nothing_shows_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAX_TOKEN", "s3cr3t")
    content = '[it]\nkind = "http"\naddress = "https://x.example"\nsecret = "env:TAX_TOKEN"\n' + CALL
    it = connector(tmp_path, content)
    assert it.secret
    assert it.secret.value() == "s3cr3t"
    assert "s3cr3t" not in f"{it!r} {it.secret!r} {it.secret}"


def test_a_new_secret_needs_no_restart(tmp_path: Path) -> None:
    place = tmp_path / "token"
    place.write_text("first\n")
    content = f'[it]\nkind = "http"\naddress = "https://x.example"\nsecret = "file:{place}"\n' + CALL
    it = connector(tmp_path, content)
    place.write_text("second\n")
    assert it.secret
    assert it.secret.value() == "second"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ('price = "2500"\ncurrency = "IRR"\n', set()),
        ('price = 0\ncurrency = "IRR"\n', {"it.price"}),
        ('price = "2500"\n', {"it.currency"}),
        ('currency = "IRR"\n', {"it.price"}),
    ],
)
def test_a_call_may_have_a_price(tmp_path: Path, line: str, wrong: set[str]) -> None:
    content = f'[it]\nkind = "http"\naddress = "https://x.example"\n{line}{CALL}'
    if wrong:
        assert set(faults(tmp_path, content)) == wrong
    else:
        declared = next(iter(connector(tmp_path, content).operations.values())).declared
        assert (declared.price, declared.currency) == ("2500", "IRR")


LAW = 'legal_basis = "Registry Act"\n'


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ("", {"it.legal_basis"}),
        ("consent = true\n", set()),
        ("legal_basis = 'Act'\n", set()),
        ("consent = 'yes'\nlegal_basis = 'Act'\n", {"it.operations.ask.consent"}),
        ("assurance = 'some'\nlegal_basis = 'Act'\n", {"it.operations.ask.assurance"}),
    ],
)
def test_an_operation_needs_a_legal_basis_or_consent(tmp_path: Path, lines: str, wrong: set[str]) -> None:
    content = f'[it]\nkind = "http"\naddress = "https://x.example"\n{CALL}{lines}'
    content = declared(content).replace(LAW, "")
    (tmp_path / "connectors.toml").write_text(content)
    chosen = settings(tmp_path)
    if wrong:
        with pytest.raises(Misconfigured) as found:
            Connectors.read(chosen)
        assert {fault.key for fault in found.value.faults} == wrong
    else:
        operation = Connectors.read(chosen).get("it").operation(None)
        assert operation.consent == (operation.declared.legal_basis is None)


@pytest.mark.parametrize(
    ("consent", "code"), [(None, "consent-missing"), ("revoked", "consent-revoked"), ("given", "unreachable")]
)
def test_a_call_about_a_person_needs_their_consent(tmp_path: Path, consent: Any, code: str) -> None:
    content = f'[it]\nkind = "http"\nconsent = true\naddress = "http://127.0.0.1:9"\n{CALL}'
    chosen = connector(tmp_path, content)
    assert failure(send(chosen, a_request(consent=consent))).code == code
