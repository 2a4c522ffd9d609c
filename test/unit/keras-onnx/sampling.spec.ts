import { describe, expect, it, jest } from '@jest/globals';
import type { InferenceSession } from 'onnxruntime-node';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import type { SampledOutput } from '../../../libs/keras-onnx/src/runtime/sample-summary.js';
import { openSession } from '../../../libs/keras-onnx/src/runtime/session.js';
import { TINY, tinyAnswer } from './files.js';
import { compile, modelAround, numbers, random, type LayerCase, type Nd } from './models.js';

const tinyWeights = (name: string): Nd[] =>
  TINY.weights
    .filter(({ layer }) => layer === name)
    .map(({ shape, data }) => ({ shape, data: Array.from(data) }));
const tiny = () =>
  Engine.open(
    compile(TINY.config, (layer) => tinyWeights(layer.name)),
    1,
  );

const sessionOf = () => openSession(compile(TINY.config, (layer) => tinyWeights(layer.name)).run.onnx, 1);

async function sampleLayer(
  test: LayerCase,
  samples = 20_000,
): Promise<{ mean: Float32Array; std: Float32Array }> {
  const engine = await Engine.open(
    compile(modelAround(test), (layer) => (layer.name === 'layer' ? (test.weights ?? []) : [])),
    1,
  );
  const [output] = await engine.sample(test.inputs, { samples, seed: 11 });
  await engine.close();
  if (output === undefined) throw new Error('a model has an output');
  return output;
}

const layer = (class_name: string, config: Record<string, unknown>): Record<string, unknown> => ({
  module: 'keras.layers',
  class_name,
  config,
});

