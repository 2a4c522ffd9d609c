import type { Context, SpanKind as Kind } from '@opentelemetry/api';
import type { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import type { AppConfig } from '#libs/config';
import { delay, SECOND_MS, systemClock } from '#libs/kernel';
import { type TraceSpan, type SpanStart, Tracer } from '#libs/telemetry';
import type { Logger } from '../logging/logger.js';
import { VERSION } from '../version.js';

/** A collector that is away costs a stop no longer than this. */
const LAST_MS = 3 * SECOND_MS;
const EXPORT_MS = 5 * SECOND_MS;

type TraceSettings = Pick<AppConfig, 'otlp_endpoint' | 'otlp_headers' | 'trace_ratio' | 'environment'>;

/**
 * Traces in OpenTelemetry's form, sent to `otlp_endpoint` by OTLP over HTTP; null where there is none. The libraries are
 * loaded only here: a process without traces neither reads nor holds them.
 */
export async function openTracer(settings: TraceSettings, logger: Logger): Promise<Tracer | null> {
  const { otlp_endpoint: endpoint } = settings;
  if (endpoint === null) return null;
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const log = logger.child({ name: 'prediction_provider.traces' });
  const tell = (...given: unknown[]): void => log.warn(given.map(String).join(' '));
  const quiet = (): void => undefined;
  api.diag.setLogger(
    { error: tell, warn: tell, info: quiet, debug: quiet, verbose: quiet },
    {
      logLevel: api.DiagLogLevel.WARN,
      suppressOverrideMessage: true,
    },
  );
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: settings.otlp_headers,
    timeoutMillis: EXPORT_MS,
  });
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'prediction-provider',
      'service.version': VERSION,
      'deployment.environment.name': settings.environment,
      'process.pid': process.pid,
    }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(settings.trace_ratio) }),
    spanProcessors: [new sdk.BatchSpanProcessor(exporter)],
  });
  return new OtlpTracer(api, provider);
}

type Api = typeof import('@opentelemetry/api');

class OtlpTracer extends Tracer {
  readonly #kinds: Readonly<Record<SpanStart['kind'], Kind>>;
  readonly #tracer;

  constructor(
    private readonly api: Api,
    private readonly provider: BasicTracerProvider,
  ) {
    super();
    const { SERVER: server, CONSUMER: consumer, INTERNAL: internal } = api.SpanKind;
    this.#kinds = { server, consumer, internal };
    this.#tracer = provider.getTracer('prediction-provider', VERSION);
  }

  begin(name: string, { kind, parent, attributes = {}, startedAt }: SpanStart): TraceSpan {
    const { api } = this;
    const span = this.#tracer.startSpan(
      name,
      { kind: this.#kinds[kind], attributes, ...(startedAt !== undefined && { startTime: startedAt }) },
      this.#contextOf(parent),
    );
    const { traceId, spanId, traceFlags } = span.spanContext();
    const isSampled = (traceFlags & api.TraceFlags.SAMPLED) !== 0;
    return {
      traceparent: `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`,
      end: (last) => {
        if (last.name !== undefined) span.updateName(last.name);
        span.setAttributes(last.attributes ?? {});
        if (last.error !== undefined) span.setStatus({ code: api.SpanStatusCode.ERROR, message: last.error });
        span.end();
      },
    };
  }

  async close(): Promise<void> {
    const over = new AbortController();
    await Promise.race([this.provider.shutdown(), delay(systemClock, LAST_MS, over.signal)]);
    over.abort();
  }

  #contextOf(parent: string | null): Context {
    const { ROOT_CONTEXT, trace } = this.api;
    if (parent === null) return ROOT_CONTEXT;
    const [, traceId = '', spanId = '', flags = '00'] = parent.split('-');
    const traceFlags = Number.parseInt(flags, 16) & this.api.TraceFlags.SAMPLED;
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
  }
}
