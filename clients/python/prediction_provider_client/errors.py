"""Errors of the client. Everything that it raises is a PredictionProviderError."""

from __future__ import annotations

from typing import Any, Mapping


class PredictionProviderError(Exception):
    """Base of all errors of this package."""


class WaitTimeoutError(PredictionProviderError):
    """A prediction or a back-test had not ended when the time to wait was over; it goes on in the service."""


class PredictionFailedError(PredictionProviderError):
    """The service could not compute a prediction. `code` is stable and for programs."""

    def __init__(self, prediction_id: int, code: str, reason: str) -> None:
        super().__init__(f"prediction {prediction_id} failed ({code}): {reason}")
        self.prediction_id = prediction_id
        self.code = code
        self.reason = reason


class BacktestFailedError(PredictionProviderError):
    """The service could not finish a back-test, for example because the model looks ahead (`looks_ahead`)."""

    def __init__(self, backtest_id: str, code: str, reason: str) -> None:
        super().__init__(f"back-test {backtest_id} failed ({code}): {reason}")
        self.backtest_id = backtest_id
        self.code = code
        self.reason = reason


class ApiError(PredictionProviderError):
    """An answer with an error status, or no answer after all tries (`status` 0).

    `code` is the last part of the problem's type (`not-found`), `detail` the text or the list of violations of a 422.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.status = status
        self.problem = dict(problem)
        self.code = str(problem.get("type", "")).rsplit(":", 1)[-1]
        self.detail = problem.get("detail", problem.get("title", ""))
        self.request_id: str | None = problem.get("request_id")
        self.retry_after = retry_after
        super().__init__(f"{status} {self.code}: {_text(self.detail)} (request {self.request_id})")


class UnauthorizedError(ApiError):
    """401: no credential, or a bad one."""


class PaymentRequiredError(ApiError):
    """402: the credits do not suffice, or the price is above `max_cost`."""


class ForbiddenError(ApiError):
    """403: another role is needed, or a credential where `require_auth` is set."""


class NotFoundError(ApiError):
    """404."""


class ConflictError(ApiError):
    """409: for example, an order that another evaluator holds."""


class InvalidRequestError(ApiError):
    """422. `violations` are the objects of the answer: `type`, `loc`, `msg`, `input`, `ctx`."""

    @property
    def violations(self) -> list[dict[str, Any]]:
        return self.detail if isinstance(self.detail, list) else []


class RateLimitedError(ApiError):
    """429, after all tries."""


class UnavailableError(ApiError):
    """503, or no connection, after all tries."""


_BY_STATUS: Mapping[int, type[ApiError]] = {
    0: UnavailableError,
    401: UnauthorizedError,
    402: PaymentRequiredError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    422: InvalidRequestError,
    429: RateLimitedError,
    503: UnavailableError,
}


def error_of(status: int, problem: Mapping[str, Any], retry_after: float | None) -> ApiError:
    return _BY_STATUS.get(status, ApiError)(status, problem, retry_after)


def _text(detail: Any) -> str:
    if not isinstance(detail, list):
        return str(detail)
    return "; ".join(f"{'.'.join(str(step) for step in one.get('loc', []))}: {one.get('msg')}" for one in detail)
