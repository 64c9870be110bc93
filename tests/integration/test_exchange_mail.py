"""Letters to a real mail server: Persian text, attempts to add headers, servers that refuse or hang."""

import asyncio
import email
import email.policy
import logging
import socket
import ssl
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from engine.connectors import CallFailed, Connector, Reply, Request, send
from tests import exchanging
from tests.exchanging import CERTIFICATE, a_request, failure

TO = "mahsa@example.org"
LETTER = {"to": TO, "subject": "پروندهٔ شما", "text": "درخواست شما پذیرفته شد.\nبا احترام"}


@dataclass
class Mailbox:
    """What a mail server takes, or with which status it refuses."""

    port: int = 0
    answer: str = "250 OK"
    recipient_answer: str = "250 OK"
    letters: list[EmailMessage] = field(default_factory=list)
    receivers: list[list[str]] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _o: Any
    ) -> str:
        if self.recipient_answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        parsed = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        if self.answer.startswith("2"):
            self.letters.append(parsed)
            self.receivers.append(envelope.rcpt_tos)
        return self.answer

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any
    ) -> AuthResult:
        self.logins.append(data.password)
        return AuthResult(success=data.password == b"s3cr3t", handled=False)


def context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(CERTIFICATE)
    return made


@asynccontextmanager
async def receiving(mailbox: Mailbox, tls: str = "none") -> AsyncIterator[Mailbox]:
    """A mail server on a free port."""

    def session() -> SMTP:
        starttls: dict[str, Any] = (
            {"tls_context": context(), "require_starttls": True} if tls == "starttls" else {}
        )
        return SMTP(mailbox, authenticator=mailbox.authenticate, auth_require_tls=False, **starttls)

    loop = asyncio.get_running_loop()
    implicit = context() if tls == "tls" else None
    async with await loop.create_server(session, "127.0.0.1", 0, ssl=implicit) as server:
        mailbox.port = server.sockets[0].getsockname()[1]
        yield mailbox


def mailer(
    folder: Path, port: int, *lines: str, security: str = "none", operation: str = "", timeout: float = 20
) -> Connector:
    """A connector to a mail server on this machine."""
    keys = "\n".join(lines)
    return exchanging.connector(
        folder,
        f'[it]\nkind = "email"\naddress = "smtp://localhost:{port}"\nsecurity = "{security}"\n'
        f'sender = "میز خدمت <desk@agency.example>"\ntimeout = {timeout}\n{keys}\n'
        f"[it.operations.tell]\n{operation}\n",
    )


def post(
    folder: Path,
    request: Request,
    *lines: str,
    mailbox: Mailbox | None = None,
    tls: str = "none",
    operation: str = "",
) -> tuple[Reply, Mailbox]:
    """Send it to a mail server of the test."""

    async def posted() -> tuple[Reply, Mailbox]:
        async with receiving(mailbox or Mailbox(), tls) as box:
            return await send(
                mailer(folder, box.port, *lines, security=tls, operation=operation), request
            ), box

    return asyncio.run(posted())


def refused(folder: Path, request: Request, *lines: str, **given: Any) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        post(folder, request, *lines, **given)
    return caught.value


def test_a_letter_in_persian_arrives(tmp_path: Path) -> None:
    reply, box = post(tmp_path, a_request(LETTER))
    (letter,) = box.letters
    assert letter["Subject"] == "پروندهٔ شما"
    assert letter["From"] == "میز خدمت <desk@agency.example>"
    assert letter["To"] == TO
    assert letter.get_content().replace("\r\n", "\n") == "درخواست شما پذیرفته شد.\nبا احترام\n"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert box.receivers == [[TO]]
    assert reply.body == {"message_id": letter["Message-ID"]}


def test_the_message_id_is_the_same_on_every_try(tmp_path: Path) -> None:
    request = a_request(LETTER)
    _, box = post(tmp_path, request)
    _, box = post(tmp_path, request, mailbox=box)
    assert [letter["Message-ID"] for letter in box.letters] == [f"<{request.id}@agency.example>"] * 2


