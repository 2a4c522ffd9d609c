import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { createPlugin, Frame, type Predictor } from '#libs/plugin-sdk';
import { FakeClock } from '#libs/testing';
import inferenceServer from '../../../libs/plugins/src/predictors/inference-server/inference-server-predictor.js';
import { at, forecastRequest, scratchFolder } from './predictor-context.js';
import {
  type About,
  type Script,
  ScriptedInferenceServer,
  serverOf,
  stepping,
} from './scripted-inference-server.js';

export const CLOSES = Array.from({ length: 60 }, (_, row) => 100 + row / 4);
export const frame = Frame.of(
  Float64Array.from(CLOSES, (_, row) => at('2024-01-08') + row * 3_600_000),
  { CLOSE: Float64Array.from(CLOSES) },
);
export const LAST = CLOSES.at(-1) ?? NaN;
/** Path of the model's metadata, once the specs run. */
let metadata = '';

export const server = new ScriptedInferenceServer(stepping);
/** What is closed after each spec. */
export const opened: Predictor[] = [];
/** The clock of the newest predictor. */
export const clock = { current: new FakeClock() };
export const warned: string[] = [];

/** The server of a spec file: it listens from now on, and is left behind as it was found. */
export function serveSpecs(): void {
  let scratch: ReturnType<typeof scratchFolder>;
  beforeAll(async () => {
    scratch = scratchFolder();
    const known = { feature_columns: ['CLOSE'], window_size: 4 };
    metadata = scratch.write('forecaster.json', JSON.stringify(known));
    await server.start();
  });
  afterEach(async () => {
    for (const predictor of opened.splice(0)) await predictor.close?.();
    server.asked.length = 0;
    warned.length = 0;
  });
  afterAll(async () => {
    await server.kill();
    scratch.remove();
  });
}

export const given = (more: object) => ({
  inference_url: server.url,
  inference_model: 'forecaster',
  inference_metadata_path: metadata,
  inference_networks: ['127.0.0.0/8', '::1'],
  inference_format: 'json',
  inference_retries: 0,
  ...more,
});
export async function served(
  more: object = {},
  infer: Script = stepping,
  about: About = {},
): Promise<Predictor> {
  server.script = serverOf(about, infer);
  clock.current = new FakeClock();
  const logger = { info: () => {}, warn: (text: string) => void warned.push(text), error: () => {} };
  const created = await createPlugin(inferenceServer, given(more), { clock: clock.current, logger });
  opened.push(created as Predictor);
  return created as Predictor;
}
export const ask = async (from: Predictor, more: object = {}) =>
  from.forecast?.(frame, forecastRequest(more));
/** The code and the text of a failure. */
export const faultOf = async (work: Promise<unknown>): Promise<readonly [string, string]> => {
  try {
    await work;
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return [code, message];
  }
  throw new Error('it did not fail');
};
