import { dayOfMonth, dayOfWeek, hourOfDay } from '../timestamps.js';
import type { Family, Member } from './family.js';
import { Past } from './windows.js';

const none = (): number => 0;
const before = (): number => 1;
const SHAPES = ['BC-BO', 'BH-BL', 'BH-BO', 'BO-BL'] as const;
const SHAPE_TEXTS = ['C - O', 'H - L', 'H - O', 'O - L'] as const;
const PRICES = ['OPEN', 'HIGH', 'LOW', 'CLOSE'] as const;

const shapes = (lag: 0 | 1): Family => ({
  members: SHAPES.map((name, at) => ({
    name: `${name}_${lag === 1 ? 'previous' : 'current'}`,
    formula: `${SHAPE_TEXTS[at]} of ${lag === 1 ? 'the bar before' : 'the bar itself'}`,
    first: lag === 1 ? before : none,
  })),
  periods: [],
  needs: PRICES,
  source: 'the feature files of the original',
  create: () => {
    const pasts = SHAPES.map(() => new Past(1));
    const sizes = new Float64Array(SHAPES.length);
    return ({ open, high, low, close }, values) => {
      sizes[0] = close - open;
      sizes[1] = high - low;
      sizes[2] = high - open;
      sizes[3] = open - low;
      for (let at = 0; at < sizes.length; at += 1) {
        const size = sizes[at] ?? NaN;
        values[at] = lag === 0 ? size : (pasts[at]?.next(size) ?? NaN);
      }
    };
  },
});

/** Sine and cosine of a place in a cycle, so that its end lies beside its beginning. */
function cycle(
  names: readonly string[],
  told: string,
  length: number,
  placeOf: (time: number) => number,
): Family {
  const [own = '', ...others] = names;
  const member = (wave: 'sin' | 'cos'): Member => ({
    name: `${own}_${wave}`,
    aliases: [`${wave}_${own}`, ...others.flatMap((name) => [`${name}_${wave}`, `${wave}_${name}`])],
    formula: `${wave}(2π · ${told} / ${length})`,
    first: none,
  });
  return {
    members: [member('sin'), member('cos')],
    periods: [],
    needs: [],
    source: 'N. I. Fisher, Statistical Analysis of Circular Data, 1993; times in UTC',
    create: () => {
      const angles = Float64Array.from({ length }, (_, place) => (2 * Math.PI * place) / length);
      const [sines, cosines] = [angles.map(Math.sin), angles.map(Math.cos)];
      return (bar, values) => {
        const place = placeOf(bar.time);
        values[0] = sines[place] ?? NaN;
        values[1] = cosines[place] ?? NaN;
      };
    },
  };
}

const monthOf = (time: number): number => new Date(time).getUTCMonth();

/** Shapes of bars and times. */
export const CALENDAR_FAMILIES: readonly Family[] = [
  shapes(0),
  shapes(1),
  {
    members: [
      { name: 'day_of_month', formula: '1 to 31', first: none },
      { name: 'hour_of_day', aliases: ['hour'], formula: '0 to 23', first: none },
      { name: 'day_of_week', aliases: ['weekday'], formula: 'Monday 0 to Sunday 6', first: none },
      { name: 'month', formula: '1 to 12', first: none },
    ],
    periods: [],
    needs: [],
    source: 'the calendar in UTC',
    create:
      () =>
      ({ time }, values) => {
        values[0] = dayOfMonth(time);
        values[1] = hourOfDay(time);
        values[2] = dayOfWeek(time);
        values[3] = monthOf(time) + 1;
      },
  },
  cycle(['hour', 'hour_of_day', 'hod'], 'hour', 24, hourOfDay),
  cycle(['weekday', 'day_of_week', 'dow'], 'weekday', 7, dayOfWeek),
  cycle(['month'], '(month - 1)', 12, monthOf),
];
