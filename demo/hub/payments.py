"""How the simulated payment service announces a payment: as a message of `POST /api/v1/messages`."""

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult

NAME = "payment.confirmed"
CURRENCY = "IRR"
FACTS = ("bill", "amount_rials", "currency", "reference")  # the announced fields of a bill
KEEP_FOR = 24 * 3600  # seconds: the payer may be faster than the case, which doesn't wait yet
TIMEOUT = 10.0
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)  # between the attempts


@dataclass(frozen=True, slots=True)
class Answered:
    """The status of the response, None if there was none; and the id of the case that was reached."""

    status: int | None
    case: str | None = None


def announce(target: SplitResult, token: str, payment: dict[str, Any]) -> Answered:
    """Announce it and return the response.

    The id is that of bill and amount: the same payment is the same message however often it is sent.
    """
    bill = payment["bill"]
    message = {
        "name": NAME,
        "id": f"payment {bill} {payment['amount_rials']}",
        "correlation": {"bill": bill},
        "data": payment,
        "keep_for": KEEP_FOR,
    }
    answered = _post(target, token, message)
    for pause in PAUSES:
        if answered.status is not None and answered.status < 500:
            break
        time.sleep(pause)
        answered = _post(target, token, message)
    return answered


def _post(target: SplitResult, token: str, message: dict[str, Any]) -> Answered:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=TIMEOUT)
    try:
        connection.request("POST", target.path, json.dumps(message), headers)
        answer = connection.getresponse()
        reached = json.loads(answer.read() or b"{}").get("cases") or [{}]
        return Answered(answer.status, reached[0].get("id"))
    except (OSError, http.client.HTTPException, ValueError):
        return Answered(None)
    finally:
        connection.close()
