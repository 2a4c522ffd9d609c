"""What the service answers, with the numbers of a forecast at hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Mapping


@dataclass(frozen=True)
class Forecast:
    """The numbers of a completed prediction. Lists have one value per horizon, None where there is no answer."""

    horizons: list[int]
    times: list[str | None]
    values: list[float | None]
    deviations: list[float | None]
    baseline_time: str
    baseline_value: float
    intervals: dict[float, tuple[list[float | None], list[float | None]]]
    """Lower and upper ends by level, for example 0.95."""
    quantiles: dict[float, list[float | None]]
    raw: Mapping[str, Any]
    """`result.output` as it was sent."""

    @classmethod
    def of(cls, output: Mapping[str, Any]) -> Forecast:
        return cls(
            horizons=list(output["horizons"]),
            times=list(output["future_datetimes"]),
            values=list(output["predictions"]),
            deviations=list(output["uncertainty"]),
            baseline_time=output["baseline_datetime"],
            baseline_value=output["baseline_value"],
            intervals={one["level"]: (one["lower"], one["upper"]) for one in output.get("intervals", [])},
            quantiles={float(name): values for name, values in output.get("quantiles", {}).items()},
            raw=output,
        )

    def to_frame(self) -> Any:
        """A pandas DataFrame with a row per horizon, by time; needs pandas."""
        import pandas

        columns: dict[str, Any] = {"horizon": self.horizons, "value": self.values, "deviation": self.deviations}
        for level, (lower, upper) in self.intervals.items():
            columns[f"lower_{level:g}"], columns[f"upper_{level:g}"] = lower, upper
        for probability, values in self.quantiles.items():
            columns[f"q{probability:g}"] = values
        return pandas.DataFrame(columns, index=pandas.to_datetime(self.times, utc=True).rename("time"))


@dataclass(frozen=True)
class Prediction:
    """A prediction as the service tells it."""

    id: int
    status: str
    raw: Mapping[str, Any]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Prediction:
        return cls(raw["id"], raw["status"], raw)

    @property
    def has_ended(self) -> bool:
        return self.status in ("completed", "failed", "abstained")

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """What of the request was ignored or carried out otherwise."""
        return list(self.raw.get("warnings", []))

    @property
    def forecast(self) -> Forecast | None:
        output = self.raw["result"].get("output")
        return None if output is None else Forecast.of(output)


@dataclass(frozen=True)
class Event:
    """A change of a prediction's status. `id` is durable: `stream(..., after=id)` goes on after it."""

    id: str
    status: str
    data: Mapping[str, Any]


def back_test_time(moment: datetime | str) -> str:
    """`DD.MM.YYYY HH:MM:SS.fff`, as entry and exit questions want it; times without a zone are taken as UTC."""
    if isinstance(moment, str):
        return moment
    utc = moment if moment.tzinfo is None else moment.astimezone(timezone.utc)
    return f"{utc:%d.%m.%Y %H:%M:%S}.{utc.microsecond // 1000:03d}"


def iso_time(moment: datetime | str | None) -> str | None:
    """RFC 3339; times without a zone are taken as UTC by the service."""
    return moment.isoformat() if isinstance(moment, datetime) else moment
