import { choice, decimal, flag, integer, type ParameterDeclarations, text, textList } from '#libs/kernel';

/** Limits of predictions, waiting and batches. */
export const PREDICTION_SETTINGS = {
  prediction_timeout: integer(
    { default: 300, min: 1, max: 3_600 },
    'Maximum computing time of one prediction, in seconds; after it the prediction fails.',
  ),
  max_concurrent_predictions: integer(
    { default: 10, min: 1, max: 100 },
    'Maximum number of unfinished predictions per user, or per address of anonymous callers.',
  ),
  prediction_history_days: integer(
    { default: 30, min: 0, max: 36_500 },
    'Number of days after which finished core predictions are deleted; 0 keeps them forever.',
  ),
  baseline_means: choice(
    { default: 'auto', oneOf: ['auto', 'bar', 'moment'] },
    'What a baseline is when a request does not say. `auto`: a baseline that is the label of a bar names that bar, which is used whole; any other moment sees only bars that had closed by then; without a baseline the running bar is left out. `moment`: labels are moments, too. `bar`: the last bar that had begun, as in the original, even while it runs.',
  ),
  unanswerable_requests: choice(
    { default: 'refuse', oneOf: ['refuse', 'fail'] },
    'What becomes of a core prediction that surely cannot be answered (its symbol or horizon is not in the data or the model, its predictor does not forecast): `refuse` it with 422, or take it with 201 and let it `fail` with the reason, as the original did. An `interval` that its bars cannot make always fails. Orders are always refused.',
  ),
  max_data_age: integer(
    { default: null, min: 1, max: 1_000_000 },
    "Number of bars of its session that the newest bar may be old in a question about the present; older data fail as `stale_data`, and an order's price is returned. Null: any age, with a note from two bars on.",
  ),
  max_wait_seconds: decimal(
    { default: 30, min: 0, max: 300 },
    'Longest wait that a caller can request with `Prefer: wait`, in seconds.',
  ),
  max_batch_rows: integer(
    { default: 100_000, min: 1, max: 1_000_000 },
    'Maximum number of requests in one synchronous batch.',
  ),
  batch_body_limit_bytes: integer(
    { default: 16_777_216, min: 1_024, max: 268_435_456 },
    'Maximum size of the body of a synchronous batch, in bytes.',
  ),
  skip_background_tasks: flag(
    false,
    'Store predictions of `POST /api/v1/predict` without starting them (for tests).',
  ),
} satisfies ParameterDeclarations;

/** How outcomes of forecasts are found. */
export const OUTCOME_SETTINGS = {
  outcome_seconds: decimal(
    { default: 60, min: 1, max: 86_400 },
    'Time between two looks for the outcomes of forecasts whose time has come, in seconds.',
  ),
  outcome_limit_bars: integer(
    { default: 5, min: 0, max: 1_000 },
    'Number of bar lengths that the bar of an outcome may begin after the bar that was forecast, when that one is missing (holidays); with none within it the target is `unresolvable`.',
  ),
  outcome_wait_days: integer(
    { default: 30, min: 1, max: 3_650 },
    'Number of days that are waited for data after the bar of a forecast has closed; then the target is `unresolvable`.',
  ),
  outcome_recheck_days: integer(
    { default: 7, min: 0, max: 3_650 },
    'Number of days after its last outcome when the bars of a forecast are looked at once more; what changed is added as a revision. 0: never.',
  ),
  abstain_limit: decimal(
    { default: 0.1, min: 0, max: 1_000_000 },
    'How far a value of the window may lie beyond the range of the training data, in widths of that range, before a forecast that is asked with `abstain` is not made. A limit in the metadata of a model wins.',
  ),
  calibration_gamma: decimal(
    { default: 0.005, min: 0, max: 0.5 },
    'Step γ by which the level of calibrated intervals follows misses and hits (adaptive conformal inference; 0.005 as in Gibbs and Candès 2021). Larger follows faster and varies more; 0: the level stays.',
  ),
  calibration_window: integer(
    { default: 500, min: 40, max: 5_000 },
    'Number of latest outcomes of a model, symbol, interval and horizon whose errors calibrated intervals are made of.',
  ),
  calibration_outcomes: integer(
    { default: 40, min: 20, max: 5_000 },
    'Number of outcomes, live or of a back-test, without which no calibrated interval is made.',
  ),
  score_hold_days: integer(
    { default: 370, min: 1, max: 3_650 },
    'Number of days from the answer to an order after which a share that waits for the score is paid by what has come by then; the rest returns to the client.',
  ),
  receipt_seconds: decimal(
    { default: 5, min: 0.1, max: 86_400 },
    'Time between two looks for completed forecasts whose receipt is to be signed, in seconds; one that is asked for is signed at once.',
  ),
} satisfies ParameterDeclarations;

/** Walks through history. */
export const BACKTEST_SETTINGS = {
  backtest_forecasts: integer(
    { default: 20_000, min: 1, max: 1_000_000 },
    'Maximum number of forecasts of one back-test over HTTP.',
  ),
  backtest_forecasts_admin: integer(
    { default: 200_000, min: 1, max: 1_000_000 },
    'The same for administrators.',
  ),
  backtests_open: integer(
    { default: 2, min: 1, max: 1_000 },
    'Maximum number of back-tests of one account that have not ended.',
  ),
  backtest_timeout: integer(
    { default: 3_600, min: 1, max: 86_400 },
    'Time limit of one back-test, in seconds.',
  ),
  backtest_history_days: integer(
    { default: 30, min: 1, max: 36_500 },
    'Number of days after which ended back-tests are deleted with their forecasts.',
  ),
} satisfies ParameterDeclarations;

