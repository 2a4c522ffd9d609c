import { createSocket, type Socket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NameServerResolver } from '../../../src/webhooks/host-resolver.js';

const [TYPE_A, TYPE_AAAA] = [1, 28];
const [NO_ERROR, SERVER_FAILURE, UNKNOWN_NAME] = [0, 2, 3];

interface Zone {
  readonly code?: number;
  /** The one kind of question that `code` answers; every kind when absent. */
  readonly codeFor?: number;
  readonly records?: Readonly<Record<number, readonly Buffer[]>>;
}

/** A name server on a real socket (RFC 1035); silent about names that it does not know. */
class NameServer {
  readonly asked: string[] = [];
  #heard: () => void = () => undefined;
  readonly firstQuestion = new Promise<void>((resolve) => (this.#heard = resolve));
  readonly #socket: Socket = createSocket('udp4');

  constructor(private readonly zones: Readonly<Record<string, Zone>>) {}

  async listen(): Promise<string> {
    this.#socket.on('message', (question, { port, address }) => {
      const answer = this.#answer(question);
      if (answer !== null) this.#socket.send(answer, port, address);
      this.#heard();
    });
    await new Promise<void>((resolve) => this.#socket.bind(0, '127.0.0.1', resolve));
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(resolve));
  }

  #answer(question: Buffer): Buffer | null {
    const labels: string[] = [];
    let at = 12;
    for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
      labels.push(question.toString('latin1', at + 1, at + 1 + length));
      at += length + 1;
    }
    const [name, type, end] = [labels.join('.').toLowerCase(), question.readUInt16BE(at + 1), at + 5];
    this.asked.push(name);
    const zone = this.zones[name];
    if (zone === undefined) return null;
    const records = zone.records?.[type] ?? [];
    const header = Buffer.alloc(12);
    question.copy(header, 0, 0, 2);
    const isFault = zone.codeFor === undefined || zone.codeFor === type;
    header.writeUInt16BE(0x8180 | (isFault ? (zone.code ?? NO_ERROR) : NO_ERROR), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    const answers = records.map((data) => {
      const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, data.length]);
      return Buffer.concat([head, data]);
    });
    return Buffer.concat([header, question.subarray(12, end), ...answers]);
  }
}

const A = (...bytes: number[]): Buffer => Buffer.from(bytes);
const LOOPBACK6 = Buffer.from('00000000000000000000000000000001', 'hex');

describe('the addresses of a name', () => {
  let server: NameServer;
  let resolver: NameServerResolver;
  beforeEach(async () => {
    server = new NameServer({
      'both.example': { records: { [TYPE_A]: [A(127, 0, 0, 1), A(8, 8, 8, 8)], [TYPE_AAAA]: [LOOPBACK6] } },
      'four.example': { records: { [TYPE_A]: [A(8, 8, 4, 4)] } },
      'half.example': {
        records: { [TYPE_A]: [A(8, 8, 4, 4)] },
        code: SERVER_FAILURE,
        codeFor: TYPE_AAAA,
      },
      'none.example': {},
      'unknown.example': { code: UNKNOWN_NAME },
      'broken.example': { code: SERVER_FAILURE },
      'xn--bcher-kva.example': { records: { [TYPE_A]: [A(9, 9, 9, 9)] } },
    });
    resolver = new NameServerResolver([await server.listen()]);
  });
  afterEach(() => server.close());
  const addressesOf = (host: string) => resolver.addressesOf(host, new AbortController().signal);

  it('are all that there are, of both kinds', async () => {
    const found = await addressesOf('both.example');
    expect([...found].sort()).toEqual(['127.0.0.1', '8.8.8.8', '::1']);
    await expect(addressesOf('four.example')).resolves.toEqual(['8.8.4.4']);
    await expect(addressesOf('xn--bcher-kva.example')).resolves.toEqual(['9.9.9.9']);
  });

  it('are those of one kind when the servers fail at the other', async () => {
    await expect(addressesOf('half.example')).resolves.toEqual(['8.8.4.4']);
  });

  it('are none for a name without an address, and for an unknown one', async () => {
    await expect(addressesOf('none.example')).resolves.toEqual([]);
    await expect(addressesOf('unknown.example')).resolves.toEqual([]);
  });

  it('cannot be told when the servers fail', async () => {
    await expect(addressesOf('broken.example')).rejects.toMatchObject({ code: 'ESERVFAIL' });
  });

  it('are no longer asked for when the call is given up', async () => {
    const stop = new AbortController();
    const asked = resolver.addressesOf('silent.example', stop.signal);
    await server.firstQuestion;
    stop.abort(new Error('over'));
    await expect(asked).rejects.toMatchObject({ code: 'ECANCELLED' });
  });
});
