/** What a span says of itself: OpenTelemetry's attributes. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** A piece of work of a trace, from its beginning to its end. */
export interface TraceSpan {
  /** Header of W3C Trace Context, 55 characters, with which another process goes on with this trace. */
  readonly traceparent: string;
  /** Once; later calls do nothing. */
  end(last: {
    readonly name?: string;
    readonly attributes?: SpanAttributes;
    /** Why it went wrong, for people; absent: it did not. */
    readonly error?: string | undefined;
  }): void;
}

export interface SpanStart {
  readonly kind: 'server' | 'consumer' | 'internal';
  /** The `traceparent` of the work that this one belongs to; null begins a trace. */
  readonly parent: string | null;
  readonly attributes?: SpanAttributes;
  /** Epoch ms; default now. */
  readonly startedAt?: number;
}

/** Writes down traces. Where nobody wants them there is none, and nothing is paid. */
export abstract class Tracer {
  abstract begin(name: string, start: SpanStart): TraceSpan;
  /** Sends what is left; takes no longer than some seconds. */
  abstract close(): Promise<void>;
}

/** W3C Trace Context, level 1: version, trace, parent and flags; neither id is all zeros, and version ff is none. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** A header `traceparent` that can be gone on with; null for any other value. */
export const readTraceparent = (header: unknown): string | null =>
  typeof header === 'string' && TRACEPARENT.test(header) ? header : null;

/** The trace of a `traceparent`, 32 hexadecimal digits. */
export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35);
