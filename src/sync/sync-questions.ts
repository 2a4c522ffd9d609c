import { AppError } from '#libs/kernel';
import type { EntryQuestion, ExitQuestion } from '#libs/plugin-sdk';
import { parseSyncTimestamp } from '#libs/timeseries';
import type { EntryRequest, ExitRequest } from './sync.dto.js';

/** Longest piece of a wrong value that an error repeats. */
const MAX_ECHO = 100;

/** @throws AppError `bad_request` when the timestamp has another form */
export const entryQuestion = (request: EntryRequest): EntryQuestion => ({
  time: moment(request.datetime),
  takeProfitPips: request.tp,
  stopLossPips: request.sl,
  spreadPips: request.spread_pips,
  commissionPerLot: request.commission_per_lot,
  slippagePips: request.slippage_pips,
});

/** @throws AppError `bad_request` for a wrong timestamp, then for a wrong direction */
export const exitQuestion = (request: ExitRequest): ExitQuestion => ({
  time: moment(request.datetime),
  direction: direction(request.direction),
  takeProfitPrice: request.tp_price,
  stopLossPrice: request.sl_price,
});

function moment(text: string): number {
  const time = parseSyncTimestamp(text);
  if (time !== null) return time;
  throw new AppError('bad_request', `Invalid timestamp format: ${text.slice(0, MAX_ECHO)}`, {
    code: 'invalid_timestamp',
  });
}

function direction(text: string): 'buy' | 'sell' {
  const lower = text.toLowerCase();
  if (lower === 'buy' || lower === 'sell') return lower;
  throw new AppError('bad_request', `Invalid direction: ${text.slice(0, MAX_ECHO)}. Use 'buy' or 'sell'.`, {
    code: 'invalid_direction',
  });
}