describe('Monte-Carlo sampling', () => {
  it('has the moments that theory gives for dropout behind a dense layer', async () => {
    const engine = await tiny();
    const [output] = await engine.sample([TINY.input], { samples: 20_000, seed: 3 });
    await engine.close();
    const { hidden, answer } = tinyAnswer();
    const last = TINY.weights[2].data;
    answer.forEach((mean, unit) => {
      // Each hidden value is kept doubled or dropped: variance h² each.
      const std = Math.sqrt(
        hidden.reduce((total, value, index) => total + (value * (last[index * 2 + unit] ?? 0)) ** 2, 0),
      );
      expect(Math.abs((output?.mean[unit] ?? 0) - mean)).toBeLessThan((4 * std) / Math.sqrt(20_000));
      expect(Math.abs((output?.std[unit] ?? 0) / std - 1)).toBeLessThan(0.03);
    });
  });

  it('gives the same bits for the same seed, others for another, and a prefix for fewer samples', async () => {
    const engine = await tiny();
    const ask = async (seed: number, samples = 64) =>
      (await engine.sample([TINY.input], { samples, seed, keepSamples: true }))[0]?.values;
    const [first, again, other, fewer] = [await ask(5), await ask(5), await ask(6), await ask(5, 10)];
    const [apart] = await engine.sample([TINY.input], { samples: 64, seed: 5, batch: 7, keepSamples: true });
    expect(Array.from(apart?.values ?? [])).toEqual(Array.from(first ?? [0]));
    for (const batch of [0, 1.5]) {
      const refused = engine.sample([TINY.input], { samples: 64, seed: 5, batch });
      await expect(refused).rejects.toMatchObject({ code: 'model_input' });
    }
    await engine.close();
    expect(Array.from(again ?? [])).toEqual(Array.from(first ?? [0]));
    expect(Array.from(other ?? [])).not.toEqual(Array.from(first ?? []));
    expect(Array.from(fewer ?? [])).toEqual(Array.from(first?.subarray(0, 20) ?? [0]));
  });

  it('treats rows apart and answers quantiles of what it drew', async () => {
    const engine = await tiny();
    const data = [...TINY.input.data, 0.3, 0.2, 0.9, -1];
    const [output] = await engine.sample([{ shape: [2, 4], data }], {
      samples: 101,
      seed: 1,
      quantiles: [0, 0.5, 1],
      keepSamples: true,
    });
    await engine.close();
    expect(output?.shape).toEqual([2, 2]);
    const values = output?.values ?? new Float32Array();
    for (let index = 0; index < 4; index += 1) {
      const column = Array.from({ length: 101 }, (_, sample) => values[sample * 4 + index] ?? 0).sort(
        (a, b) => a - b,
      );
      expect(output?.quantiles.map((level) => level[index])).toEqual([column[0], column[50], column[100]]);
    }
  });

  it('computes several rows in one run and answers each with the bits that it has alone', async () => {
    const engine = await tiny();
    const next = numbers(8);
    const rows = random([9, 4], next);
    const seeds = [3, 1, 4, 1, 5, 9, 2, 6, 5];
    const ask = { samples: 50, quantiles: [0.1, 0.9], keepSamples: true };
    const alone: unknown[] = [];
    for (const [row, seed] of seeds.entries()) {
      const input = { shape: [1, 4], data: rows.data.slice(row * 4, row * 4 + 4) };
      alone.push(await engine.sample([input], { ...ask, seed }));
    }
    // The first time rows are computed in both ways, to see whether they are the same.
    expect(await engine.sampleRows([rows], { ...ask, seeds })).toEqual(alone);
    const runs = jest.spyOn(Object.getPrototypeOf(await sessionOf()) as InferenceSession, 'run');
    try {
      expect(await engine.sampleRows([rows], { ...ask, seeds })).toEqual(alone);
      // One run for the part of each row that nothing random reaches, and one for all of the rest.
      expect(runs).toHaveBeenCalledTimes(10);
      runs.mockClear();
      expect(await engine.sampleRows([rows], { ...ask, seeds, batch: 150 })).toEqual(alone);
      expect(runs).toHaveBeenCalledTimes(12);
      const [together] = await engine.sample([rows], { ...ask, seed: 3 });
      expect(together?.mean.subarray(0, 2)).toEqual((alone[0] as SampledOutput[])[0]?.mean);
    } finally {
      runs.mockRestore();
      await engine.close();
    }
  });

  it('answers without spread when nothing is random', async () => {
    const x = random([2, 3], numbers(4));
    const { mean, std } = await sampleLayer(
      { className: 'Activation', config: { activation: 'relu' }, inputs: [x] },
      10,
    );
    expect(Array.from(mean)).toEqual(x.data.map((one) => Math.max(Math.fround(one), 0)));
    expect(Array.from(std)).toEqual(x.data.map(() => 0));
  });

  it('keeps every random layer at its mean and gives it its spread', async () => {
    const x: Nd = { shape: [1, 3, 2], data: [1, -2, 0.5, 3, -1, 0.25] };
    const rate = 0.3;
    const relative = Math.sqrt(rate / (1 - rate));
    const spread: Record<string, (one: number) => number> = {
      Dropout: (one) => Math.abs(one) * relative,
      SpatialDropout1D: (one) => Math.abs(one) * relative,
      GaussianDropout: (one) => Math.abs(one) * relative,
    };
    for (const [className, of] of Object.entries(spread)) {
      const { mean, std } = await sampleLayer({ className, config: { rate }, inputs: [x] });
      x.data.forEach((one, index) => {
        expect(Math.abs((mean[index] ?? 0) - one)).toBeLessThan((4.5 * of(one)) / Math.sqrt(20_000));
        expect((std[index] ?? 0) / of(one)).toBeCloseTo(1, 1);
      });
    }
    const noise = await sampleLayer({ className: 'GaussianNoise', config: { stddev: 0.5 }, inputs: [x] });
    x.data.forEach((one, index) => expect(Math.abs((noise.mean[index] ?? 0) - one)).toBeLessThan(0.016));
    expect(noise.std[0]).toBeCloseTo(0.5, 1);
    // Alpha dropout keeps mean 0 and variance 1 of a standardized input.
    const alpha = await sampleLayer({
      className: 'AlphaDropout',
      config: { rate },
      inputs: [{ shape: [1, 2], data: [1, -1] }],
    });
    const [scale, saturation] = [
      ((1 - rate) * (1 + rate * 1.7580993408473766 ** 2)) ** -0.5,
      -1.7580993408473766,
    ];
    const expected = scale * ((1 - rate) * 1 + rate * saturation) - scale * saturation * rate;
    expect(Math.abs((alpha.mean[0] ?? 0) - expected)).toBeLessThan(0.05);
  });

  it('drops whole channels in SpatialDropout1D and whole steps with noise_shape', async () => {
    const ones: Nd = { shape: [1, 4, 3], data: Array(12).fill(1) };
    for (const [className, config, same] of [
      ['SpatialDropout1D', { rate: 0.5 }, (t: number, c: number) => [0, c, t]],
      ['Dropout', { rate: 0.5, noise_shape: [null, null, 1] }, (t: number, c: number) => [t, 0, c]],
    ] as const) {
      const engine = await Engine.open(
        compile(modelAround({ className, config, inputs: [ones] }), () => []),
        1,
      );
      const [output] = await engine.sample([ones], { samples: 50, seed: 2, keepSamples: true });
      await engine.close();
      for (let sample = 0; sample < 50; sample += 1) {
        for (let t = 0; t < 4; t += 1) {
          for (let c = 0; c < 3; c += 1) {
            const [row = 0, column = 0] = same(t, c);
            expect(output?.values?.[sample * 12 + t * 3 + c]).toBe(
              output?.values?.[sample * 12 + row * 3 + column],
            );
          }
        }
      }
    }
  });

  it('draws one mask a sequence for recurrent dropout, and runs as without', async () => {
    const next = numbers(3);
    const x = random([1, 6, 2], next);
    for (const [className, gates, bias] of [
      ['SimpleRNN', 1, [3]],
      ['GRU', 3, [2, 9]],
      ['LSTM', 4, [12]],
    ] as const) {
      const weights = [random([2, 3 * gates], next), random([3, 3 * gates], next), random(bias, next)];
      const plain: LayerCase = { className, config: { units: 3 }, inputs: [x], weights };
      const certain = await sampleLayer(plain, 5);
      const tinyRate = await sampleLayer(
        { ...plain, config: { units: 3, dropout: 1e-9, recurrent_dropout: 1e-9 } },
        5,
      );
      certain.mean.forEach((value, index) => expect(tinyRate.mean[index]).toBeCloseTo(value, 5));
      const dropped = await sampleLayer(
        { ...plain, config: { units: 3, dropout: 0.2, recurrent_dropout: 0.3 } },
        400,
      );
      expect(Math.max(...dropped.std)).toBeGreaterThan(0.01);
    }
  });

  it('varies from step to step inside TimeDistributed', async () => {
    const ones: Nd = { shape: [1, 5, 2], data: Array(10).fill(1) };
    const inner = layer('Dropout', { name: 'inner', rate: 0.5 });
    const test: LayerCase = {
      className: 'TimeDistributed',
      config: { layer: inner },
      inputs: [ones],
      variable: true,
    };
    const engine = await Engine.open(
      compile(modelAround(test), () => []),
      1,
    );
    const [output] = await engine.sample([ones], { samples: 40, seed: 9, keepSamples: true });
    await engine.close();
    const sequences = new Set(
      Array.from({ length: 40 }, (_, sample) =>
        Array.from(output?.values?.subarray(sample * 10, sample * 10 + 10) ?? []).join(),
      ),
    );
    expect(sequences.size).toBeGreaterThan(35);
    expect(new Set(output?.values)).toEqual(new Set([0, 2]));
  });

  it('checks what it is asked', async () => {
    const engine = await tiny();
    const wrong = (options: object) =>
      expect(engine.sample([TINY.input], { samples: 10, seed: 1, ...options })).rejects.toMatchObject({
        code: 'model_input',
      });
    await wrong({ samples: 0 });
    await wrong({ samples: 1.5 });
    await wrong({ samples: 1e9 });
    await wrong({ seed: 0.5 });
    await wrong({ quantiles: [1.5] });
    await engine.close();
  });
});
