import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { runInContext } from '#libs/kernel';
import { eventually } from '#libs/testing';
import { createLogger, levelOf, RemoteLogStream } from '../../../src/app/logging/logger.js';
import { NestLogger } from '../../../src/app/logging/nest-logger.js';

const settings = { log_level: 'INFO', enable_logging: true, quiet_mode: false } as const;

function logger(more = {}) {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { lines, log: createLogger({ ...settings, ...more }, [{ write }]) };
}

describe('the log', () => {
  it.each([
    [{}, 'info'],
    [{ log_level: 'WARNING' }, 'warn'],
    [{ quiet_mode: true }, 'error'],
    [{ quiet_mode: true, log_level: 'CRITICAL' }, 'fatal'],
    [{ enable_logging: false, log_level: 'DEBUG' }, 'fatal'],
  ] as const)('with %j begins at %s', (more, level) => expect(levelOf({ ...settings, ...more })).toBe(level));

  it('names level, time and request, and no secret', () => {
    const { lines, log } = logger();
    runInContext({ requestId: 'r-1' }, () =>
      log.warn({ user: 'ann', password: 'p', 'X-Api-Key': 'k' }, 'hello'),
    );
    expect(lines).toEqual([
      {
        level: 'WARNING',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        request_id: 'r-1',
        user: 'ann',
        password: '[redacted]',
        'X-Api-Key': '[redacted]',
        msg: 'hello',
      },
    ]);
  });

  it('shows of an error what it is, not what a driver hung on it', () => {
    const { lines, log } = logger();
    const cause = new Error('inside');
    const error = Object.assign(new Error('outside', { cause }), {
      code: 'X1',
      parameters: ['s3cret'],
      query: 'SELECT',
    });
    new NestLogger(log).error({ message: 'it broke', err: error }, 'prediction_provider.spec');
    expect(lines[0]).toMatchObject({
      name: 'prediction_provider.spec',
      level: 'ERROR',
      msg: 'it broke',
      err: { type: 'Error', message: 'outside', code: 'X1', cause: { message: 'inside' } },
    });
    expect(JSON.stringify(lines)).not.toContain('s3cret');
  });

  it('loses nothing that it is given, in whatever order, and writes a line of JSON for it', () => {
    const { lines, log } = logger();
    const nest = new NestLogger(log);
    const circular: Record<string, unknown> = { n: 1n, at: new Date(0), map: new Map([['a', new Set([1])]]) };
    circular['self'] = circular;
    nest.warn({ error: new Error('inside') }, 'could not be read', 'prediction_provider.settings');
    nest.warn({ error: new Error('inside') }, 'could not be read');
    nest.error(new Error('thrown'), 'while starting');
    nest.log('one', 'two three', 4, { five: 5 }, 'a.context');
    nest.log(['a', 1]);
    nest.log(undefined);
    nest.error('broke', new Error('thrown').stack, 'a.context');
    nest.log(circular, 'round');
    nest.log(
      {
        get bad() {
          throw new Error('no');
        },
      },
      'a getter that throws',
    );
    nest.log(new URL('https://u:p@x.example/'), 'an object of its own kind');
    const written = lines.map((line) => JSON.stringify(line));
    expect(lines).toHaveLength(10);
    expect(written[0]).toMatch(
      /"name":"prediction_provider.settings".*"message":"inside".*"msg":"could not be read"/,
    );
    expect(written[1]).toMatch(/"name":"prediction_provider".*"message":"inside".*"msg":"could not be read"/);
    expect(written[2]).toMatch(/"message":"thrown".*"msg":"while starting"/);
    expect(written[3]).toMatch(/"name":"a.context","five":5,"msg":"one two three 4"/);
    expect(written[4]).toContain('"msg":"[\\"a\\",1]"');
    expect(written[6]).toMatch(/"stack":"Error: thrown.*"msg":"broke"/);
    expect(written[7]).toMatch(/"n":"1","at":"1970-01-01T00:00:00.000Z","map":\{"a":\[1\]\}/);
    expect(written[8]).toMatch(/"unreadable":"no".*"msg":"a getter that throws"/);
    expect(written[9]).toContain('an object of its own kind');
  });

  it('hides a secret in any field, text or error', () => {
    const { lines, log } = logger();
    const secret = 'k3yk3yk3yk3yk3yk3yk3y';
    log.info({ url: `https://x.example/?token=${secret}`, deep: [{ dbPassword: secret }] }, 'Bearer %s', 'x');
    log.error({ err: new Error(`connect postgres://app:${secret}@db failed`) }, `key pp_${secret}`);
    expect(lines).toHaveLength(2);
    expect(JSON.stringify(lines)).not.toContain(secret);
  });

  it('keeps the chatter of the framework for those who debug', () => {
    const { lines, log } = logger();
    const nest = new NestLogger(log);
    nest.log('Mapped {/, GET} route', 'RouterExplorer');
    nest.log('started', 'prediction_provider.jobs');
    nest.error('broke', 'Error: at x', 'prediction_provider.jobs');
    expect(lines.map(({ name, msg, stack }) => [name, msg, stack])).toEqual([
      ['prediction_provider.jobs', 'started', undefined],
      ['prediction_provider.jobs', 'broke', 'Error: at x'],
    ]);
  });
});

describe('the remote log', () => {
  it('posts lines in their order, and tells how many were lost while its end was away', async () => {
    const posts: string[] = [];
    let isAway = true;
    let credentials: string | undefined;
    const server = createServer((request, response) => {
      credentials = request.headers.authorization;
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        if (!isAway) posts.push(body);
        response.writeHead(isAway ? 503 : 200).end();
      });
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const stream = new RemoteLogStream(`http://127.0.0.1:${port}/log`, { username: 'u', password: 'p' });
    stream.write('{"lost":1}\n');
    await stream.close();
    isAway = false;
    stream.write('{"a":1}\n');
    stream.write('{"b":2}\n');
    await eventually('the lines have arrived', () => posts.join('').includes('"b":2'));
    await stream.close();
    expect(credentials).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`);
    expect(posts.join('')).toMatch(/^\{"level":"WARNING".*1 log lines were lost"\}\n\{"a":1\}\n\{"b":2\}\n$/);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
