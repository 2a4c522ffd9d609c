"""Writes the files beside it, with pandas 3.0, pyarrow 25.0 and polars 1.44.

Each holds the ten hourly bars of test/unit/timeseries/last-bar.ts: 2024-01-02 20:00 to 2024-01-03 05:00, the last
close 1.1092; files named hk_daily hold four days of Hong Kong, the last 2024-08-23 with a close of 4.
"""

import decimal
import os

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = 10


def path(name):
    return os.path.join(HERE, name)


times = pd.date_range("2024-01-02 20:00", periods=ROWS, freq="h", name="Date")
opens = 1.1 + np.arange(ROWS) / 1000
bars = pd.DataFrame(
    {
        "Open": opens,
        "High": opens + 0.0005,
        "Low": opens - 0.0005,
        "Close": (opens + 0.0002).round(4),
        "Volume": np.arange(ROWS) * 10,
    },
    index=times,
)

for codec in ["snappy", "gzip", "brotli", "lz4", "zstd"]:
    bars.to_parquet(path(f"pd_{codec}.parquet"), compression=codec)
bars.to_parquet(path("pd_v2.parquet"), data_page_version="2.0", compression="zstd")
bars.rename_axis(None).to_parquet(path("pd_index0.parquet"))
bars.tz_localize("America/New_York").to_parquet(path("pd_ny.parquet"))

days = pd.DatetimeIndex(["2024-08-20", "2024-08-21", "2024-08-22", "2024-08-23"], tz="Asia/Hong_Kong", name="Date")
daily = pd.DataFrame({"Close": [1.0, 2, 3, 4]}, index=days)
daily.to_parquet(path("pd_hk_daily.parquet"))
daily.reset_index().to_feather(path("pd_hk_daily.feather"))

levels = bars.copy()
levels.columns = [str((name, "MSFT")) for name in bars.columns]
levels.to_parquet(path("pd_yf2.parquet"))

for codec in ["uncompressed", "lz4", "zstd"]:
    bars.reset_index().to_feather(path(f"pd_{codec}.feather"), compression=codec)

types = bars.reset_index()
types["Symbol"] = pd.Categorical(["EURUSD"] * ROWS)
types["f32"] = types.Open.astype("float32")
types["i8"] = np.arange(ROWS, dtype="int8")
types["flag"] = types.i8 > 4
types["nul"] = [None] * ROWS
types["Close"] = [decimal.Decimal(str(value)) for value in bars.Close]
types["lst"] = [[1, 2]] * ROWS
types["st"] = [{"a": 1, "b": 2.0}] * ROWS
types.loc[3, "High"] = np.nan
order = ["lst", "st", "Symbol", "Date", "Open", "High", "Low", "Close", "Volume", "f32", "i8", "flag", "nul"]
types = types[order]
types.to_parquet(path("pd_groups.parquet"), row_group_size=3)
table = pa.Table.from_pandas(types)
feather.write_feather(table, path("pd_types_chunks.feather"), chunksize=3, compression="zstd")
with pa.ipc.new_stream(path("stream.arrows"), table.schema) as stream:
    stream.write_table(table, max_chunksize=4)

arrow = pa.Table.from_pandas(bars)
parquet.write_table(arrow, path("int96.parquet"), use_deprecated_int96_timestamps=True)
parquet.write_table(
    arrow,
    path("delta.parquet"),
    use_dictionary=False,
    column_encoding={"Date": "DELTA_BINARY_PACKED", "Volume": "DELTA_BINARY_PACKED", "Open": "BYTE_STREAM_SPLIT"},
)

polars = pl.DataFrame(
    {"Date": pl.Series(list(times.to_pydatetime()))}
    | {name: bars[name].values for name in bars.columns}
    | {"Name": ["a long name of a symbol"] * ROWS}
)
polars.write_parquet(path("pl_zstd.parquet"), compression="zstd")
polars.with_columns(pl.col("Date").dt.replace_time_zone("Europe/Berlin")).write_parquet(path("pl_berlin.parquet"))
polars.with_columns(pl.col("Close").cast(pl.Decimal(20, 5))).write_parquet(path("pl_dec.parquet"))
polars.select(
    pl.col("Date").dt.date(), pl.col("Date").dt.time().alias("Time"), "Open", "High", "Low", "Close"
).write_parquet(path("pl_date_time.parquet"))
polars.write_ipc(path("pl_lz4.feather"), compression="lz4")
polars.with_columns(pl.col("Name").cast(pl.Categorical)).write_ipc(path("pl_cat.feather"), compression="lz4")

# Two symbols at the same times, and a row without a time and a price that is none.
two = pd.concat([bars.reset_index().assign(Symbol="A"), bars.reset_index().assign(Symbol="B", Close=5.0)])
two.to_parquet(path("two_symbols.parquet"), index=False)
holes = bars.reset_index()
holes.loc[2, "Date"] = pd.NaT
holes.loc[4, "Close"] = float("inf")
holes.to_parquet(path("holes.parquet"), index=False)
holes.to_feather(path("holes.feather"))
