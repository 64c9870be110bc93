"""E-mail: one message to one address, passed to a mail server. The answer says that it was accepted."""

import asyncio
import contextlib
import smtplib
import socket
import ssl
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from re import fullmatch
from urllib.parse import urlsplit

from engine.connectors import template
from engine.connectors.connector import Connector, Email, Operation
from engine.connectors.kind_options import ADDRESS
from engine.connectors.message import CallFailed, Request

# Not asyncio's own threads: there are few, and DNS lookups of all other calls use them.
THREADS = ThreadPoolExecutor(20, thread_name_prefix="mail")
PORTS = {"starttls": 587, "tls": 465, "none": 25}
READY = 220
MAX_SUBJECT = 200
MAX_ADDRESS = 254  # RFC 5321 §4.5.3.1


def letter(how: Email, operation: Operation, request: Request) -> EmailMessage:
    """Returns the message. Its id is derived from the request's, so that a second copy is recognisable.

    Raises CallFailed if something in it is not allowed in an e-mail.
    """
    values = {"case_number": request.case_number, **request.body}
    to = request.body.get("to")
    # An encoded word (RFC 2047) would be decoded by readers: other addresses, a line break.
    if not isinstance(to, str) or len(to) > MAX_ADDRESS or not fullmatch(ADDRESS, to) or "=?" in to:
        raise CallFailed("invalid-request", "/to must be one mail address", retriable=False)
    subject = template.fill(operation.subject, values)
    # Categories: controls, line and paragraph separators. A line break would begin another header.
    if (
        len(subject) > MAX_SUBJECT
        or "=?" in subject
        or any(unicodedata.category(sign) in {"Cc", "Zl", "Zp"} for sign in subject)
    ):
        raise CallFailed("invalid-request", f"the subject must be one line of {MAX_SUBJECT}", retriable=False)
    message = EmailMessage()
    message["From"] = how.sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{request.id}@{parseaddr(how.sender)[1].partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: prevents automatic replies
    message.set_content(template.fill(operation.text, values), cte="base64")
    return message


async def post(connector: Connector, how: Email, operation: Operation, message: EmailMessage) -> None:
    """Sends it. Raises CallFailed."""
    session = _Session(connector, how)
    login = (how.user, connector.secret.value()) if connector.secret else None
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(connector.timeout):
            await loop.run_in_executor(THREADS, session.hand_over, message, login)
    except smtplib.SMTPRecipientsRefused as refusal:
        status = next(iter(refusal.recipients.values()))[0]
        raise _refused(operation, status) from None
    except smtplib.SMTPResponseException as refusal:
        raise _refused(operation, refusal.smtp_code) from None
    except (TimeoutError, smtplib.SMTPException, OSError) as failure:
        raise _failed(connector, failure) from None
    finally:
        session.abort()


def _refused(operation: Operation, status: int) -> CallFailed:
    code = operation.errors.get(status)
    return CallFailed(
        "status", f"answered {status}", retriable=code is None and status < 500, error_code=code
    )


def _failed(connector: Connector, failure: Exception) -> CallFailed:
    match failure:
        case TimeoutError():
            return CallFailed("timeout", f"not taken within {connector.timeout:g} s", retriable=True)
        case smtplib.SMTPServerDisconnected():
            return CallFailed("interrupted", "the mail server hung up", retriable=True)
        case smtplib.SMTPException():
            return CallFailed("unreachable", "the mail server has no such TLS or login", retriable=False)
    return CallFailed("unreachable", "no connection", retriable=True)


class _Server(smtplib.SMTP):
    """smtplib's client, but it connects on request, not when created.

    So it can be stopped before the greeting.
    """

    def __init__(self, host: str, timeout: float, tls: ssl.SSLContext | None) -> None:
        super().__init__(local_hostname=socket.gethostname(), timeout=timeout)
        self._host = host  # smtplib verifies the certificate for this name
        self._tls = tls

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Connects as smtplib.SMTP_SSL does; from here on `abort` can access the socket."""
        plain = socket.create_connection((host, port), timeout)
        return plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=host)


class _Session:
    """One conversation with a mail server in a thread; `abort` ends it from outside."""

    def __init__(self, connector: Connector, how: Email) -> None:
        parts = urlsplit(connector.address)
        self._address = (parts.hostname or "", parts.port or PORTS[how.security])
        self._later_tls = connector.tls if how.security == "starttls" else None
        tls = connector.tls if how.security == "tls" else None
        # Only until there is a connection that `abort` can end; longer, so that the caller's own time-out
        # comes first.
        self._server = _Server(self._address[0], connector.timeout + 1, tls)
        self._aborted = False

    def hand_over(self, message: EmailMessage, login: tuple[str, str] | None) -> None:
        """Sends the message. Blocks; raises what smtplib raises."""
        with contextlib.closing(self._server) as server:
            status, _ = server.connect(*self._address)
            if status != READY:
                raise smtplib.SMTPConnectError(status, "")
            if self._later_tls is not None:
                server.starttls(context=self._later_tls)
            if login is not None:
                server.login(*login)
            if self._aborted:
                return  # the caller already has a failure
            server.send_message(message)
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()  # it has the e-mail: an error on quitting is no failure

    def abort(self) -> None:
        """Stops the thread, even if the server still sends a byte now and then."""
        self._aborted = True
        if (connection := self._server.sock) is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # below TLS, which would wait