def test_templates_are_filled_once(tmp_path: Path) -> None:
    operation = 'subject = "پروندهٔ {case_number}"\ntext = "{name} عزیز: {amount} ریال"'
    body = {"to": TO, "name": "{amount} {case_number}", "amount": 5000}
    _, box = post(tmp_path, a_request(body), operation=operation)
    assert box.letters[0]["Subject"] == "پروندهٔ 1405-000001"
    assert box.letters[0].get_content().strip() == "{amount} {case_number} عزیز: 5000 ریال"


def test_a_field_that_a_template_misses_is_told(tmp_path: Path) -> None:
    failed = refused(tmp_path, a_request({"to": TO}), operation='subject = "x"\ntext = "{name}"')
    assert (failed.code, failed.detail) == ("invalid-request", "/name must be a text or a number")


@pytest.mark.parametrize(
    "sign", ["\n", "\r", "\r\n", "\u2028", "\u2029", "\x85", "\x00", "\x0b", "=?utf-8?q?=00?="]
)
def test_a_subject_cannot_add_a_header(tmp_path: Path, sign: str) -> None:
    failed = refused(tmp_path, a_request({**LETTER, "subject": f"a{sign}Bcc: thief@example.org"}))
    assert (failed.code, failed.retriable) == ("invalid-request", False)


@pytest.mark.parametrize(
    "to",
    [
        "a@example.org\nBcc: thief@example.org", "a@example.org, thief@example.org", "a@x.org b@y.org",
        "<a@example.org>", "A <a@example.org>", "a", "@example.org", "a@", "a@b..c", "مهسا@example.org",
        "a@example.org>\r\nRCPT TO:<thief@example.org", "=?utf-8?q?thief=40example.org=2Ca?=@example.org",
        "a@" + "x." * 130 + "org", "", None, ["a@example.org"], 5,
    ],
)  # fmt: skip
def test_only_one_plain_address_is_written_to(tmp_path: Path, to: object) -> None:
    failed = refused(tmp_path, a_request({**LETTER, "to": to}))
    assert (failed.code, failed.detail) == ("invalid-request", "/to must be one mail address")


def test_a_text_cannot_end_the_letter_or_add_a_header(tmp_path: Path) -> None:
    text = "a\r\n.\r\nMAIL FROM:<thief@example.org>\r\n\r\nBcc: thief@example.org\n"
    _, box = post(tmp_path, a_request({**LETTER, "text": text}))
    (letter,) = box.letters
    assert letter["Bcc"] is None
    assert letter.get_content().split() == text.split()


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_letters_travel_encrypted_and_with_a_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: str
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "s3cr3t")
    keys = ('user = "desk"', 'secret = "env:MAIL_PASSWORD"', f'tls = {{ ca = "{CERTIFICATE}" }}')
    _, box = post(tmp_path, a_request(LETTER), *keys, tls=tls)
    assert box.logins == [b"s3cr3t"]
    assert len(box.letters) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, tls: str) -> None:
    failed = refused(tmp_path, a_request(LETTER), tls=tls)
    assert (failed.code, failed.retriable) == ("unreachable", True)


def test_a_server_without_encryption_gets_no_letter(tmp_path: Path) -> None:
    async def posted() -> None:
        async with receiving(Mailbox()) as box:
            await send(mailer(tmp_path, box.port, security="starttls"), a_request(LETTER))

    failed = failure(posted())
    assert (failed.code, failed.retriable) == ("unreachable", False)


def test_a_wrong_password_is_told_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "wrong-one")
    keys = ('user = "desk"', 'secret = "env:MAIL_PASSWORD"', f'tls = {{ ca = "{CERTIFICATE}" }}')
    failed = refused(tmp_path, a_request(LETTER), *keys, tls="tls")
    assert (failed.code, failed.detail, failed.retriable) == ("status", "answered 535", False)
    assert "wrong-one" not in "".join(traceback.format_exception(failed))


