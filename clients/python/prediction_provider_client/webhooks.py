"""Checks that a message to a receiver comes from the service (Standard Webhooks, HMAC-SHA256)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Any, Mapping

from .errors import PredictionProviderError


class WebhookVerificationError(PredictionProviderError):
    """The message is not from the service, was changed on the way, or is too old."""


def verify_webhook(
    secret: str, headers: Mapping[str, str], body: bytes | str, tolerance: float = 300, now: float | None = None
) -> Any:
    """The JSON of a message whose signature is right.

    secret: `whsec_…`. headers: any case. body: exactly as received. tolerance: seconds that the message may be old
    or its clock ahead. Raises WebhookVerificationError.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        identity, stamp, signatures = (given[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
        sent_at = int(stamp)
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (KeyError, ValueError, binascii.Error) as error:
        raise WebhookVerificationError(f"the secret or a header is missing or malformed: {error}") from error
    if abs((time.time() if now is None else now) - sent_at) > tolerance:
        raise WebhookVerificationError(f"the message is more than {tolerance:g} s away from now")
    raw = body.encode() if isinstance(body, str) else body
    mac = hmac.new(key, f"{identity}.{stamp}.".encode() + raw, hashlib.sha256).digest()
    expected = base64.b64encode(mac)
    # All are compared, and each in constant time: how long it takes says nothing.
    found = [
        hmac.compare_digest(expected, one[3:].encode()) for one in signatures.split(" ") if one.startswith("v1,")
    ]
    if not any(found):
        raise WebhookVerificationError("no signature matches")
    return json.loads(raw)
