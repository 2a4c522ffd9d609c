import { print } from './command.js';

/** What the demo looks at of a back-test. */
export interface DemoBacktest {
  readonly status: string;
  readonly done: number;
  readonly error: { readonly message: string } | null;
  readonly scores: readonly {
    readonly outcomes: number;
    readonly loss: number;
    readonly baseline_loss: number;
    readonly skill: number;
    readonly skill_lower: number;
    readonly skill_upper: number;
    readonly coverage: readonly { readonly level: number; readonly share: number }[];
  }[];
}

/** A forecast a week from all that was known then. */
export const SCORED = {
  model: 'default_predictor',
  symbol: 'SP500',
  interval: '1d',
  start_date: '2018-01-01',
  stride: 5,
  horizons: [1, 5, 10],
  samples: 100,
  seed: 1,
};

/** Live forecasts have no outcome in a demo that lasts for seconds; those of a back-test see no bar after their own moment. */
export function printScores({ done, scores }: DemoBacktest): void {
  const [all] = scores;
  const held = all?.coverage.find(({ level }) => level === 0.9);
  if (all === undefined || held === undefined) throw new Error('the back-test has no scores');
  const [skill, lower, upper] = [all.skill, all.skill_lower, all.skill_upper].map((one) => one.toFixed(3));
  print(`
Scorecard of a back-test of that model on days it was not trained on, SP500 since 2018: ${done} forecasts, each from the bars before it, ${all.outcomes} outcomes

  CRPS ${all.loss.toFixed(2)}, random walk ${all.baseline_loss.toFixed(2)}: skill ${skill} (90 % bounds ${lower} and ${upper}); 90 % intervals held ${Math.round(held.share * 100)} %
  Live forecasts are scored when their bars have closed: GET /api/v1/models/default_predictor/scorecard (unrated below 40 outcomes)`);
}
