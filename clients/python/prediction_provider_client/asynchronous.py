"""The client for asyncio: every call runs the ordinary client in a thread, so that no loop waits for the network."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, AsyncIterator, Iterable, Iterator, Mapping, TypeVar

from .client import PredictionProvider
from .forecast import Event, Forecast, Prediction
from .transport import Answer

T = TypeVar("T")
_END = object()


class AsyncPredictionProvider:
    """As PredictionProvider, with the same names and arguments. Calls of one object may run at the same time."""

    def __init__(self, url: str, **options: Any) -> None:
        self._client = PredictionProvider(url, **options)

    async def __aenter__(self) -> AsyncPredictionProvider:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._client.close()

    async def request(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        return await asyncio.to_thread(self._client.request, method, path, body, **options)

    async def submit(self, symbol: str, **fields: Any) -> Prediction:
        return await asyncio.to_thread(self._client.submit, symbol, **fields)

    async def prediction(self, prediction_id: int) -> Prediction:
        return await asyncio.to_thread(self._client.prediction, prediction_id)

    async def forecast(self, symbol: str, **fields: Any) -> Forecast:
        return await asyncio.to_thread(self._client.forecast, symbol, **fields)

    async def wait_for(self, prediction_id: int, timeout: float = 120) -> Prediction:
        return await asyncio.to_thread(self._client.wait_for, prediction_id, timeout)

    async def backtest(self, symbol: str, **fields: Any) -> dict[str, Any]:
        return await asyncio.to_thread(self._client.backtest, symbol, **fields)

    async def backtest_forecasts(self, backtest_id: str) -> list[dict[str, Any]]:
        return await asyncio.to_thread(self._client.backtest_forecasts, backtest_id)

    async def entry(self, moment: datetime | str, **fields: Any) -> dict[str, Any]:
        return await asyncio.to_thread(self._client.entry, moment, **fields)

    async def exit(self, moment: datetime | str, direction: str, tp_price: float, sl_price: float) -> dict[str, Any]:
        return await asyncio.to_thread(self._client.exit, moment, direction, tp_price, sl_price)

    async def entries(self, rows: Iterable[Mapping[str, Any]] | Any) -> list[dict[str, Any]]:
        return await asyncio.to_thread(self._client.entries, rows)

    async def exits(self, rows: Iterable[Mapping[str, Any]] | Any) -> list[dict[str, Any]]:
        return await asyncio.to_thread(self._client.exits, rows)

    async def quote(self, order: Mapping[str, Any]) -> dict[str, Any]:
        return await asyncio.to_thread(self._client.quote, order)

    async def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        return await asyncio.to_thread(self._client.order, order)

    def pages(self, path: str, query: Mapping[str, Any] | None = None, limit: int = 100) -> AsyncIterator[Any]:
        return _each(self._client.pages(path, query, limit))

    def orders(self, **filters: Any) -> AsyncIterator[dict[str, Any]]:
        return _each(self._client.orders(**filters))

    def stream(
        self, prediction_id: int, after: str | None = None, timeout: float | None = None
    ) -> AsyncIterator[Event]:
        return _each(self._client.stream(prediction_id, after, timeout))


async def _each(items: Iterator[T]) -> AsyncIterator[T]:
    while (item := await asyncio.to_thread(next, items, _END)) is not _END:
        yield item  # type: ignore[misc]
