"""Client of Prediction Provider. Python 3.10 or later, standard library only; pandas is used when it is there."""

from .asynchronous import AsyncPredictionProvider
from .client import PredictionProvider
from .errors import (
    ApiError,
    BacktestFailedError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    PaymentRequiredError,
    PredictionFailedError,
    PredictionProviderError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    WaitTimeoutError,
)
from .forecast import Event, Forecast, Prediction
from .webhooks import WebhookVerificationError, verify_webhook

__all__ = [
    "ApiError",
    "AsyncPredictionProvider",
    "BacktestFailedError",
    "ConflictError",
    "Event",
    "ForbiddenError",
    "Forecast",
    "InvalidRequestError",
    "NotFoundError",
    "PaymentRequiredError",
    "Prediction",
    "PredictionFailedError",
    "PredictionProvider",
    "PredictionProviderError",
    "RateLimitedError",
    "UnauthorizedError",
    "UnavailableError",
    "WaitTimeoutError",
    "WebhookVerificationError",
    "verify_webhook",
]
