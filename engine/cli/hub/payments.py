"""How the played payment service announces a payment: as a message of `POST /api/v1/messages`."""

import http.client
import json
import time
from typing import Any
from urllib.parse import SplitResult

NAME = "payment.confirmed"
KEEP_FOR = 24 * 3600  # seconds: the payer may be faster than the case, which does not wait yet
TIMEOUT = 10.0
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)  # between the tries


def announce(target: SplitResult, token: str, payment: dict[str, Any]) -> int | None:
    """The status that came back; None if nobody answered.

    The id is the bill's, so that the same payment is the same message however often it is sent.
    """
    bill = payment["bill"]
    message = {
        "name": NAME,
        "id": f"payment {bill}",
        "correlation": {"bill": bill},
        "data": payment,
        "keep_for": KEEP_FOR,
    }
    status = _post(target, token, message)
    for pause in PAUSES:
        if status is not None and status < 500:
            break
        time.sleep(pause)
        status = _post(target, token, message)
    return status


def _post(target: SplitResult, token: str, message: dict[str, Any]) -> int | None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=TIMEOUT)
    try:
        connection.request("POST", target.path, json.dumps(message), headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
