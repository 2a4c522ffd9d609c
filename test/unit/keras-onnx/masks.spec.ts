import { describe, expect, it } from '@jest/globals';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import { compile, expectClose, type Nd, numbers, random, tabulate } from './models.js';

const [STEPS, FEATURES, UNITS] = [5, 2, 3];

const CELLS = { SimpleRNN: 1, GRU: 3, LSTM: 4 } as const;

interface Entry {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** A chain of layers behind an input of (rows, steps, features). */
function chain(layers: readonly Entry[], steps: number, weights: readonly Nd[]): ReturnType<typeof compile> {
  const input = { class_name: 'InputLayer', config: { name: 'in', batch_shape: [null, steps, FEATURES] } };
  const config = { class_name: 'Sequential', config: { name: 'chain', layers: [input, ...layers] } };
  return compile(config, (layer) => (layer.config.units === undefined ? [] : weights));
}

async function run(layers: readonly Entry[], x: Nd, weights: readonly Nd[] = []): Promise<Nd> {
  const engine = await Engine.open(chain(layers, x.shape[1] ?? 1, weights), 1);
  const [answer] = await engine.run([x]);
  await engine.close();
  return { shape: answer?.shape ?? [], data: Array.from(answer?.data ?? []) };
}

const masking: Entry = { class_name: 'Masking', config: { name: 'masking', mask_value: 9 } };

/** Only the steps that count. */
const seenOnly = (x: Nd, seen: readonly number[]): Nd =>
  tabulate(
    [1, seen.length, FEATURES],
    (_, step, feature) => x.data[(seen[step] ?? 0) * FEATURES + feature] ?? 0,
  );

/** The sequence with 9 in all features of the steps that do not count. */
const padded = (x: Nd, seen: readonly number[]): Nd =>
  tabulate(x.shape, (_, step, feature) =>
    seen.includes(step) ? (x.data[step * FEATURES + feature] ?? 0) : 9,
  );

const PATTERNS = [[0, 1, 2], [2, 3, 4], [0, 3], [1, 2, 4], [4]];

describe('steps that Masking hides', () => {
  for (const [className, gates] of Object.entries(CELLS)) {
    it(`leave a ${className} as if they were not there`, async () => {
      const next = numbers(gates);
      const weights = [
        random([FEATURES, gates * UNITS], next),
        random([UNITS, gates * UNITS], next),
        random(className === 'GRU' ? [2, 3 * UNITS] : [gates * UNITS], next),
      ];
      const x = random([1, STEPS, FEATURES], next);
      for (const seen of PATTERNS) {
        for (const back of [false, true]) {
          const layer = (more: object): Entry => ({
            class_name: className,
            config: { name: 'layer', units: UNITS, go_backwards: back, reset_after: true, ...more },
          });
          const want = await run([layer({})], seenOnly(x, seen), weights);
          expectClose(await run([masking, layer({})], padded(x, seen), weights), want);
          // Hidden steps repeat the output before them, or answer zeros where that is asked for.
          const whole = await run([layer({ return_sequences: true })], seenOnly(x, seen), weights);
          for (const zero of [false, true]) {
            const config = { return_sequences: true, zero_output_for_mask: zero };
            const order = Array.from({ length: STEPS }, (_, step) => (back ? STEPS - 1 - step : step));
            let done = 0;
            const rows = order.flatMap((step) => {
              if (seen.includes(step)) done += 1;
              const at = (done - 1) * UNITS;
              const isZero = done === 0 || (zero && !seen.includes(step));
              return isZero ? Array<number>(UNITS).fill(0) : whole.data.slice(at, at + UNITS);
            });
            const got = await run([masking, layer(config)], padded(x, seen), weights);
            expectClose(got, { shape: [1, STEPS, UNITS], data: rows });
          }
        }
      }
      const hidden = await run(
        [masking, { class_name: className, config: { name: 'layer', units: UNITS } }],
        padded(x, []),
        weights,
      );
      expect(hidden.data).toEqual([0, 0, 0]);
    });
  }

  it('are no part of a mean, and reach it through layers that hand masks on', async () => {
    const x = random([1, STEPS, FEATURES], numbers(3));
    const mean = { class_name: 'GlobalAveragePooling1D', config: { name: 'mean' } };
    const dropout = { class_name: 'Dropout', config: { name: 'drop', rate: 0.5 } };
    for (const seen of PATTERNS) {
      const want = await run([mean], seenOnly(x, seen));
      expectClose(await run([masking, dropout, mean], padded(x, seen)), want);
    }
  });

  it('are forgotten behind layers that do not know masks', async () => {
    const x = padded(random([1, STEPS, FEATURES], numbers(3)), [0, 1]);
    const zeroed = tabulate(x.shape, (_, step, feature) =>
      step < 2 ? (x.data[step * FEATURES + feature] ?? 0) : 0,
    );
    const mean = { class_name: 'GlobalAveragePooling1D', config: { name: 'mean' } };
    const reshape = { class_name: 'Reshape', config: { name: 'same', target_shape: [STEPS, FEATURES] } };
    expectClose(await run([masking, reshape, mean], x), await run([mean], zeroed));
  });

  it('count for an LSTM with given states only where the call names the mask, as in Keras', async () => {
    const next = numbers(4);
    const weights = [random([FEATURES, 12], next), random([UNITS, 12], next), random([12], next)];
    const x = padded(random([1, STEPS, FEATURES], next), [2, 3]);
    const tensor = (layer: string): object => ({
      class_name: '__keras_tensor__',
      config: { shape: [], dtype: 'float32', keras_history: [layer, 0, 0] },
    });
    const state = { shape: [1, UNITS], data: [0.1, -0.2, 0.3] };
    const answer = async (first: string, given: Nd): Promise<number[]> => {
      const of = (
        name: string,
        className: string,
        config: object,
        args: readonly object[] = [],
        more = {},
      ): object => ({
        class_name: className,
        name,
        config: { name, trainable: true, ...config },
        inbound_nodes: args.length === 0 ? [] : [{ args, kwargs: more }],
      });
      const layers = [
        of('x', 'InputLayer', { batch_shape: [null, STEPS, FEATURES] }),
        of('h', 'InputLayer', { batch_shape: [null, UNITS] }),
        of('masked', 'Masking', { mask_value: 9 }, [tensor('x')]),
        of('lstm', 'LSTM', { units: UNITS }, [tensor(first)], { initial_state: [tensor('h'), tensor('h')] }),
      ];
      const graph = {
        name: 'm',
        layers,
        input_layers: [
          ['x', 0, 0],
          ['h', 0, 0],
        ],
        output_layers: [['lstm', 0, 0]],
      };
      const model = compile({ class_name: 'Functional', config: graph }, (layer) =>
        layer.name === 'lstm' ? weights : [],
      );
      const engine = await Engine.open(model, 1);
      const [got] = await engine.run([given, state]);
      await engine.close();
      return Array.from(got?.data ?? []);
    };
    // Masking zeroes the hidden steps; without the mask the LSTM goes on over these zeros.
    const zeroed = tabulate(x.shape, (_, step, feature) =>
      step === 2 || step === 3 ? (x.data[step * FEATURES + feature] ?? 0) : 0,
    );
    const overZeros = await answer('masked', x);
    expect(overZeros).toEqual(await answer('x', zeroed));
  });
});
