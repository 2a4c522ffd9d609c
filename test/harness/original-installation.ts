import { hash } from '@node-rs/bcrypt';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { denseKeras } from '../unit/keras-onnx/files.js';
import { denseAnswer, type DenseModel } from '../unit/predictors/trained-models.js';
import { writeOriginal } from './original-database.js';

/** All the settings of the original with their defaults, as it writes them. */
export const ORIGINAL_DEFAULTS = `{
  "core_plugin": "default_core", "host": "127.0.0.1", "port": 8000, "reload": false, "workers": 1,
  "database_url": "sqlite:///predictions.db", "database_echo": false, "database_pool_size": 10, "database_max_overflow": 20,
  "secret_key": "your-secret-key-change-in-production", "algorithm": "HS256", "access_token_expire_minutes": 30, "api_key_expire_days": 90, "require_activation": true,
  "endpoints_plugin": "default_endpoints", "endpoints_host": "0.0.0.0", "endpoints_port": 5000, "endpoints_debug": false, "endpoints_db_path": "prediction_provider.db", "endpoint_plugins": ["predict_endpoint"],
  "feeder_plugin": "default_feeder", "instrument": "MSFT", "correlated_instruments": [], "n_batches": 1, "batch_size": 256, "window_size": 256, "use_normalization_json": null, "target_column": "Close",
  "predictor_plugin": "default_predictor", "model_path": null, "normalization_params_path": null, "model_type": "keras", "prediction_horizon": 6, "prediction_timeout": 300,
  "max_concurrent_predictions": 10, "prediction_history_days": 30, "prediction_confidence_level": 0.95, "prediction_target_column": "close_price",
  "mc_samples": 100, "use_gpu": true, "gpu_memory_limit": null, "enable_mixed_precision": false, "model_cache_size": 5,
  "pipeline_plugin": "default_pipeline", "pipeline_enabled": true, "prediction_interval": 300, "pipeline_db_path": "prediction_provider.db", "enable_logging": true, "quiet_mode": false, "log_level": "WARNING",
  "create_user": null, "username": null, "email": null, "role": "client", "activate_user": null, "change_password": false, "old_password": null, "new_password": null,
  "load_config": null, "save_config": null, "output_file": null, "results_file": null, "password": null, "remote_load_config": null, "remote_save_config": null, "remote_log": null, "save_log": null
}`;

/** Of every account of {@link writeInstallation}. */
export const OLD_PASSWORD = 'pässword-of-old';
export const keyOf = (username: string): string => `key-of-${username}`;
const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

const AT = '2024-01-02 03:04:05.123456';
export const OLD_TASK = '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11';
export const PIP = 0.00001;

const ROWS = 120;
const HOUR_MS = 3_600_000;
const closeAt = (row: number): number => Number((1.1 + Math.sin(row) / 100).toFixed(5));
/** What the models were trained on: the file has the columns, as the original's feature files do. */
const FEATURES: Readonly<Record<string, (row: number) => number>> = {
  typical_price: (row) => closeAt(row) + 0.001,
  RSI: (row) => Math.round(50 + 40 * Math.cos(row)) / 100,
  BB_position: (row) => (row % 7) / 7,
  hod_sin: (row) => Math.round(1_000 * Math.sin((2 * Math.PI * row) / 24)) / 1_000,
  price_minus_ema: (row) => ((row % 11) - 5) / 1_000,
};
const FIVE = Object.keys(FEATURES);
const EXTRAS = ['direction_feat', 'tp_distance', 'sl_distance'];
const DISTANCE = { mean: 1_500, std: 900 };

/** Repeats the close, raised by a half, three times. */
const FORECAST: DenseModel = {
  bars: 4,
  columns: 1,
  outputs: 3,
  kernel: (input) => (input === 3 ? 1 : 0),
  bias: () => 0.5,
};
const ENTRY: DenseModel = {
  bars: 3,
  columns: 5,
  outputs: 1,
  activation: 'sigmoid',
  kernel: (input) => Math.sin(1 + 2 * input),
};
const EXIT: DenseModel = {
  bars: 24,
  columns: 8,
  outputs: 1,
  activation: 'sigmoid',
  kernel: (input) => Math.sin(2 + 3 * input) / 6,
};

const window = (row: number, bars: number, extras: readonly number[] = []): number[] =>
  Array.from({ length: bars }, (_, bar) => row - bars + 1 + bar).flatMap((at) => [
    ...FIVE.map((name) => FEATURES[name]?.(at) ?? NaN),
    ...extras,
  ]);

/** The probability that a buy at a bar pays, by plain loops. */
export const buyPays = (row: number): number => denseAnswer(ENTRY, window(row, ENTRY.bars))[0] ?? NaN;

