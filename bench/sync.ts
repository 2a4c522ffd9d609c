/**
 * Synchronous answers without the network: what an oracle answers in process, through the host's wrapper, as the text of
 * the endpoint, and as batches of 100,000 rows. On the synthetic hourly bars of `examples/data`.
 *
 *   node --conditions=development --import tsx bench/sync.ts
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadConfig } from '#libs/config';
import { compileValidator, RawText, type RequestContext } from '#libs/http';
import { invalid, runInContext, systemClock } from '#libs/kernel';
import { loadPlugins, type PluginRegistry } from '#libs/plugin-host';
import { createPlugin } from '#libs/plugin-sdk';
import { BUILT_IN_PLUGINS } from '#libs/plugins';
import oracle from '../libs/plugins/src/predictors/oracle/binary-ideal-oracle.js';
import { AnswerBatch } from '../src/sync/answer-batch.service.js';
import { SyncAnswers, entryQuestion } from '../src/sync/sync-answers.service.js';
import { EntryRequest } from '../src/sync/sync.dto.js';

export interface SyncFigure {
  readonly name: string;
  /** Answers a second, the best of five runs. */
  readonly perSecond: number;
}

const ROWS = 100_000;
const csv_file = resolve('examples/data/synthetic_fx_1h_2023.csv');
const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** 100,000 questions spread over 2023, as a back-tester writes them. */
const rows = Array.from({ length: ROWS }, (_, row) => {
  const moment = new Date(Date.UTC(2023, 0, 2) + ((row * 7919) % 8600) * 3_600_000).toISOString();
  const [date = '', time = ''] = moment.slice(0, -1).split('T');
  return {
    datetime: `${date.split('-').toReversed().join('.')} ${time}`,
    tp: 150 + (row % 100),
    sl: 100 + (row % 50),
    spread_pips: 0,
    commission_per_lot: 0,
    slippage_pips: 0,
  };
});

/** The same after the check of a single request. */
const requests = rows.map((row) => {
  const checked = compileValidator(EntryRequest)(row, 'body');
  if ('violations' in checked) throw invalid(...checked.violations);
  return checked.value;
});

async function best(name: string, work: () => unknown): Promise<SyncFigure> {
  let leastMs = Infinity;
  for (let run = 0; run < 5; run += 1) {
    const startedAt = performance.now();
    await work();
    leastMs = Math.min(leastMs, performance.now() - startedAt);
  }
  return { name, perSecond: Math.round((ROWS / leastMs) * 1000) };
}

const settings = (flags: Readonly<Record<string, unknown>>) =>
  loadConfig({
    flags: { core_plugin: 'sync_core', predictor_plugin: 'binary_ideal_oracle', csv_file, ...flags },
    env: {},
  });

async function registryOf(flags: Readonly<Record<string, unknown>>): Promise<PluginRegistry> {
  return loadPlugins({
    manifest: BUILT_IN_PLUGINS,
    config: settings(flags),
    clock: systemClock,
    logger: silent,
    barCache: null,
    importModule: () => Promise.reject(new Error('no third-party plugins here')),
  });
}

/** Measures everything; takes about ten seconds. */
export async function measureSync(): Promise<readonly SyncFigure[]> {
  const questions = requests.map(entryQuestion);
  const bare = await createPlugin(oracle, { csv_file });
  const plain = await registryOf({});
  const noisy = await registryOf({ noise_probability: 0.1 });
  const sequential = await registryOf({ noise_probability: 0.1, noise_mode: 'sequential' });
  const lines = new RawText(rows.map((row) => JSON.stringify(row)).join('\n'), 'application/x-ndjson');
  const ask = (registry: PluginRegistry) => () => {
    const predictor = registry.active('predictor');
    for (const question of questions) void predictor.entry(question);
  };
  const answers = new SyncAnswers(plain.active('predictor'));
  const batch = new AnswerBatch(answers, systemClock, settings({ max_batch_rows: ROWS }));
  const context = { requestId: 'bench', path: '/api/v1/predict/entry/batch' } as RequestContext;
  const figures = [
    await best('oracle in process', () => {
      for (const question of questions) void bare.entry?.(question);
    }),
    await best('through the host', ask(plain)),
    await best('through the host, keyed noise', ask(noisy)),
    await best('through the host, sequential noise', ask(sequential)),
    await best('as the text of the endpoint', () => {
      for (const request of requests) void answers.entry(request);
    }),
    await best('in a batch, list', () => runInContext(context, () => batch.entry(rows))),
    await best('in a batch, lines', () => runInContext(context, () => batch.entry(lines))),
  ];
  await Promise.all([plain, noisy, sequential].map((registry) => registry.close()));
  return figures;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { name, perSecond } of await measureSync()) {
    console.log(`${name.padEnd(36)} ${perSecond.toLocaleString('en').padStart(12)}/s`);
  }
}
