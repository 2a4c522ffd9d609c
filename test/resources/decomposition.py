"""Writes decomposition.json beside itself: what statsmodels, PyWavelets and SciPy make of two short series.

python3 -m venv /tmp/py && /tmp/py/bin/pip install statsmodels PyWavelets scipy && /tmp/py/bin/python test/resources/decomposition.py
"""
import json
import pathlib

import numpy as np
import pywt
import scipy
import scipy.signal
import statsmodels
from statsmodels.tsa.seasonal import STL


def series(length):
    t = np.arange(length)
    x = 1.2 + 0.01 * np.sin(2 * np.pi * t / 24) + 0.004 * np.cos(t * 0.7) + t * 2e-5
    x[length // 3] += 0.05
    return [float(v) for v in np.round(x, 6)]


def stl(x, **options):
    r = STL(np.array(x), **options).fit()
    return {"options": options, "trend": list(r.trend), "seasonal": list(r.seasonal), "resid": list(r.resid)}


def swt(x, wavelet, level):
    parts = pywt.swt(np.array(x), wavelet, level=level, norm=True)
    return {"level": level, "approximations": [list(a) for a, _ in parts], "details": [list(d) for _, d in parts]}


x = series(168)
short = series(49)
f, p = scipy.signal.welch(np.array(x), fs=1.0, window="hann", nperseg=168, noverlap=84, detrend="constant")
out = {
    "made_with": {"statsmodels": statsmodels.__version__, "pywt": pywt.__version__, "scipy": scipy.__version__},
    "long": x,
    "short": short,
    "stl": [
        stl(short, period=24, seasonal=7, trend=39, robust=True),
        stl(short, period=24, seasonal=13, trend=25, robust=False),
        stl(x, period=7, seasonal=9, trend=15, robust=True),
        stl(x, period=12, seasonal=7, trend=23, robust=False),
    ],
    "db4": {"low": list(pywt.Wavelet("db4").dec_lo), "high": list(pywt.Wavelet("db4").dec_hi)},
    "swt": [swt(short[:16], "db4", 2), swt(x[:32], "db4", 3)],
    "welch": {"frequencies": list(f), "density": list(p)},
}
pathlib.Path(__file__).with_name("decomposition.json").write_text(json.dumps(out) + "\n")
