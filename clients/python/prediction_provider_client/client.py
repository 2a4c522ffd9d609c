"""The client for ordinary code; `AsyncPredictionProvider` is the same for asyncio."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from datetime import datetime
from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence

from .errors import ApiError, BacktestFailedError, PredictionFailedError, WaitTimeoutError, error_of
from .forecast import Event, Forecast, Prediction, back_test_time, iso_time
from .transport import Answer, Transport, failure_of, is_worth_another, pause

MOST_ROWS = 100_000
LONGEST_HOLD = 20.0
"""Seconds that one request waits in the service; `wait_for` asks again and again."""


class PredictionProvider:
    """A service, asked with one credential or none. May be used by several threads.

    url: `http://localhost:8000`. api_key or token: see `POST /api/v1/auth/api-key` and `/login`. timeout: seconds
    without a byte. tries: of each request, the first one included.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        token: str | None = None,
        timeout: float = 30.0,
        tries: int = 5,
    ) -> None:
        headers = {"Accept": "application/json", "User-Agent": "prediction-provider-client-python/0.1.0"}
        if api_key is not None:
            headers["X-API-KEY"] = api_key
        elif token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._transport = Transport(url, headers, timeout, tries)

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> PredictionProvider:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Any route

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        is_repeatable: bool = False,
    ) -> Answer:
        """Asks any route. A POST that breaks off is tried again only with an `idempotency_key`, on the routes that take
        one (the service then runs it once), or when the caller says that it may run twice (`is_repeatable`)."""
        sent = dict(headers or {})
        if idempotency_key is not None:
            sent["Idempotency-Key"] = idempotency_key
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        return self._transport.send(method, path, data, sent, query, timeout, is_repeatable)

    def pages(self, path: str, query: Mapping[str, Any] | None = None, limit: int = 100) -> Iterator[Any]:
        """Every item of a list, page after page. Of a list inside of an object, the only list in it."""
        offset = 0
        while True:
            answered = self.request("GET", path, query={**(query or {}), "limit": limit, "offset": offset}).json()
            items = answered if isinstance(answered, list) else _list_in(answered)
            yield from items
            if len(items) < limit:
                return
            offset += limit

    # Forecasts

    def submit(self, symbol: str, *, wait: float = 0, idempotency_key: str | None = None, **fields: Any) -> Prediction:
        """Asks for a prediction. Fields are those of `POST /api/v1/predictions`, for example `horizons=[1, 5]`.

        wait: seconds that the answer may wait for the result.
        """
        fields["baseline_datetime"] = iso_time(fields.get("baseline_datetime"))
        body = {"symbol": symbol, **{name: value for name, value in fields.items() if value is not None}}
        headers = {"Prefer": f"wait={int(wait)}"} if wait >= 1 else None
        answer = self.request(
            "POST",
            "/api/v1/predictions",
            body,
            headers=headers,
            idempotency_key=idempotency_key or str(uuid.uuid4()),
            timeout=self._transport.timeout + wait,
        )
        return Prediction.of(answer.json())

    def prediction(self, prediction_id: int) -> Prediction:
        return Prediction.of(self.request("GET", f"/api/v1/predictions/{prediction_id}").json())

    def forecast(self, symbol: str, *, timeout: float = 120, **fields: Any) -> Forecast:
        """Asks, waits and returns the numbers.

        Raises PredictionFailedError with the service's reason, WaitTimeoutError after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        submitted = self.submit(symbol, wait=min(timeout, LONGEST_HOLD), **fields)
        ended = submitted if submitted.has_ended else self.wait_for(submitted.id, deadline - time.monotonic())
        return forecast_of(ended)

    def wait_for(self, prediction_id: int, timeout: float = 120) -> Prediction:
        """The prediction when it has ended: completed, failed or abstained. Follows its events. Raises WaitTimeoutError."""
        for event in self.stream(prediction_id, timeout=timeout):
            if event.status in ("completed", "failed", "abstained"):
                return self.prediction(prediction_id)
        raise WaitTimeoutError(f"prediction {prediction_id} has not ended within {timeout:g} s")

    def stream(self, prediction_id: int, after: str | None = None, timeout: float | None = None) -> Iterator[Event]:
        """Changes of a prediction's status as they happen, until the final one or `timeout` seconds.

        Goes on after the last event when the connection breaks. after: id of an event that was seen.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        failures = 0
        while deadline is None or time.monotonic() < deadline:
            try:
                for event in self._listen(prediction_id, after, deadline):
                    after, failures = event.id, 0
                    yield event
                    if event.status in ("completed", "failed", "abstained", "deleted"):
                        return
                failures += 1
            except (OSError, http.client.HTTPException) as error:
                failures += 1
                if failures > 8:
                    raise error_of(0, {"type": "connection", "detail": repr(error)}, None) from error
            except ApiError as error:
                failures += 1
                if failures > 8 or not is_worth_another(error, is_safe=True):
                    raise
            left = pause(failures, None)
            time.sleep(left if deadline is None else max(0.0, min(left, deadline - time.monotonic())))

    def _listen(self, prediction_id: int, after: str | None, deadline: float | None) -> Iterator[Event]:
        left = None if deadline is None else max(0.05, deadline - time.monotonic())
        connection = self._transport.connect(min(left or 60.0, 60.0))
        try:
            headers = {**self._transport.headers, "Accept": "text/event-stream"}
            if after is not None:
                headers["Last-Event-ID"] = after
            target = self._transport.target(f"/api/v1/predictions/{prediction_id}/events")
            connection.request("GET", target, headers=headers)
            response = connection.getresponse()
            if response.status >= 400:
                answered = {name.lower(): value for name, value in response.getheaders()}
                raise failure_of(Answer(response.status, answered, response.read()))
            yield from events_in(iter(response.readline, b""))
        finally:
            connection.close()

    # Back-tests

    def backtest(
        self,
        symbol: str,
        *,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        timeout: float = 600,
        on_progress: Callable[[int, int], None] | None = None,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> dict[str, Any]:
        """Walks a model through history in the service; its answer has `scores`, beside those of a random walk.

        Fields are those of `POST /api/v1/backtests`, for example `model="my_predictor", horizons=[1, 5], stride=5`.
        on_progress: told how many forecasts are made, of how many (0 before that is known). Raises BacktestFailedError
        with the service's reason, WaitTimeoutError after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        asked = {"symbol": symbol, "start_date": iso_time(start), "end_date": iso_time(end), **fields}
        body = {name: value for name, value in asked.items() if value is not None}
        key = idempotency_key or str(uuid.uuid4())
        seen: dict[str, Any] = self.request("POST", "/api/v1/backtests", body, idempotency_key=key).json()
        looks = 0
        while seen["status"] not in ("completed", "failed"):
            if time.monotonic() >= deadline:
                raise WaitTimeoutError(f"back-test {seen['id']} has not ended within {timeout:g} s")
            looks += 1
            time.sleep(min(1.0, 0.05 * looks))
            seen = self.request("GET", f"/api/v1/backtests/{seen['id']}").json()
            if on_progress is not None:
                on_progress(seen["done"], seen["total"])
        if seen["status"] == "failed":
            raise BacktestFailedError(seen["id"], seen["error"]["code"], seen["error"]["message"])
        return seen

    def backtest_forecasts(self, backtest_id: str) -> list[dict[str, Any]]:
        """Every forecast of a back-test, oldest first, with what came and its scores; `pandas.DataFrame` takes them."""
        answer = self.request("GET", f"/api/v1/backtests/{backtest_id}/forecasts", timeout=600)
        return [json.loads(line) for line in answer.body.splitlines() if line]

    def entry(self, moment: datetime | str, **fields: Any) -> dict[str, Any]:
        """Whether to open a position: `buy_entry_binary`, `sell_entry_binary`. Fields: `tp`, `sl` (pips), costs."""
        return self._answer("/api/v1/predict/entry", {"datetime": back_test_time(moment), **fields})

    def exit(
        self, moment: datetime | str, direction: str, tp_price: float, sl_price: float, **fields: Any
    ) -> dict[str, Any]:
        """Whether to keep a position: `exit_binary` is 1 to keep it."""
        asked = {"direction": direction, "tp_price": tp_price, "sl_price": sl_price, **fields}
        return self._answer("/api/v1/predict/exit", {"datetime": back_test_time(moment), **asked})

    def entries(self, rows: Iterable[Mapping[str, Any]] | Any) -> list[dict[str, Any]]:
        """`entry` for many rows, in their order. rows: mappings with `datetime`, or a pandas DataFrame (by its index
        unless it has a column `datetime`). A row that is refused has `error` in its answer."""
        return self._batch("/api/v1/predict/entry/batch", rows)

    def exits(self, rows: Iterable[Mapping[str, Any]] | Any) -> list[dict[str, Any]]:
        """`exit` for many rows, as `entries`."""
        return self._batch("/api/v1/predict/exit/batch", rows)

    def _answer(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answered: dict[str, Any] = self.request("POST", path, body, is_repeatable=True).json()
        return answered

    def _batch(self, path: str, rows: Iterable[Mapping[str, Any]] | Any) -> list[dict[str, Any]]:
        questions = [{**row, "datetime": back_test_time(row["datetime"])} for row in _rows_of(rows)]
        answers: list[dict[str, Any]] = []
        for start in range(0, len(questions), MOST_ROWS):
            batch = questions[start : start + MOST_ROWS]
            answers += self.request("POST", path, batch, is_repeatable=True).json()
        return answers

    # The marketplace

    def quote(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """The price of an order, with the same body as `order`."""
        return self._answer("/api/v1/client/quote", order)

    def order(self, order: Mapping[str, Any], idempotency_key: str | None = None) -> dict[str, Any]:
        """Submits an order; its price is held from the credits. Never twice, however often it is tried."""
        key = idempotency_key or str(uuid.uuid4())
        accepted: dict[str, Any] = self.request("POST", "/api/v1/client/predict", order, idempotency_key=key).json()
        return accepted

    def orders(self, **filters: Any) -> Iterator[dict[str, Any]]:
        return self.pages("/api/v1/client/predictions", filters)


def forecast_of(prediction: Prediction) -> Forecast:
    """The numbers of a prediction that has ended. Raises PredictionFailedError."""
    if prediction.forecast is not None:
        return prediction.forecast
    result = prediction.raw["result"]
    code = result.get("error_code", prediction.status)
    raise PredictionFailedError(prediction.id, code, result.get("error", "it has no numbers"))


def events_in(lines: Iterator[bytes]) -> Iterator[Event]:
    """The events of a stream of server-sent events; comments and events without data are left out."""
    fields: dict[str, str] = {}
    for line in lines:
        text = line.decode().rstrip("\r\n")
        if text == "":
            if "data" in fields:
                data = json.loads(fields["data"])
                yield Event(fields.get("id", ""), str(data.get("status", fields.get("event", ""))), data)
            fields = {}
        elif not text.startswith(":"):
            name, _, value = text.partition(":")
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name == "data" and name in fields else value


def _rows_of(rows: Any) -> Sequence[Mapping[str, Any]]:
    if not hasattr(rows, "to_dict"):
        return list(rows)
    frame = rows if "datetime" in rows.columns else rows.rename_axis("datetime").reset_index()
    records: list[Mapping[str, Any]] = frame.to_dict("records")
    return records


def _list_in(answered: Mapping[str, Any]) -> list[Any]:
    lists = [value for name, value in answered.items() if isinstance(value, list) and name != "warnings"]
    if len(lists) != 1:
        raise TypeError(f"this answer is no list: {sorted(answered)}")
    return lists[0]
