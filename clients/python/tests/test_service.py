"""Plays the client against a running service: PROVIDER_URL, PROVIDER_KEY (a client's) and PROVIDER_ADMIN_KEY."""

import asyncio
import os
import unittest
from datetime import datetime, timedelta, timezone

import prediction_provider_client as provider

URL = os.environ["PROVIDER_URL"]
KEY = os.environ["PROVIDER_KEY"]
ADMIN_KEY = os.environ["PROVIDER_ADMIN_KEY"]
ASKED = {"interval": "1d", "predictor_plugin": "random_walk_predictor"}


class ClientTest(unittest.TestCase):
    def setUp(self) -> None:
        self.client = provider.PredictionProvider(URL, api_key=KEY)
        self.addCleanup(self.client.close)

    def test_a_forecast_has_a_value_for_each_horizon(self) -> None:
        forecast = self.client.forecast("SP500", horizons=[1, 5, 20], **ASKED)
        self.assertEqual(forecast.horizons, [1, 5, 20])
        self.assertEqual(forecast.values, [2874.56] * 3)
        lower, upper = forecast.intervals[0.95]
        self.assertLess(lower[2], lower[0])
        self.assertGreater(upper[2], upper[0])
        self.assertEqual(forecast.quantiles[0.5], forecast.values)

    def test_a_stream_ends_with_the_result_and_goes_on_after_an_event(self) -> None:
        submitted = self.client.submit("SP500", **ASKED)
        events = list(self.client.stream(submitted.id, timeout=60))
        self.assertEqual(events[-1].status, "completed")
        rest = list(self.client.stream(submitted.id, after=events[0].id, timeout=60))
        self.assertEqual([event.id for event in rest], [event.id for event in events[1:]])
        self.assertTrue(self.client.wait_for(submitted.id).has_ended)

    def test_one_key_makes_one_prediction(self) -> None:
        first = self.client.submit("SP500", idempotency_key="one-of-the-python-client", **ASKED)
        again = self.client.submit("SP500", idempotency_key="one-of-the-python-client", **ASKED)
        other = self.client.submit("SP500", **ASKED)
        self.assertEqual(first.id, again.id)
        self.assertNotEqual(first.id, other.id)

    def test_a_wrong_field_is_warned_about_and_a_wrong_value_is_named(self) -> None:
        self.assertEqual(self.client.submit("SP500", intervall="1d").warnings[0]["field"], "intervall")
        with self.assertRaises(provider.InvalidRequestError) as caught:
            self.client.submit("SP500", prediction_horizon=-1)
        self.assertEqual(caught.exception.violations[0]["loc"], ["body", "prediction_horizon"])
        with self.assertRaises(provider.NotFoundError):
            self.client.prediction(999_999)
        with self.assertRaises(provider.UnauthorizedError):
            list(provider.PredictionProvider(URL, api_key="wrong").orders())

    def test_pages_bring_every_item_once(self) -> None:
        for _ in range(5):
            self.client.submit("SP500", **ASKED)
        read = [one["id"] for one in self.client.pages("/api/v1/predictions", limit=2)]
        self.assertEqual(read, sorted(set(read)))
        self.assertGreaterEqual(len(read), 5)

    def test_a_back_test_asks_one_by_one_and_at_once(self) -> None:
        moment = datetime(2023, 3, 14, 10, tzinfo=timezone.utc)
        one = self.client.entry(moment, tp=150, sl=100)
        self.assertIn(one["buy_entry_binary"], (0, 1))
        rows = [{"datetime": moment, "tp": tp, "sl": 100} for tp in (150, 50)]
        many = self.client.entries([*rows, {"datetime": "nonsense"}])
        self.assertEqual(many[0], one)
        self.assertIn("error", many[2])

    def test_a_model_is_walked_through_history(self) -> None:
        asked = {"interval": "1d", "horizons": [1, 5], "end": "2018-06-30"}
        progress: list[tuple[int, int]] = []
        done = self.client.backtest(
            "SP500",
            model="random_walk_predictor",
            start=datetime(2018, 1, 1, tzinfo=timezone.utc),
            on_progress=lambda made, total: progress.append((made, total)),
            **asked,
        )
        self.assertEqual([one["horizon"] for one in done["scores"]], [None, 1, 5])
        self.assertEqual(progress[-1], (done["total"], done["total"]))
        made = [one["baseline"] for one in self.client.backtest_forecasts(done["id"])]
        self.assertEqual(made, sorted(made))
        self.assertEqual(len(made), done["total"])
        with self.assertRaises(provider.BacktestFailedError) as caught:
            self.client.backtest("SP500", model="noisy_ideal_predictor", start="2018-01-01", **asked)
        self.assertEqual(caught.exception.code, "looks_ahead")

    def test_an_order_is_quoted_and_submitted(self) -> None:
        order = {
            "symbol": "SP500",
            "prediction_type": "short_term",
            "datetime_requested": (datetime.now(timezone.utc) + timedelta(days=1)).isoformat(),
            "lookback_ticks": 100,
            "predictor_plugin": "random_walk_predictor",
            "feeder_plugin": "default_feeder",
            "pipeline_plugin": "default_pipeline",
            "interval": "1d",
            "prediction_horizon": 5,
        }
        quote = self.client.quote(order)
        accepted = self.client.order(order)
        self.assertEqual(accepted["estimated_cost"], quote["estimated_cost"])
        self.assertIn(accepted["id"], [one["id"] for one in self.client.orders()])

    def test_the_same_works_in_asyncio(self) -> None:
        async def both() -> None:
            async with provider.AsyncPredictionProvider(URL, api_key=KEY) as client:
                forecasts = await asyncio.gather(*(client.forecast("SP500", **ASKED) for _ in range(2)))
                self.assertEqual([one.values for one in forecasts], [[2874.56]] * 2)
                submitted = await client.submit("SP500", **ASKED)
                statuses = [event.status async for event in client.stream(submitted.id, timeout=60)]
                self.assertEqual(statuses[-1], "completed")

        asyncio.run(both())

    def test_a_frame_goes_in_and_comes_out_where_pandas_is_installed(self) -> None:
        try:
            import pandas
        except ImportError:
            self.skipTest("pandas is not installed")
        frame = self.client.forecast("SP500", horizons=[1, 5], **ASKED).to_frame()
        self.assertEqual(list(frame["horizon"]), [1, 5])
        times = pandas.DatetimeIndex(["2023-03-14 10:00"], tz="UTC")
        self.assertEqual(len(self.client.entries(pandas.DataFrame({"tp": [150], "sl": [100]}, index=times))), 1)


class WebhookTest(unittest.TestCase):
    """The example of the specification of Standard Webhooks."""

    SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    BODY = b'{"test": 2432232314}'
    HEADERS = {
        "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "Webhook-Timestamp": "1614265330",
        "Webhook-Signature": "v1,nonsense v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }

    def check(self, **changes: object) -> object:
        given = {"secret": self.SECRET, "headers": self.HEADERS, "body": self.BODY, "now": 1614265330, **changes}
        return provider.verify_webhook(**given)  # type: ignore[arg-type]

    def test_a_signed_message_is_read(self) -> None:
        self.assertEqual(self.check(), {"test": 2432232314})

    def test_a_changed_or_old_message_is_refused(self) -> None:
        for changes in ({"body": b'{"test": 1}'}, {"now": 1614265330 + 301}, {"headers": {}}, {"secret": "whsec_AAAA"}):
            with self.assertRaises(provider.WebhookVerificationError):
                self.check(**changes)


if __name__ == "__main__":
    unittest.main()
