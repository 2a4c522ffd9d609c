import type { ParameterDeclarations } from '#libs/kernel';
import { noEffect } from './no-effect.js';

/** Defaults of the feeder: what data is asked for. A plugin's own default wins over the ones here. */
export const FEEDER_SETTINGS = {
  feeder_plugin: {
    type: 'string',
    default: 'default_feeder',
    minLength: 1,
    help: 'Feeder plugin that brings the market data.',
  },
  instrument: {
    type: 'string',
    default: 'MSFT',
    minLength: 1,
    maxLength: 32,
    help: 'Symbol to feed when a request names none.',
  },
  correlated_instruments: {
    type: 'list',
    items: 'string',
    default: [],
    help: 'Symbols whose closes are joined to the instrument as further columns, for example `^GSPC,^VIX`.',
  },
  window_size: {
    type: 'integer',
    default: 256,
    min: 0,
    max: 1_000_000,
    help: 'Rows of history that a feeder hands over and a model looks at.',
  },
  batch_size: {
    type: 'integer',
    default: 256,
    min: 1,
    max: 65_536,
    help: 'Most Monte-Carlo samples computed in one run of a model; bounds its memory.',
  },
  n_batches: {
    type: 'integer',
    default: 1,
    min: 1,
    max: 65_536,
    help: noEffect('a feeder fetches its whole range at once'),
  },
  use_normalization_json: {
    type: 'string',
    default: null,
    minLength: 1,
    help: "Path of a JSON file with the normalisation of the feeder's columns.",
  },
  target_column: {
    type: 'string',
    default: 'Close',
    minLength: 1,
    help: 'Column that is predicted when a request names none.',
  },
} as const satisfies ParameterDeclarations;
