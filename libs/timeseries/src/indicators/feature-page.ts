import type { Member, FeatureNumber } from './family.js';
import { FAMILIES } from './feature-names.js';

const INTRODUCTION = `# Features

Written from the definitions by \`npm run docs\`. These are the columns that the feeders compute from bars: name them in
\`feature_columns\` or in the metadata of a model. A column that the data have themselves goes before one of the same name.

| Form              | Means                                                                                             |
| ----------------- | ------------------------------------------------------------------------------------------------- |
| \`RSI_7\`           | the indicator with its numbers; those left out are the table's: \`MACD_5\` is \`MACD_5_26_9\`         |
| \`CLOSE_lag_3\`     | any column or indicator, three bars ago                                                           |
| \`1d:RSI_14\`       | the indicator over longer bars (\`4h\`, \`1d\`, \`1w\`, \`1mo\`, …), of which only closed ones are seen     |
| \`^GSPC:RSI_14\`    | of another symbol, from bars that had closed when the row's own bar closed                        |
| \`^GSPC:1d:CLOSE\`  | both                                                                                              |
| \`BC-BO\`           | shapes of bars; \`bar_shapes\` says of which, \`BC-BO_current\` and \`BC-BO_previous\` do so themselves   |

Names are found whatever their case, \`_\` and \`%\` (\`stochastic_k_5\`, \`sma50\`). An unknown name is refused with the nearest one.
No value looks ahead: a row is made of its own bar, which is known when it closes, and of earlier ones. Longer bars are
put together as those of an \`interval\` ([data.md](data.md#length-of-bars)), days by the market's sessions, and seen once they
are over; a short session is over when it usually would be. Where \`data_files\` names \`EURUSD@1d\`, and at Yahoo Finance, those
bars are taken instead. With daily or longer rows, another symbol's bars are seen from the next row on, because days of two
exchanges end at different moments.

C, H, L, O, V: close, high, low, open, volume of the bar; C₋ₙ: n bars before; lowₙ, highₙ: least L and greatest H of the
last n bars; EMA, RMA, ATR: the features of that name. "First" is the number of bars before the first value. Averages that
weigh all of the past forget where the history began after some bars ("settles", to 1e-8); a market feeder fetches so many
more than are asked for. Rows without a value in one of the columns are left out.
`;

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The page `docs/features.md`: every feature with its numbers, formula and source. */
export function featurePage(): string {
  const rows = FAMILIES.flatMap((family) => {
    const presets = family.periods.map(({ preset }) => preset);
    const [a = NaN, b = NaN, c = NaN] = presets;
    const settles = family.settles?.(a, b, c);
    return family.members.map((member) =>
      [
        namesOf(member),
        family.periods.map(periodText).join(', '),
        family.needs.length === 0 ? 'time' : family.needs.map((name) => name.charAt(0)).join(' '),
        member.formula,
        String(member.first(a, b, c)),
        settles === undefined ? '' : String(settles),
        family.source,
      ].map(cell),
    );
  });
  const head = ['Name (also)', 'Numbers', 'Needs', 'Formula', 'First', 'Settles', 'Source'];
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${INTRODUCTION}\n${table.join('\n')}\n`;
}

const periodText = ({ name, preset }: FeatureNumber): string => `${name} ${preset}`;

function namesOf({ name, aliases = [] }: Member): string {
  const others = aliases.length === 0 ? '' : ` (${aliases.map((one) => `\`${one}\``).join(', ')})`;
  return `\`${name}\`${others}`;
}
