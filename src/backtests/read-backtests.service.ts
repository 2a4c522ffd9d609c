import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { Injectable, StreamableFile } from '@nestjs/common';
import { type Backtest, backtestReport } from '#libs/backtest';
import { isAdministrator } from '#libs/http';
import { type Actor, AppError } from '#libs/kernel';
import type { BacktestOut } from './backtest.dto.js';
import type { BacktestEntity } from './backtest.entity.js';
import { BacktestRepository } from './backtest.repository.js';

const unpack = promisify(gunzip);
/** Stored parts that hold the forecasts of a report: the last one may have a single line. */
const REPORTED_PARTS = 2;

/** A back-test as its owner sees it. */
export function backtestOut({ question, result, failure, ...row }: BacktestEntity): BacktestOut {
  return {
    ...row,
    symbol: question.symbol,
    error: failure,
    modelSha256: result?.modelSha256 ?? null,
    targetColumn: result?.targetColumn ?? null,
    refused: result === null ? null : Object.values(result.refused).reduce((sum, count) => sum + count, 0),
    checkedForLeaks: result?.leakCheck.windows ?? null,
    scores: result?.scores ?? [],
  };
}

/** Back-tests, for those who asked for them and for administrators. */
@Injectable()
export class ReadBacktests {
  constructor(private readonly backtests: BacktestRepository) {}

  async list(caller: Actor, limit: number): Promise<BacktestOut[]> {
    const rows = await this.backtests.newest(isAdministrator(caller) ? null : caller.userId, limit);
    return rows.map(backtestOut);
  }

  async one(id: string, caller: Actor): Promise<BacktestOut> {
    return backtestOut(await this.#own(id, caller));
  }

  /** Every forecast, a part of the stored ones at a time. */
  async forecasts(id: string, caller: Actor): Promise<StreamableFile> {
    await this.#completed(id, caller);
    return new StreamableFile(Readable.from(this.#lines(id)), {
      type: 'application/x-ndjson',
      disposition: `attachment; filename="backtest-${id}.ndjson"`,
    });
  }

  /** A page with the scores and pictures of them, of the last forecasts too. */
  async report(id: string, caller: Actor): Promise<StreamableFile> {
    const { result, question } = await this.#completed(id, caller);
    const parts = await this.backtests.lastParts(id, REPORTED_PARTS);
    const texts = await Promise.all(parts.map(({ content }) => unpack(content)));
    const lines = texts.flatMap((text) => text.toString('utf8').trimEnd().split('\n'));
    const page = await backtestReport(result, question, lines);
    return new StreamableFile(Buffer.from(page, 'utf8'), {
      type: 'text/html; charset=utf-8',
      disposition: `attachment; filename="backtest-${id}.html"`,
    });
  }

  async #completed(id: string, caller: Actor): Promise<BacktestEntity & { readonly result: Backtest }> {
    const row = await this.#own(id, caller);
    const { status, result } = row;
    if (status === 'completed' && result !== null) return { ...row, result };
    throw new AppError('conflict', `There are no forecasts: the back-test is ${status}`, {
      code: 'not_completed',
    });
  }

  async *#lines(id: string): AsyncGenerator<Uint8Array> {
    for (let part = 0; ; part += 1) {
      const found = await this.backtests.part(id, part);
      if (found === null) return;
      yield await unpack(found.content);
    }
  }

  /** Somebody else's is not there. */
  async #own(id: string, caller: Actor): Promise<BacktestEntity> {
    const found = await this.backtests.find(id);
    if (found !== null && (found.userId === caller.userId || isAdministrator(caller))) return found;
    throw new AppError('not_found', 'Back-test not found', { code: 'backtest_not_found' });
  }
}
