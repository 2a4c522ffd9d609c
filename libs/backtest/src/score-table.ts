import type { ScoreRow } from './horizon-scores.js';
import type { Backtest } from './walk-forward.js';

const HEADINGS = [
  'Bars ahead',
  'Outcomes',
  'Loss',
  'Walk',
  'Skill (90 % bounds)',
  'p',
  'MAE',
  'Walk',
  'RMSE',
  'MASE',
  'Direction',
  'In 90 %',
];

/** The scores of a back-test as people read them, headings first; a dash where there is no number. */
export const scoreTable = (scores: readonly ScoreRow[]): readonly (readonly string[])[] => [
  HEADINGS,
  ...scores.map(cellsOf),
];

function cellsOf(row: ScoreRow): readonly string[] {
  const { skill, skillLower, skillUpper, coverage } = row;
  return [
    row.horizon === null ? 'all' : String(row.horizon),
    String(row.outcomes),
    shortNumber(row.loss),
    shortNumber(row.baselineLoss),
    skill === null ? '–' : `${percent(skill)} (${percent(skillLower)} to ${percent(skillUpper)})`,
    shortNumber(row.pValue),
    shortNumber(row.mae),
    shortNumber(row.baselineMae),
    shortNumber(row.rmse),
    shortNumber(row.mase),
    percent(row.directionalAccuracy.share),
    percent(coverage.find(({ level }) => level === 0.9)?.share ?? null),
  ];
}

/** Four digits that count; a dash for none. */
export const shortNumber = (value: number | null): string =>
  value === null ? '–' : String(Number(value.toPrecision(4)));
const percent = (value: number | null): string => (value === null ? '–' : `${(value * 100).toFixed(1)} %`);

/** Whether forecasts saw bars that came later, in one sentence. */
export const leakSentence = ({ windows, unrepeatable }: Backtest['leakCheck']): string =>
  unrepeatable === 0
    ? `Later bars were changed behind ${windows} forecasts; none depended on them.`
    : `${unrepeatable} of ${windows} forecasts cannot be repeated, so whether later bars matter is not known.`;