@pytest.mark.parametrize(
    ("mailbox", "retriable", "error_code"),
    [
        (Mailbox(answer="451 later"), True, None),
        (Mailbox(answer="554 spam of mahsa@example.org"), False, None),
        (Mailbox(recipient_answer="450 grey"), True, None),
        (Mailbox(recipient_answer="550 no mahsa@example.org here"), False, "NO_MAILBOX"),
    ],
)
def test_a_refusal_is_told_by_its_status(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    mailbox: Mailbox,
    retriable: bool,
    error_code: str | None,
) -> None:
    failed = refused(tmp_path, a_request(LETTER), 'errors = { 550 = "NO_MAILBOX" }', mailbox=mailbox)
    assert (failed.code, failed.retriable, failed.error_code) == ("status", retriable, error_code)
    assert "mahsa" not in "".join(traceback.format_exception(failed))


def test_nothing_of_a_letter_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # the test's own server
    post(tmp_path, a_request(LETTER))
    assert TO not in caplog.text + "".join(capfd.readouterr())


@dataclass
class Rude:
    """A mail server that does one thing with each connection; it notes when the caller is gone."""

    port: int
    gone: threading.Event


Start = Callable[[Callable[[socket.socket], None]], Rude]


@pytest.fixture
def rude() -> Iterator[Start]:
    """`rude(lambda connection: …)` starts one."""
    opened: list[tuple[socket.socket, threading.Thread]] = []

    def start(act: Callable[[socket.socket], None]) -> Rude:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.settimeout(20)
        server = Rude(listening.getsockname()[1], threading.Event())

        def converse() -> None:
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    act(connection)
            server.gone.set()

        thread = threading.Thread(target=converse)
        thread.start()
        opened.append((listening, thread))
        return server

    yield start
    for listening, thread in opened:
        thread.join()
        listening.close()


def until_closed(connection: socket.socket) -> None:
    while connection.recv(100):
        pass


def drip(connection: socket.socket) -> None:
    """A byte now and then, for as long as somebody listens."""
    connection.settimeout(0.02)
    while True:
        connection.sendall(b"2")
        try:
            if not connection.recv(1):
                return
        except TimeoutError:
            continue


@pytest.mark.parametrize("act", [until_closed, drip])
def test_a_server_that_does_not_greet_in_time_is_left(
    tmp_path: Path, rude: Start, act: Callable[[socket.socket], None]
) -> None:
    server = rude(act)
    it = mailer(tmp_path, server.port, timeout=0.3)
    failed = failure(send(it, a_request(LETTER)))
    assert (failed.code, failed.detail, failed.retriable) == ("timeout", "not taken within 0.3 s", True)
    assert server.gone.wait(20)


def test_a_server_that_hangs_up_is_a_failure(tmp_path: Path, rude: Start) -> None:
    server = rude(lambda connection: connection.sendall(b"220 hello\r\n"))
    failed = failure(send(mailer(tmp_path, server.port), a_request(LETTER)))
    assert (failed.code, failed.retriable) == ("interrupted", True)


def test_a_server_that_is_too_busy_is_a_failure(tmp_path: Path, rude: Start) -> None:
    server = rude(lambda connection: connection.sendall(b"421 busy\r\n"))
    failed = failure(send(mailer(tmp_path, server.port), a_request(LETTER)))
    assert (failed.code, failed.detail, failed.retriable) == ("status", "answered 421", True)


def test_no_server_is_a_failure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    failed = failure(send(mailer(tmp_path, port), a_request(LETTER)))
    assert (failed.code, failed.detail) == ("unreachable", "no connection")


def test_letters_do_not_wait_for_a_server_that_hangs(tmp_path: Path, rude: Start) -> None:
    server = rude(until_closed)

    async def calls() -> bool:
        hanging = asyncio.create_task(send(mailer(tmp_path, server.port), a_request(LETTER)))
        async with receiving(Mailbox()) as box:
            it = mailer(tmp_path, box.port)
            await asyncio.gather(*(send(it, a_request(LETTER)) for _ in range(19)))
            was_hanging = not hanging.done()
            hanging.cancel()
            with pytest.raises(asyncio.CancelledError):
                await hanging
            return was_hanging and len(box.letters) == 19

    assert asyncio.run(calls())
    assert server.gone.wait(20)
