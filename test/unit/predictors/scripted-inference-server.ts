import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** A request as it arrived. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The JSON of its body, without what follows behind. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** What a test lets the server do. */
export type Script = (asked: Asked, response: ServerResponse) => void;

/** An inference server on a real socket that answers as it is told. */
export class ScriptedInferenceServer {
  readonly asked: Asked[] = [];
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #port = 0;

  /** @param tls key and certificate of a server that speaks https */
  constructor(
    public script: Script,
    private readonly tls: { readonly key: string; readonly cert: string } | null = null,
  ) {}

  get url(): string {
    return `http${this.tls === null ? '' : 's'}://127.0.0.1:${this.#port}`;
  }

  /** Requests for inference so far. */
  get inferences(): readonly Asked[] {
    return this.asked.filter(({ path }) => path.endsWith('/infer'));
  }

  /** Listens, on the same port as before if it did. */
  async start(): Promise<this> {
    const take = (request: IncomingMessage, response: ServerResponse) => void this.#take(request, response);
    const server = this.tls === null ? createServer(take) : createTlsServer(this.tls, take);
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  /** As if it were killed: connections are reset, nobody listens. */
  async kill(): Promise<void> {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await new Promise((resolve) => (this.#server === null ? resolve(null) : this.#server.close(resolve)));
    this.#server = null;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const length = Number(request.headers['inference-header-content-length'] ?? body.length);
    const text = body.subarray(0, length).toString();
    const json = text === '' ? {} : (JSON.parse(text) as Asked['json']);
    const asked = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      json,
      body,
    };
    this.asked.push(asked);
    this.script(asked, response);
  }
}

/** Answers with JSON. */
export function reply(response: ServerResponse, status: number, body: unknown): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(text);
}

/** What a server says of itself and of its only model. */
export interface About {
  readonly extensions?: readonly string[];
  readonly model?: Readonly<Record<string, unknown>>;
}

/** A server of one model, whose inferences a script answers. */
export const serverOf =
  ({ extensions = [], model = {} }: About, infer: Script): Script =>
  (asked, response) => {
    if (asked.path === '/v2') return reply(response, 200, { name: 'scripted', version: '1', extensions });
    if (asked.path.endsWith('/infer')) return infer(asked, response);
    if (asked.path.endsWith('/ready')) return reply(response, 200, {});
    return reply(response, 200, { name: 'forecaster', platform: 'scripted', ...MODEL, ...model });
  };

const MODEL = {
  versions: ['3'],
  inputs: [{ name: 'window', datatype: 'FP32', shape: [-1, 4, 1] }],
  outputs: [{ name: 'steps', datatype: 'FP32', shape: [-1, 2] }],
};

/** The rows of an input of four numbers each. */
export function rowsOf({ json, body, headers }: Asked): number[][] {
  const [input] = json['inputs'] as { shape: number[]; data?: number[] }[];
  const head = Number(headers['inference-header-content-length'] ?? body.length);
  const data =
    input?.data ??
    Array.from({ length: (body.length - head) / 4 }, (_, at) => body.readFloatLE(head + 4 * at));
  return Array.from({ length: input?.shape[0] ?? 0 }, (_, row) => data.slice(4 * row, 4 * row + 4));
}

/** Answers each row with its last number plus 1 and plus 2. */
export const stepping: Script = (asked, response) => {
  const rows = rowsOf(asked);
  const data = rows.flatMap((row) => [(row[3] ?? NaN) + 1, (row[3] ?? NaN) + 2]);
  const outputs = [{ name: 'steps', datatype: 'FP32', shape: [rows.length, 2], data }];
  reply(response, 200, { model_name: 'forecaster', model_version: '3', outputs });
};

/** As MLServer answers: no tensors in the metadata, a version only in answers, doubles, an id of its own. */
export const mlserver: Script = (asked, response) => {
  if (asked.path === '/v2')
    return reply(response, 200, { name: 'mlserver', version: '1.7.1', extensions: [] });
  if (asked.path.endsWith('/ready')) return response.writeHead(200).end();
  if (!asked.path.startsWith('/v2/models/forecaster'))
    return reply(response, 404, { error: 'Model unknown not found' });
  if (!asked.path.endsWith('/infer'))
    return reply(response, 200, {
      name: 'forecaster',
      versions: [],
      platform: '',
      inputs: [],
      outputs: [],
      parameters: {},
    });
  const [input] = asked.json['inputs'] as { shape: number[] }[];
  if (input?.shape[1] !== 4)
    return reply(response, 400, { error: 'X has 3 features, but Ridge is expecting 4 features as input.' });
  const data = rowsOf(asked).map((row) => (row[3] ?? NaN) + 0.1);
  return reply(response, 200, {
    model_name: 'forecaster',
    model_version: 'v0.1.0',
    id: 'f1b1c2a4-8f57-4d9c-bb2d-0f8f4c1c7a11',
    parameters: {},
    outputs: [
      {
        name: 'predict',
        shape: [data.length, 1],
        datatype: 'FP64',
        parameters: { content_type: 'np' },
        data,
      },
    ],
  });
};
