import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import { RunningCommand } from './built-command.js';

const DIGEST_BYTES = 32;
/** Prints of each script of the bundle whether its code was kept. */
const TELLING = `data:text/javascript,${encodeURIComponent(`
  import { subscribe } from 'node:diagnostics_channel';
  import { writeSync } from 'node:fs';
  subscribe('prediction-provider.compiled', ({ name, isKept }) => writeSync(2, (isKept ? 'kept ' : 'anew ') + name + '\\n'));
`)}`;

/** Keeps it as soon as the service is ready, and says when it has tried. */
const keepingAtOnce = (loader: string): string =>
  `data:text/javascript,${encodeURIComponent(`
    import { subscribe } from 'node:diagnostics_channel';
    import { writeSync } from 'node:fs';
    subscribe('prediction-provider.started', async () => {
      await (await import(${JSON.stringify(pathToFileURL(loader).href)})).keepCompiled();
      writeSync(2, 'tried to keep\\n');
    });
  `)}`;

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** The program as it was built, in a folder of its own. */
describe('the compiled code of the bundle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compiled-code-'));
  const main = join(folder, 'dist/src/main.js');
  const bundle = join(folder, 'dist/bundle');
  const store = join(bundle, 'compiled');
  const atOnce = ['--import', keepingAtOnce(join(bundle, 'loader.js'))];
  const running = new Set<RunningCommand>();

  beforeAll(() => {
    cpSync(resolve('dist'), join(folder, 'dist'), {
      recursive: true,
      filter: (path) => !path.endsWith('.map') && path !== resolve('dist/bundle/compiled'),
    });
    cpSync(resolve('package.json'), join(folder, 'package.json'));
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    chmodSync(folder, 0o755);
  });
  afterEach(async () => {
    for (const command of running) if (command.isRunning) await command.end('SIGKILL');
    running.clear();
    rmSync(store, { recursive: true, force: true });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const shelf = (): string => join(store, readdirSync(store)[0] ?? '');
  const inShelf = (): string[] => (existsSync(store) ? readdirSync(shelf()).sort() : []);
  const told = (output: string, what: 'kept' | 'anew'): string[] =>
    [...output.matchAll(new RegExp(`^${what} (.+)$`, 'gm'))].map(([, name = '']) => name).sort();

  const launch = (
    options: { readonly uid?: number; readonly node?: readonly string[] } = {},
  ): RunningCommand => {
    const own = mkdtempSync(join(folder, 'data-'));
    if (options.uid !== undefined) chmodSync(own, 0o777);
    const settings = ['--port=0', '--database_url=sqlite:///a.db', '--admin_password=only-for-the-spec'];
    const args = [...(options.node ?? []), '--import', TELLING, main, 'serve', ...settings];
    const child = spawn(process.execPath, args, {
      cwd: own,
      env: { PATH: process.env['PATH'], HOME: own },
      ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
    });
    const command = new RunningCommand(child);
    running.add(command);
    return command;
  };
  const ready = async (command: RunningCommand): Promise<RunningCommand> => {
    await command.wrote(/listens on http/);
    return command;
  };
  const stop = async (command: RunningCommand): Promise<string> => {
    expect(await command.end('SIGTERM')).toBe(0);
    return command.output;
  };
  /** Starts and waits until everything that this start compiled is kept. @returns the whole output */
  const startAndKeep = async (): Promise<string> => {
    const command = await ready(launch());
    await eventually(
      'the compiled code is kept',
      () => {
        const anew = told(command.output, 'anew');
        return anew.length > 0 && anew.every((name) => inShelf().includes(name));
      },
      60_000,
    );
    return stop(command);
  };
  const askVersion = (): {
    readonly stdout: string;
    readonly stderr: string;
    readonly status: number | null;
  } => spawnSync(process.execPath, ['--import', TELLING, main, '--version'], { encoding: 'utf8' });

  it('is kept by the first start and used by the next', async () => {
    const first = await startAndKeep();
    expect(told(first, 'kept')).toEqual([]);
    expect(inShelf()).toEqual(told(first, 'anew'));
    expect(statSync(shelf()).mode & 0o777).toBe(0o755);
    const second = await stop(await ready(launch()));
    expect(told(second, 'kept')).toEqual(told(first, 'anew'));
    expect(told(second, 'anew')).toEqual([]);
    expect(second).not.toMatch(/compiled code/);
    const version = askVersion();
    expect(told(version.stderr, 'kept').length).toBeGreaterThan(0);
    expect(told(version.stderr, 'anew')).toEqual([]);
  }, 120_000);

  it('is made anew, and says so, where it is damaged or V8 refuses it, and in silence for another text', async () => {
    await startAndKeep();
    const [damaged = '', refused = '', edited = ''] = told(askVersion().stderr, 'kept');
    const path = (name: string): string => join(shelf(), name);
    const bytes = readFileSync(path(damaged));
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    writeFileSync(path(damaged), bytes);
    const foreign = Buffer.alloc(1_000, 7);
    const digest = readFileSync(path(refused)).subarray(0, DIGEST_BYTES);
    writeFileSync(path(refused), Buffer.concat([digest, sha256(foreign), foreign]));
    appendFileSync(join(bundle, edited), '\n// edited\n');

    const output = await startAndKeep();
    expect(told(output, 'anew')).toEqual([damaged, refused, edited].sort());
    expect(output).toContain(
      `The compiled code ${path(damaged)} is not used, as it is damaged; the program is compiled anew`,
    );
    expect(output).toContain(
      `The compiled code ${path(refused)} is not used, as V8 refuses it; the program is compiled anew`,
    );
    expect(output).not.toContain(`${path(edited)} is not used`);
    const after = askVersion();
    expect(told(after.stderr, 'kept')).toEqual(expect.arrayContaining([damaged, refused, edited]));
    expect(after.stderr).not.toMatch(/anew/);
  }, 120_000);

  it('is not used where others than the owner of the program may write', async () => {
    await startAndKeep();
    chmodSync(store, 0o777);
    const { stdout, stderr, status } = askVersion();
    expect([stdout.trim(), status]).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+/), 0]);
    expect(told(stderr, 'kept')).toEqual([]);
    expect(stderr).toContain(
      `The compiled code in ${store} is not used, as others than the owner of the program may write there`,
    );
  }, 120_000);

  it('of other flags of V8 stands beside it', async () => {
    const first = await startAndKeep();
    const other = await ready(launch({ node: ['--stack-size=900'] }));
    expect(told(other.output, 'anew')).toEqual(told(first, 'anew'));
    await eventually('both are kept', () => readdirSync(store).length === 2, 60_000);
    expect(await stop(other)).not.toMatch(/is not used/);
    expect(told(askVersion().stderr, 'anew')).toEqual([]);
  }, 120_000);

  it('is left alone where it cannot be written', async () => {
    writeFileSync(store, 'a file where the folder should be');
    const command = launch({ node: atOnce });
    await command.wrote(/tried to keep/);
    expect(await stop(command)).not.toMatch(/ERROR|is not used/);
    expect(readFileSync(store, 'utf8')).toBe('a file where the folder should be');
  }, 120_000);

  it('is whole after two first starts at once', async () => {
    const both = await Promise.all([ready(launch()), ready(launch())]);
    const anew = told(both[0].output, 'anew');
    await eventually(
      'the compiled code is kept',
      () => anew.every((name) => inShelf().includes(name)),
      60_000,
    );
    for (const command of both) await stop(command);
    expect(inShelf()).toEqual(anew);
    const third = await stop(await ready(launch()));
    expect(told(third, 'kept')).toEqual(anew);
    expect(third).not.toMatch(/is not used/);
  }, 120_000);

  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot(
    'is read, and not written, by another user than the owner of the program',
    async () => {
      const nobody = 65_534;
      const stranger = await ready(launch({ uid: nobody }));
      await stop(stranger);
      expect(existsSync(store)).toBe(false);
      const first = await startAndKeep();
      expect(told(await stop(await ready(launch({ uid: nobody }))), 'kept')).toEqual(told(first, 'anew'));
    },
    120_000,
  );
});
