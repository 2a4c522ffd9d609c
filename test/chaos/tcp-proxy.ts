import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Passes bytes on to a port, and can lose them: what a network between two machines does. */
export class TcpProxy {
  readonly #pairs = new Set<Socket>();
  #isCut = false;
  /** Share of answers that are lost with their connection once their first bytes are there, from 0 to 1. */
  lostAnswers = 0;
  lost = 0;

  private constructor(
    private readonly server: Server,
    private target: number,
    private readonly random: () => number,
  ) {
    server.on('connection', (client) => this.#pass(client));
  }

  static async open(target: number, random: () => number, host = '127.0.0.1'): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, host, done));
    return new TcpProxy(server, target, random);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Ends every connection, and each new one at once. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#pairs) socket.destroy();
  }

  /** Passes on again, to this port. */
  aim(target: number): void {
    this.target = target;
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((done) => this.server.close(done));
  }

  #pass(client: Socket): void {
    if (this.#isCut) return void client.destroy();
    const upstream = connect(this.target, '127.0.0.1');
    let isAnswered = true;
    const end = (): void => {
      for (const socket of [client, upstream]) {
        socket.destroy();
        this.#pairs.delete(socket);
      }
    };
    for (const socket of [client, upstream]) {
      this.#pairs.add(socket);
      socket.setNoDelay(true).on('error', end).on('close', end);
    }
    client.on('data', (bytes) => {
      isAnswered = false;
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (!isAnswered && this.random() < this.lostAnswers) {
        this.lost += 1;
        return end();
      }
      isAnswered = true;
      client.write(bytes);
    });
  }
}
