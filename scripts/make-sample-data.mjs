// Writes the two sample files of examples/data. Run it again and the bytes are the same.
//   npm pack vega-datasets@3.2.1 && tar xzf vega-datasets-3.2.1.tgz package/data/sp500-2000.csv
//   node scripts/make-sample-data.mjs package/data/sp500-2000.csv
// Without the argument it writes the made-up pair alone. The package is no dependency: it has 42 MB, this file 300 kB.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'examples', 'data');
const HEADER = 'DATE_TIME,OPEN,HIGH,LOW,CLOSE,VOLUME';
const HOUR = 3_600_000;

/** S&P 500 daily bars as the npm package vega-datasets ships them, in the column names of the default feeder. */
function sp500(source) {
  const [, ...lines] = readFileSync(source, 'utf8').trim().split('\n');
  const rows = lines.map((line) => {
    const [date, open, high, low, close, , volume] = line.split(',');
    const prices = [open, high, low, close].map((price) => Number(price).toFixed(2));
    return [`${date} 00:00:00`, ...prices, volume.trim()].join(',');
  });
  return [HEADER, ...rows, ''].join('\n');
}

/** mulberry32: a small seeded generator, so that the file is reproducible without a dependency. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One year of hourly bars of a made-up currency pair: a random walk with quiet nights and closed weekends. */
function syntheticFx() {
  const random = seeded(20_230_101);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const rows = [];
  let price = 1.1;
  for (let time = Date.UTC(2023, 0, 1, 22); time < Date.UTC(2024, 0, 1); time += HOUR) {
    const moment = new Date(time);
    const day = moment.getUTCDay();
    const hour = moment.getUTCHours();
    if (day === 6 || (day === 5 && hour > 21) || (day === 0 && hour < 22)) continue;
    const sigma = hour >= 7 && hour <= 17 ? 0.0011 : 0.0005;
    const open = price;
    const path = Array.from(
      { length: 6 },
      () => (price += (sigma / Math.sqrt(6)) * normal() - (price - 1.1) * 0.0005),
    );
    const digits = [open, Math.max(open, ...path), Math.min(open, ...path), price].map((value) =>
      value.toFixed(5),
    );
    price = Number(digits[3]);
    rows.push(
      [
        moment.toISOString().slice(0, 19).replace('T', ' '),
        ...digits,
        Math.round(1000 + 4000 * random()),
      ].join(','),
    );
  }
  return [HEADER, ...rows, ''].join('\n');
}

mkdirSync(folder, { recursive: true });
const [source] = process.argv.slice(2);
if (source !== undefined) writeFileSync(join(folder, 'sp500_daily_2000-2020.csv'), sp500(source));
writeFileSync(join(folder, 'synthetic_fx_1h_2023.csv'), syntheticFx());
