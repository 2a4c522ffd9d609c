import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { eventually } from '#libs/testing';

/** A message as it arrived. */
export interface Received {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly method: string;
  readonly path: string;
}

export type Answering = (response: ServerResponse, message: Received, count: number) => void;

/** A receiver of webhooks on a real socket. */
export class Receiver {
  readonly messages: Received[] = [];
  /** Sockets that were ever opened to it. */
  connections = 0;
  /** Sockets that are open. */
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(public answer: Answering) {
    this.#server = createServer((request, response) => void this.#take(request, response));
    this.#server.on('connection', (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** @param host address to listen on */
  static async listen(host = '127.0.0.1', answer: Answering = noContent): Promise<Receiver> {
    const receiver = new Receiver(answer);
    await new Promise<void>((resolve) => receiver.#server.listen(0, host, resolve));
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get open(): number {
    return this.#sockets.size;
  }

  url(host = '127.0.0.1', path = '/hooks?desk=1'): string {
    return `http://${host}:${this.port}${path}`;
  }

  /** @param limitMs longer where a process must start first */
  async until(count: number, limitMs?: number): Promise<readonly Received[]> {
    await eventually(`${count} messages arrived`, () => this.messages.length >= count, limitMs);
    return this.messages;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const message = {
      headers: request.headers as Record<string, string>,
      body: Buffer.concat(chunks).toString('utf8'),
      method: request.method ?? '',
      path: request.url ?? '',
    };
    this.messages.push(message);
    this.answer(response, message, this.messages.length);
  }
}

export const noContent: Answering = (response) => void response.writeHead(204).end();

export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Answering =>
  (response) =>
    void response.writeHead(code, headers).end('no');
