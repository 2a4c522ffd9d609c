import type { ParameterDeclarations } from '#libs/kernel';
import { noEffect } from './no-effect.js';

/** The pipeline and its schedule. */
export const PIPELINE_SETTINGS = {
  pipeline_plugin: {
    type: 'string',
    default: 'default_pipeline',
    minLength: 1,
    help: 'Pipeline plugin that arranges feeder and predictor.',
  },
  pipeline_enabled: {
    type: 'boolean',
    default: true,
    help: 'Run predictions; when false, new ones are refused with 503.',
  },
  scheduled_predictions: {
    type: 'boolean',
    default: false,
    help: 'Predict the configured instrument every `prediction_interval` seconds.',
  },
  prediction_interval: {
    type: 'integer',
    default: 300,
    min: 1,
    max: 86_400,
    help: 'Seconds between two scheduled predictions.',
  },
  pipeline_db_path: {
    type: 'string',
    default: 'prediction_provider.db',
    help: noEffect('everything is stored in the one database of `database_url`'),
  },
} as const satisfies ParameterDeclarations;
