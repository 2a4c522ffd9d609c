import { beforeAll, expect, it } from '@jest/globals';
import { Frame, type EntryQuestion } from '#libs/plugin-sdk';
import { formatNaiveIso } from '#libs/timeseries';
import binary, {
  type BinaryIdealOracle,
} from '../../../libs/plugins/src/predictors/oracle/binary-ideal-oracle.js';
import direction, {
  type DirectionIdealOracle,
} from '../../../libs/plugins/src/predictors/oracle/direction-ideal-oracle.js';
import noisyIdeal, {
  type NoisyIdealPredictor,
} from '../../../libs/plugins/src/predictors/noisy-ideal-predictor.js';
import { at, createPredictor, entryAt, exitAt, forecastRequest } from './predictor-context.js';
import {
  readReferenceAnswers,
  whenShared,
  YEARS_2018,
  type EntryCase,
  type ReferenceAnswers,
} from './reference-answers.js';

const original = { horizon_mode: 'original', noise_mode: 'sequential' };
const binaryOracle = (given: object) =>
  createPredictor<BinaryIdealOracle, typeof binary.parameters>(binary, { ...original, ...given });
const directionOracle = (given: object) =>
  createPredictor<DirectionIdealOracle, typeof direction.parameters>(direction, { ...original, ...given });

const ask = ({ request }: EntryCase): EntryQuestion =>
  entryAt(request.datetime, request.tp, request.sl, {
    spreadPips: request.spread_pips,
    commissionPerLot: request.commission_per_lot,
    slippagePips: request.slippage_pips,
  });

whenShared('the reference answers on two years of hourly bars', () => {
  let reference: ReferenceAnswers;
  beforeAll(() => {
    reference = readReferenceAnswers();
  });

  it('are those of the binary oracle', async () => {
    const { params, entry, exit = [] } = reference.binary_ideal_oracle;
    const oracle = await binaryOracle({ csv_file: YEARS_2018, ...params });
    for (const one of entry) {
      const answer = oracle.entry(ask(one));
      expect({
        response: {
          buy_entry_binary: answer.buy,
          sell_entry_binary: answer.sell,
          bars_remaining: answer.barsRemaining,
          buy_confidence: answer.buyConfidence,
          sell_confidence: answer.sellConfidence,
        },
        matched_bar: formatNaiveIso(answer.matchedTime),
        current_price: answer.currentPrice,
      }).toEqual({ response: one.response, matched_bar: one.matched_bar, current_price: one.current_price });
    }
    for (const { request, response, matched_bar } of exit) {
      const question = exitAt(request.datetime, request.direction, request.tp_price, request.sl_price);
      const answer = oracle.exit(question);
      expect({ exit_binary: answer.keep, exit_confidence: answer.confidence }).toEqual(response);
      expect(formatNaiveIso(answer.matchedTime)).toBe(matched_bar);
    }
    expect([entry.length, exit.length]).toEqual([150, 150]);
  });

  it('are those of the noisy binary oracle, in order', async () => {
    const { params, entry } = reference.binary_ideal_oracle_noisy;
    const oracle = await binaryOracle({ csv_file: YEARS_2018, ...params });
    const said = entry.map((one) => {
      const { buy, sell } = oracle.entry(ask(one));
      return { buy_entry_binary: buy, sell_entry_binary: sell };
    });
    expect(said).toEqual(entry.map(({ response }) => response));
    expect(said).toHaveLength(60);
  });

  it('are those of the direction oracle, average true range to the last bit', async () => {
    const { params, entry, exit = [] } = reference.direction_ideal_oracle;
    const oracle = await directionOracle({ csv_file: YEARS_2018, ...params });
    for (const one of entry) {
      const answer = oracle.entry(ask(one));
      expect({
        buy_entry_binary: answer.buy,
        sell_entry_binary: answer.sell,
        bars_remaining: answer.barsRemaining,
        buy_confidence: answer.buyConfidence,
        sell_confidence: answer.sellConfidence,
        atr: answer.atr,
        timestamp: formatNaiveIso(answer.matchedTime),
        current_price: answer.currentPrice,
      }).toEqual(one.response);
    }
    for (const { request, response } of exit) {
      const question = exitAt(request.datetime, request.direction, request.tp_price, request.sl_price);
      const { keep, confidence, matchedTime, currentPrice } = oracle.exit(question);
      expect({
        exit_binary: keep,
        exit_confidence: confidence,
        timestamp: formatNaiveIso(matchedTime),
        current_price: currentPrice,
      }).toEqual(response);
    }
    expect([entry.length, exit.length]).toEqual([60, 60]);
  });

  it('are those of the noisy ideal predictor, in order', async () => {
    const nothing = Frame.of(new Float64Array(0));
    for (const { params, cases } of reference.noisy_ideal_predictor) {
      const given = { csv_file: YEARS_2018, noise_mode: 'sequential', tail: 'hold', ...params };
      const predictor = await createPredictor<NoisyIdealPredictor, typeof noisyIdeal.parameters>(
        noisyIdeal,
        given,
      );
      for (const { timestamp, hourly_predictions, daily_predictions } of cases) {
        const output = predictor.forecast(nothing, forecastRequest({ baseline: at(timestamp) }));
        expect(output.horizons).toEqual([1, 2, 3, 4, 5, 6, 24, 48, 72, 96, 120, 144]);
        expect(output.predictions).toEqual([...hourly_predictions, ...daily_predictions]);
        expect(output.baseline_datetime).toBe(timestamp);
      }
      expect(cases).toHaveLength(20);
    }
  });
});
