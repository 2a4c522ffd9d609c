"""Requests over connections that are kept, one for each thread, and tried again where that is safe."""

from __future__ import annotations

import http.client
import json
import random
import ssl
import threading
import time
from email.utils import parsedate_to_datetime
from typing import Any, Mapping
from urllib.parse import urlencode, urlsplit

from .errors import ApiError, error_of

AGAIN = frozenset({429, 502, 503, 504})
LONGEST_PAUSE = 30.0
POSITION = "X-Database-Position"


class Answer:
    """A complete answer. Names of headers are in lower case."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


class Transport:
    """Sends requests to one service.

    A request is tried again after 429, 502, 503, 504, after a 409 for a key that is still in work, and when the
    connection breaks: pauses double from 0.2 s, with jitter, and are never shorter than `Retry-After`.
    """

    def __init__(self, url: str, headers: Mapping[str, str], timeout: float, tries: int) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            raise ValueError(f"the address of the service must begin with http:// or https://, not {url!r}")
        self._parts = parts
        self._prefix = parts.path.rstrip("/")
        self._headers = dict(headers)
        self.timeout = timeout
        self._tries = tries
        self._local = threading.local()
        self._open: set[http.client.HTTPConnection] = set()
        self._lock = threading.Lock()
        self._position: str | None = None

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        is_repeatable: bool = False,
    ) -> Answer:
        target = self.target(path, query)
        sent = {**self._headers, **(headers or {})}
        # Without a key, a POST that broke off may have had its effect; it gets a connection of its own, because one
        # that was kept may have been closed by the service meanwhile.
        is_safe = method != "POST" or is_repeatable or "Idempotency-Key" in sent
        if not is_safe:
            self._drop()
        for attempt in range(1, self._tries + 1):
            last = attempt == self._tries
            try:
                answer = self._once(method, target, body, sent, timeout)
            except (OSError, http.client.HTTPException) as error:
                self._drop()
                if last or not is_safe:
                    raise error_of(0, {"type": "connection", "detail": f"{method} {path}: {error!r}"}, None) from error
                time.sleep(pause(attempt, None))
                continue
            if answer.status < 400:
                return answer
            failure = failure_of(answer)
            if last or not is_worth_another(failure, is_safe):
                raise failure
            time.sleep(pause(attempt, failure.retry_after))
        raise AssertionError("unreachable: the last try returns or raises")

    def target(self, path: str, query: Mapping[str, Any] | None = None) -> str:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        question = f"?{urlencode(given)}" if given else ""
        return f"{self._prefix}{path}{question}"

    def connect(self, timeout: float | None = None) -> http.client.HTTPConnection:
        host, port, wait = self._parts.hostname or "", self._parts.port, timeout or self.timeout
        if self._parts.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=wait, context=ssl.create_default_context())
        return http.client.HTTPConnection(host, port, timeout=wait)

    @property
    def headers(self) -> Mapping[str, str]:
        return self._headers

    def close(self) -> None:
        """Closes the connections of all threads; a later request opens another."""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            connection.close()

    def _drop(self) -> None:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            with self._lock:
                self._open.discard(connection)
        self._local.connection = None

    def _connected(self) -> http.client.HTTPConnection:
        connection = self._local.connection = self.connect()
        with self._lock:
            self._open.add(connection)
        return connection

    def _once(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], timeout: float | None
    ) -> Answer:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        is_used = connection is not None
        if connection is None:
            connection = self._connected()
        _set_timeout(connection, timeout or self.timeout)
        if self._position is not None:
            headers = {POSITION: self._position, **headers}
        try:
            return self._exchange(connection, method, target, body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # The service closes idle connections: one that was kept may have ended before this request reached it.
            if not is_used:
                raise
            self._drop()
            connection = self._connected()
            _set_timeout(connection, timeout or self.timeout)
            return self._exchange(connection, method, target, body, headers)

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        connection.request(method, target, body=body, headers=dict(headers))
        response = connection.getresponse()
        answered = {name.lower(): value for name, value in response.getheaders()}
        self._heard(answered.get(POSITION.lower()))
        return Answer(response.status, answered, response.read())

    def _heard(self, position: str | None) -> None:
        """Keeps the furthest position that a write was told: what is read with it is no older, whoever answers."""
        if position is None:
            return
        with self._lock:
            if self._position is None or _place(position) >= _place(self._position):
                self._position = position


def _place(position: str) -> tuple[int, int]:
    """A place in PostgreSQL's log, as `16/B374D848`; what cannot be read is before all others."""
    try:
        segment, offset = (int(part, 16) for part in position.split("/"))
    except ValueError:
        return (-1, -1)
    return (segment, offset)


def _set_timeout(connection: http.client.HTTPConnection, timeout: float) -> None:
    connection.timeout = timeout
    if connection.sock is not None:
        connection.sock.settimeout(timeout)


def failure_of(answer: Answer) -> ApiError:
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {"detail": answer.body[:500].decode("utf-8", "replace")}
    return error_of(answer.status, problem, _seconds(answer.headers.get("retry-after")))


def is_worth_another(failure: ApiError, is_safe: bool) -> bool:
    if failure.status == 409:
        return failure.code == "idempotency-in-progress"
    # 429 is refused before anything happens; the others may have had an effect.
    return failure.status in AGAIN and (is_safe or failure.status == 429)


def pause(attempt: int, retry_after: float | None) -> float:
    """Seconds before the next try: full jitter below a doubling limit, on top of what the service asks for."""
    jitter = random.uniform(0, min(LONGEST_PAUSE, 0.2 * 2**attempt))
    return jitter if retry_after is None else min(LONGEST_PAUSE, retry_after) + min(jitter, 1.0)


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
