import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { eventually } from '#libs/testing';

const ENTRY = resolve('dist/src/main.js');
const HOST = [
  '--no-warnings',
  '--import',
  resolve('test/runner/built-product.js'),
  resolve('test/system/command-host.ts'),
];

/** What a command answers. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that goes on until it is told to stop. */
export class RunningCommand {
  /** With the exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  #output = '';

  constructor(private readonly child: ChildProcessWithoutNullStreams) {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
    this.exited = new Promise((done) => child.once('close', done));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Everything that it wrote so far, results and complaints. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Waits until it has written this so often. @throws Error with what it wrote when it ends before that */
  async wrote(what: RegExp, times = 1): Promise<void> {
    await eventually(
      `a command writes ${what.source} ${times} times`,
      () => {
        if ([...this.#output.matchAll(new RegExp(what, 'g'))].length >= times) return true;
        if (!this.isRunning) throw new Error(`it ended before it wrote ${what.source}:\n${this.#output}`);
        return false;
      },
      60_000,
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.#output}`);
    });
  }

  /** Sends a signal that does not end it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child.kill(signal);
  }

  /** Sends a signal and waits for the end; resolves with the exit code. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.exited;
  }
}

/** The built command in one folder, with no more of the environment than it needs. */
export class BuiltCommand {
  readonly #env: Readonly<Record<string, string | undefined>>;
  #host: ChildProcessWithoutNullStreams | null = null;

  constructor(
    private readonly folder: string,
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#env = { PATH: process.env['PATH'], HOME: folder, ...env };
  }

  /** Runs it in a process of its own, as a person does. */
  start(args: readonly string[], input?: string): Ended {
    const { status, stdout, stderr } = spawnSync(process.execPath, [ENTRY, ...args], {
      cwd: this.folder,
      env: this.#env,
      encoding: 'utf8',
      input,
      maxBuffer: 64 * 1024 * 1024,
      timeout: 120_000,
    });
    return { status, stdout, stderr };
  }

  /**
   * Runs it in one process for all that is asked, where the process itself is not what is tested: to start the product
   * takes a second, most commands take none. Ask for one at a time.
   */
  async run(...args: readonly string[]): Promise<Ended> {
    this.#host ??= spawn(process.execPath, HOST, { cwd: this.folder, env: this.#env });
    const { stdin, stdout, stderr } = this.#host;
    const output = Promise.all([untilZero(stdout), untilZero(stderr)]);
    stdin.write(`${JSON.stringify(args)}\n`);
    const [answer, complaints] = await output;
    const [status = ''] = /\d+$/.exec(answer) ?? [];
    return { status: Number(status), stdout: answer.slice(0, -status.length), stderr: complaints };
  }

  /** Starts one that goes on, in a process of its own. */
  launch(...args: readonly string[]): RunningCommand {
    return this.launchWithin([], ...args);
  }

  /** The same by a program that becomes it, such as `ip netns exec NAME`. */
  launchWithin(prefix: readonly string[], ...args: readonly string[]): RunningCommand {
    const [program = '', ...rest] = [...prefix, process.execPath, ENTRY, ...args];
    return new RunningCommand(spawn(program, rest, { cwd: this.folder, env: this.#env }));
  }

  /** Ends the shared process. */
  async end(): Promise<void> {
    const host = this.#host;
    if (host === null) return;
    const exited = new Promise((done) => host.once('exit', done));
    host.stdin.end();
    await exited;
  }
}

/** What comes up to the next zero byte, without it. @throws Error when the process ends before that */
function untilZero(stream: NodeJS.ReadableStream): Promise<string> {
  return new Promise((done, fail) => {
    let text = '';
    const settle = (): void => {
      stream.off('data', take).off('end', ended);
    };
    const take = (chunk: string): void => {
      text += chunk;
      if (!text.endsWith('\0')) return;
      settle();
      done(text.slice(0, -1));
    };
    const ended = (): void => {
      settle();
      fail(new Error(`the process of the commands ended:\n${text}`));
    };
    stream.setEncoding('utf8');
    stream.on('data', take).once('end', ended);
  });
}