/** The probability that a position is worth keeping, by plain loops. */
export function isWorthKeeping(row: number, side: 'buy' | 'sell', tp: number, sl: number): number {
  const distance = (level: number) => (Math.abs(level - closeAt(row)) / PIP - DISTANCE.mean) / DISTANCE.std;
  const extras = [side === 'buy' ? 1 : -1, distance(tp), distance(sl)];
  return denseAnswer(EXIT, window(row, EXIT.bars, extras))[0] ?? NaN;
}

export const forecastAfter = (row: number): number => closeAt(row) + 0.5;
export const lastRow = ROWS - 1;
const timeOf = (row: number): string =>
  new Date(Date.UTC(2024, 0, 8) + row * HOUR_MS).toISOString().slice(0, 19).replace('T', ' ');
/** The moment of a bar as back-testers write it: `DD.MM.YYYY HH:MM:SS.fff`. */
export const momentOf = (row: number): string =>
  timeOf(row).replace(/^(\d+)-(\d+)-(\d+) (.*)$/, '$3.$2.$1 $4.000');

/** Writes what a user of the original has in his folder: database, configuration dump, bars and three Keras models. */
export async function writeInstallation(folder: string): Promise<void> {
  writeOriginal(join(folder, 'prediction_provider.db'), await rows());
  const lines = Array.from({ length: ROWS }, (_, row) => {
    const close = closeAt(row);
    const prices = [close, close + 0.002, close - 0.001, close];
    return [timeOf(row), ...prices, ...FIVE.map((name) => FEATURES[name]?.(row))].join();
  });
  writeFileSync(
    join(folder, 'bars.csv'),
    `DATE_TIME,OPEN,HIGH,LOW,CLOSE,${FIVE.join()}\n${lines.join('\n')}\n`,
  );
  await writeModel(folder, 'forecast', FORECAST, { feature_columns: ['CLOSE'], window_size: 4 });
  await writeModel(folder, 'entry', ENTRY, { feature_columns: FIVE, window_size: 3 });
  const normalization = { tp_distance: DISTANCE, sl_distance: DISTANCE };
  await writeModel(folder, 'exit', EXIT, {
    feature_columns: [...FIVE, ...EXTRAS],
    window_size: 24,
    normalization,
  });
  const config = {
    ...(JSON.parse(ORIGINAL_DEFAULTS) as object),
    core_plugin: 'sync_core',
    predictor_plugin: 'binary_predictor',
    csv_file: 'bars.csv',
    entry_model_path: 'entry.keras',
    exit_model_path: 'exit.keras',
    data_source: 'file',
    data_file_path: 'bars.csv',
    model_path: 'forecast.keras',
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config, null, 4));
}

async function writeModel(folder: string, name: string, model: DenseModel, metadata: object): Promise<void> {
  writeFileSync(join(folder, `${name}.keras`), await denseKeras(name, model));
  writeFileSync(join(folder, `${name}_metadata.json`), JSON.stringify(metadata));
}

async function rows() {
  const user = (id: number, username: string, role_id: number, hashed_password: string) => ({
    id,
    username,
    email: `${username}@example.com`,
    hashed_password,
    hashed_api_key: sha256(keyOf(username)),
    is_active: 1,
    created_at: AT,
    last_login: null,
    role_id,
  });
  const request = { symbol: 'EURUSD', interval: '1h', horizons: [1, 2] };
  const output = { mode: 'ideal_future_baseline', predictions: [1.1, 1.2], uncertainty: [0, 0], errors: [] };
  return {
    roles: ['admin', 'client', 'provider'].map((name, at) => ({
      id: at + 1,
      name,
      permissions: '{}',
      created_at: AT,
    })),
    users: [
      user(1, 'root', 1, sha256(OLD_PASSWORD)),
      user(2, 'ann', 2, await hash(OLD_PASSWORD, { cost: 4 })),
      user(3, 'bob', 3, sha256(OLD_PASSWORD)),
    ],
    predictions: [
      {
        id: 77,
        task_id: OLD_TASK,
        user_id: 2,
        timestamp: AT,
        status: 'completed',
        symbol: 'EURUSD',
        interval: '1h',
        predictor_plugin: 'default_predictor',
        feeder_plugin: 'default_feeder',
        pipeline_plugin: 'default_pipeline',
        prediction_type: 'short_term',
        ticker: 'EURUSD',
        result: JSON.stringify({ request, output }),
      },
    ],
    provider_pricing: [
      {
        id: 1,
        provider_id: 3,
        model_name: 'lstm',
        price_per_request: 3.5,
        currency: 'USD',
        is_active: 1,
        created_at: AT,
        updated_at: AT,
      },
    ],
    billing_records: [
      {
        id: 1,
        client_id: 2,
        provider_id: 3,
        cost: 5.25,
        currency: 'USD',
        description: 'Bill',
        timestamp: AT,
      },
    ],
  };
}
