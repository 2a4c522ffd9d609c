export interface RequestOptions {
  /** Sent as JSON; strings and bytes as they are. */
  readonly body?: unknown;
  readonly apiKey?: string;
  readonly bearer?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** An answer, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it came. */
  readonly text: string;
  /** The body as JSON; undefined when it is empty or something else. */
  // Specs look into answers of any shape; a wrong path is a failing expectation.
  readonly body: ReturnType<typeof JSON.parse>;
}

/** Calls one server over real sockets that are kept alive. */
export class HttpClient {
  constructor(readonly url: string) {}

  async request(method: string, path: string, options: RequestOptions = {}): Promise<HttpAnswer> {
    const response = await this.fetch(method, path, options);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parsed(response, text) };
  }

  /** The answer as it begins, for streams. */
  fetch(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const { body, apiKey, bearer, headers, signal } = options;
    const isRaw = typeof body === 'string' || body instanceof Uint8Array;
    return fetch(`${this.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(apiKey !== undefined && { 'X-API-KEY': apiKey }),
        ...(bearer !== undefined && { Authorization: `Bearer ${bearer}` }),
        ...headers,
      },
      ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    });
  }

  get(path: string, options?: RequestOptions): Promise<HttpAnswer> {
    return this.request('GET', path, options);
  }

  post(path: string, body?: unknown, options: RequestOptions = {}): Promise<HttpAnswer> {
    return this.request('POST', path, { ...options, body });
  }
}

function parsed(response: Response, text: string): HttpAnswer['body'] {
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return isJson && text !== '' ? JSON.parse(text) : undefined;
}