/** Tensors in, tensors out: `/v2`. */
export const INFERENCE_SETTINGS = {
  inference_rows: integer(
    { default: 1_000, min: 1, max: 1_000_000 },
    'Maximum number of rows (windows) of one request to `/v2/models/{model}/infer`. Its body may have `batch_body_limit_bytes`.',
  ),
  inference_passes: integer(
    { default: 100_000, min: 1, max: 10_000_000 },
    'Maximum number of random passes of one request to `/v2/models/{model}/infer`, over all of its rows.',
  ),
} satisfies ParameterDeclarations;

/** Durable work: how jobs are leased, watched and tried again. */
export const JOB_SETTINGS = {
  job_engine: choice(
    { default: 'auto', oneOf: ['auto', 'embedded', 'graphile'] },
    'What brings waiting jobs to the processes: `graphile` (graphile-worker, PostgreSQL only: within milliseconds to any process), or `embedded` (the process that took the job, others look every `job_sweep_seconds`). `auto`: `graphile` on PostgreSQL, `embedded` on SQLite.',
  ),
  jobs: flag(
    true,
    'Run jobs in this process; `--no-jobs` leaves them to workers or other processes (PostgreSQL).',
  ),
  job_kinds: textList(
    [],
    'Kinds of jobs that this process runs: `core_prediction`, `webhook`, `backtest`, `outcomes`; none means all. For `worker`, `--kinds` says the same.',
  ),
  worker_port: integer(
    { default: null, min: 0, max: 65_535 },
    'TCP port on which a `worker` answers `/health`, `/health/live`, `/health/ready` and `/metrics`; null: it listens on no port, 0 picks a free one.',
  ),
  job_concurrency: integer(
    { default: 8, min: 1, max: 256 },
    'Maximum number of jobs that one process runs at the same time. For `worker`, `--concurrency` says the same.',
  ),
  job_lease_seconds: decimal(
    { default: 30, min: 0.1, max: 3_600 },
    'Time after the last heartbeat of a runner before another runner may take over its job, in seconds.',
  ),
  job_heartbeat_seconds: decimal(
    { default: 10, min: 0.05, max: 1_800 },
    'Time between two heartbeats, which renew the lease of a job, in seconds; at most half of `job_lease_seconds`.',
  ),
  job_sweep_seconds: decimal(
    { default: 5, min: 0.05, max: 600 },
    'Time between two searches for waiting and abandoned jobs, in seconds.',
  ),
  job_history_days: integer(
    { default: 7, min: 1, max: 36_500 },
    'Number of days after which the rows of finished jobs are deleted. What the jobs made has age limits of its own.',
  ),
  job_attempts: integer({ default: 3, min: 1, max: 100 }, 'Number of attempts before a job fails for good.'),
} satisfies ParameterDeclarations;

/** The audit log: every request leaves a row; in production there is no switch. */
export const AUDIT_SETTINGS = {
  audit_synchronous: flag(
    true,
    'Leave a row of every answer of `/predict/entry` and `/predict/exit`. Without it these answers are in no log of requests, usage or statistics; refusals still are (for back-tests on a machine of your own; refused in production).',
  ),
  audit_batch_rows: integer(
    { default: 256, min: 1, max: 10_000 },
    'Maximum number of rows of concurrent requests that share one commit.',
  ),
  audit_payload_bytes: integer(
    { default: 16_384, min: 256, max: 1_048_576 },
    'Maximum size of a request body kept in a row, in bytes; longer bodies are cut and marked.',
  ),
  audit_seal_seconds: decimal(
    { default: 5, min: 0.05, max: 3_600 },
    'Time between two runs of the sealers, which number the rows of the audit log and the transactions of the ledger and chain their hashes, in seconds.',
  ),
  audit_anchor: text(
    { default: null, minLength: 1 },
    'Path of a file for anchors, or a URL to post them to (and to read them from): how far the chains of the audit log, the ledger and the receipts have come, signed with the key of the receipts. The service adds to it, `audit verify` and `billing verify` compare with it. Keep it where nobody who can change the database can change it.',
  ),
  audit_anchor_keys: text(
    { default: null, minLength: 1 },
    'Path of a copy of `/.well-known/jwks.json` that is kept elsewhere: `audit verify` and `billing verify` refuse anchors that are not signed with one of its keys.',
  ),
  audit_anchor_minutes: decimal(
    { default: 60, min: 0.01, max: 10_080 },
    'Time between two anchors in `audit_anchor`, in minutes.',
  ),
  audit_history_days: integer(
    { default: 0, min: 0, max: 36_500 },
    'Number of days after which sealed rows of the audit log are moved into archives in `archive_folder`; 0 keeps them in the database forever.',
  ),
  archive_folder: text(
    { default: null, minLength: 1 },
    'Path of a folder for archives (gzipped lines of JSON) of what has an age limit. `audit verify` reads them, too. Keep a copy elsewhere.',
  ),
} satisfies ParameterDeclarations;
