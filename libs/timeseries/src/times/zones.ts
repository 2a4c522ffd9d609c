import { DAY_MS, HOUR_MS, MINUTE_MS } from '#libs/kernel';

const FIXED = /^(?:utc|gmt)?\s*([+-])(\d{1,2})(?::?(\d{2}))?$/i;
const MOVED = /^(.+?)([+-]\d{1,2})$/;
/** A clock of brokers whose day ends when New York closes: New York's time and seven hours, with its summer time. */
const NAMED: Readonly<Record<string, string>> = { NY: 'America/New_York' };

/** What `data_timezone` may be, for messages. */
export const ZONES = 'a name such as UTC, EET, EST, America/New_York, an offset such as +02:00, or NY+7';

interface Span {
  /** Epoch ms UTC at which it begins. */
  readonly from: number;
  readonly offset: number;
}

/** A time zone: what its clocks show, and when. Offsets come from the platform (Intl) and are kept. */
export class Zone {
  /** Offset in ms where it never changes, else null. */
  readonly fixed: number | null;
  private readonly format: Intl.DateTimeFormat | null;
  private readonly movedMs: number;
  private readonly years = new Map<number, readonly Span[]>();
  /** The span of the last moment, as the next is mostly in it too. */
  private span: Span = { from: Infinity, offset: 0 };
  private spanEnd = -Infinity;

  /**
   * @param name an IANA name (`Europe/Berlin`, `EET` with summer time, `EST` without), `UTC`, an offset (`+02:00`) or a
   *   moved zone (`NY+7`)
   * @throws RangeError for any other text
   */
  constructor(readonly name: string) {
    const fixed = FIXED.exec(name);
    this.movedMs = 0;
    if (fixed !== null) {
      const [, sign, hours, minutes = '0'] = fixed;
      const offset = Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS;
      if (offset > 15 * HOUR_MS) throw new RangeError(`${name} is no offset`);
      this.fixed = sign === '-' ? -offset : offset;
      this.format = null;
      return;
    }
    const moved = MOVED.exec(name);
    const base = moved?.[1] ?? name;
    if (moved !== null && NAMED[base] === undefined && base !== 'America/New_York')
      throw new RangeError(`${name} is no zone`);
    this.movedMs = moved === null ? 0 : Number(moved[2]) * HOUR_MS;
    this.format = new Intl.DateTimeFormat('en-US', {
      timeZone: NAMED[base] ?? base,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    this.fixed = /^(utc|gmt|etc\/(utc|gmt))$/i.test(name) ? 0 : null;
  }

  /** The offset of the clocks at a moment (epoch ms UTC), in ms east of UTC. */
  offsetAt(time: number): number {
    if (this.fixed !== null) return this.fixed;
    if (time >= this.span.from && time < this.spanEnd) return this.span.offset;
    const year = new Date(time).getUTCFullYear();
    const spans = this.spansOf(year);
    let at = 0;
    while (at + 1 < spans.length && (spans[at + 1]?.from ?? Infinity) <= time) at += 1;
    this.span = spans[at] ?? this.span;
    this.spanEnd = spans[at + 1]?.from ?? Date.UTC(year + 1, 0, 1);
    return this.span.offset;
  }

  /** The offsets of a year and the moments at which they change. */
  private spansOf(year: number): readonly Span[] {
    const known = this.years.get(year);
    if (known !== undefined) return known;
    const [begin, end] = [Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)];
    const spans: Span[] = [{ from: begin, offset: this.ask(begin) }];
    // Ramadan keeps Morocco's clocks back for a month, the shortest span there is; a week finds every change.
    for (let at = begin; at < end; at += 7 * DAY_MS) {
      const to = Math.min(end, at + 7 * DAY_MS);
      const [before, after] = [spans.at(-1)?.offset ?? 0, this.ask(to)];
      if (before !== after) spans.push({ from: this.changeBetween(at, to, before), offset: after });
    }
    this.years.set(year, spans);
    return spans;
  }

  private changeBetween(low: number, high: number, before: number): number {
    let [same, other] = [low, high];
    while (other - same > MINUTE_MS) {
      const middle = same + Math.floor((other - same) / 2 / MINUTE_MS) * MINUTE_MS;
      if (this.ask(middle) === before) same = middle;
      else other = middle;
    }
    return other;
  }

  private ask(time: number): number {
    if (this.format === null) return this.fixed ?? 0;
    const parts = Object.fromEntries(
      this.format.formatToParts(time).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return (
      Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1000) * 1000 + this.movedMs
    );
  }
}

/** Turns what clocks showed into moments, row after row, and counts what is no single moment. */
export class LocalClock {
  /** Times that clocks showed twice, because they were set back. */
  twice = 0;
  /** Times that clocks never showed, because they were set forward. */
  never = 0;
  private validFrom = Infinity;
  private validTo = -Infinity;
  private offset = 0;
  private before = -Infinity;

  constructor(private readonly zone: Zone) {}

  /**
   * The moment (epoch ms UTC) of a local time (epoch ms as if it were UTC). Rows come in ascending time: of a time that was
   * shown twice the first moment is taken that is later than the row before; one that never was is read as if the clocks
   * had not yet been set forward.
   */
  toUtc(local: number): number {
    if (local < this.validFrom || local >= this.validTo) this.look(local);
    const time = Number.isNaN(this.offset) ? this.unusual(local) : local - this.offset;
    this.before = time;
    return time;
  }

  /** Finds the hours around `local` in which one offset holds; NaN where it changes within a day on either side. */
  private look(local: number): void {
    const { zone } = this;
    const day = Math.floor(local / HOUR_MS) * HOUR_MS;
    const offsets = [day - DAY_MS, day - 2 * HOUR_MS, day + 3 * HOUR_MS].map((time) =>
      zone.offsetAt(time - zone.offsetAt(time)),
    );
    this.validFrom = day;
    this.validTo = day + HOUR_MS;
    const [yesterday = 0, ,] = offsets;
    this.offset = offsets.every((offset) => offset === yesterday) ? yesterday : NaN;
  }

  private unusual(local: number): number {
    const { zone } = this;
    const offsets = [...new Set([zone.offsetAt(local - DAY_MS), zone.offsetAt(local + DAY_MS)])];
    const moments = offsets
      .map((offset) => local - offset)
      .filter((time, index) => zone.offsetAt(time) === offsets[index]);
    const [first, second] = moments.toSorted((a, b) => a - b);
    if (first === undefined) {
      this.never += 1;
      return local - (offsets[0] ?? 0);
    }
    if (second === undefined || first === second) return first;
    this.twice += 1;
    return first > this.before ? first : second;
  }
}
