import type { JobResult } from '../marketplace/marketplace.port.js';
import {
  AnswerRefused,
  AssignmentLost,
  MarketRefused,
  MarketUnavailable,
  type Assignment,
  type Offer,
  type Progress,
  type WorkSource,
} from './work-source.js';

/** Milliseconds that one call to the service may take. */
const CALL_LIMIT_MS = 30_000;
/** Answers of a service that is busy, restarting, or behind a proxy that is. */
const BUSY: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
const LOST: ReadonlySet<number> = new Set([403, 404, 408, 409, 410]);

interface Answer {
  readonly status: number;
  readonly retryAfterMs: number | null;
  readonly body: unknown;
}

/** The market of a service elsewhere, over its public API and an evaluator's key. */
export class HttpWorkSource implements WorkSource {
  readonly #base: string;

  constructor(
    url: string,
    private readonly apiKey: string,
  ) {
    this.#base = `${url.replace(/\/+$/, '')}/api/v1/evaluator`;
  }

  async offers(limit: number): Promise<readonly Offer[]> {
    const answer = await this.#call('GET', `/pending?limit=${limit}`);
    const list = (answer.body as { readonly pending_requests?: unknown } | null)?.pending_requests;
    if (answer.status !== 200 || !Array.isArray(list)) throw refused('list requests', answer);
    return list.map(offerOf);
  }

  async claim(offer: Offer): Promise<Assignment | null> {
    const answer = await this.#call('POST', `/claim/${offer.id}`, {});
    if ([403, 404, 409, 410].includes(answer.status) || isCoolDown(answer)) return null;
    if (answer.status === 429) throw busy(answer);
    const body = answer.body as { readonly lease_epoch?: unknown; readonly timeout_at?: unknown } | null;
    const deadline = Date.parse(String(body?.timeout_at));
    if (answer.status !== 200 || typeof body?.lease_epoch !== 'number' || Number.isNaN(deadline)) {
      throw refused('claim a request', answer);
    }
    return { offer, epoch: body.lease_epoch, deadline };
  }

  async report({ offer, epoch }: Assignment, { percentage, step }: Progress): Promise<void> {
    const body = { lease_epoch: epoch, progress_percentage: percentage, current_step: step };
    this.#expect(await this.#call('PUT', `/progress/${offer.id}`, body));
  }

  async submit({ offer, epoch }: Assignment, result: JobResult): Promise<void> {
    const body = {
      lease_epoch: epoch,
      predictions: result.predictions,
      uncertainties: result.uncertainties,
      confidence_intervals: result.confidenceIntervals,
      model_metadata: result.modelMetadata,
      processing_log: result.processingLog,
      resource_usage: result.resourceUsage,
      quality_metrics: result.qualityMetrics,
    };
    // A repeat after a lost answer gets the first one's answer, whatever became of the claim meanwhile.
    this.#expect(await this.#call('POST', `/submit/${offer.id}`, body, `${offer.id}-${epoch}`));
  }

  async release({ offer, epoch }: Assignment, details: string): Promise<void> {
    const body = { lease_epoch: epoch, reason: 'technical_issue', details: details.slice(0, 2_000) };
    this.#expect(await this.#call('POST', `/release/${offer.id}`, body));
  }

  #expect(answer: Answer): void {
    if (answer.status === 200) return;
    if (answer.status === 422) throw new AnswerRefused(textOf(answer));
    if (LOST.has(answer.status)) throw new AssignmentLost(textOf(answer));
    throw refused('go on with a request', answer);
  }

  async #call(method: string, path: string, body?: unknown, idempotencyKey?: string): Promise<Answer> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.#base}${path}`, {
        method,
        signal: AbortSignal.timeout(CALL_LIMIT_MS),
        headers: {
          'X-API-KEY': this.apiKey,
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (error) {
      throw new MarketUnavailable(reasonOf(error), null, { cause: error });
    }
    const answer = { status: response.status, retryAfterMs: retryAfter(response), body: parsed(text) };
    const code = (answer.body as { readonly type?: unknown } | null)?.type;
    const atWork = answer.status === 409 && String(code).endsWith('idempotency-in-progress');
    if (atWork || (answer.status !== 429 && BUSY.has(answer.status))) throw busy(answer);
    if (answer.status === 401)
      throw new MarketRefused(`the service does not accept the key: ${textOf(answer)}`);
    return answer;
  }
}

function offerOf(item: unknown): Offer {
  const given = item as Readonly<Record<string, unknown>>;
  return {
    id: String(given['id']),
    symbol: String(given['symbol']),
    interval: String(given['interval']),
    lookback: Number(given['lookback_ticks']),
    horizon: Number(given['prediction_horizon']),
    moment: Date.parse(String(given['datetime_requested'])),
    predictionType: String(given['prediction_type']),
    predictor: String(given['predictor_plugin']),
    feeder: String(given['feeder_plugin']),
    pipeline: String(given['pipeline_plugin']),
    modelName: typeof given['model_name'] === 'string' ? given['model_name'] : null,
  };
}

const busy = (answer: Answer): MarketUnavailable =>
  new MarketUnavailable(textOf(answer), answer.retryAfterMs);

const isCoolDown = ({ status, body }: Answer): boolean =>
  status === 429 && String((body as { readonly type?: unknown } | null)?.type).endsWith('release-cooldown');

function refused(what: string, answer: Answer): MarketRefused {
  return new MarketRefused(`the service does not let this evaluator ${what}: ${textOf(answer)}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // A proxy's page, for example: the status alone speaks then.
    return null;
  }
}

function textOf({ status, body }: Answer): string {
  const detail = (body as { readonly detail?: unknown } | null)?.detail;
  const text = typeof detail === 'string' ? detail : detail === undefined ? '' : JSON.stringify(detail);
  return `${status}${text === '' ? '' : ` ${text.slice(0, 500)}`}`;
}

function retryAfter({ headers }: Response): number | null {
  const seconds = Number(headers.get('retry-after') ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

/** `fetch` says "fetch failed" and hides why in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
