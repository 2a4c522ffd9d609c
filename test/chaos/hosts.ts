import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Skipped } from './journal.js';

const run = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** A network of its own for processes, joined to this machine by one cable: what another host is to them. */
export class NetworkHost {
  private constructor(
    private readonly name: string,
    private readonly cable: string,
    /** Of this machine, as the host sees it. */
    readonly gateway: string,
    /** Of the host. */
    readonly address: string,
  ) {}

  /** @param nth from 1; hosts of one scenario differ in it. @throws Skipped where this user may not make networks */
  static add(nth: number): NetworkHost {
    const name = `chaos${process.pid}n${nth}`;
    const cable = `cc${process.pid % 100_000}n${nth}`;
    const net = `10.${64 + (process.pid % 64)}.${nth}`;
    const host = new NetworkHost(name, cable, `${net}.1`, `${net}.2`);
    try {
      run('ip', 'netns', 'add', name);
      run('ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
      run('ip', 'addr', 'add', `${host.gateway}/24`, 'dev', cable);
      run('ip', 'link', 'set', cable, 'up');
      for (const args of [`addr add ${host.address}/24 dev eth0`, 'link set eth0 up', 'link set lo up'])
        run('ip', '-n', name, ...args.split(' '));
    } catch (error) {
      host.remove();
      throw new Skipped(
        `this user cannot make networks: ${(error as Error).message.trim().split('\n').at(-1)}`,
      );
    }
    return host;
  }

  /** What a command begins with to run there. */
  get prefix(): readonly string[] {
    return ['ip', 'netns', 'exec', this.name];
  }

  /** Nothing arrives any more, and nobody is told. */
  unplug(): void {
    run('ip', 'link', 'set', this.cable, 'down');
  }

  plug(): void {
    run('ip', 'link', 'set', this.cable, 'up');
  }

  remove(): void {
    try {
      run('ip', 'netns', 'del', this.name);
    } catch {
      // it was never there
    }
  }
}

/** A disk of its own in a folder, of so many MiB. @throws Skipped where this user may not mount one */
export function mountDisk(folder: string, mb: number): { readonly unmount: () => void } {
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${mb}m,mode=755`, 'chaos', folder);
  } catch {
    throw new Skipped('this user cannot mount a disk that can be filled (root is needed)');
  }
  return { unmount: () => void run('umount', '--lazy', folder) };
}

/** Where distributions put libfaketime. @throws Skipped where it is not installed */
export function libfaketime(): string {
  const libraries = '/usr/lib';
  for (const folder of ['', ...readdirSync(libraries)]) {
    const path = join(libraries, folder, 'faketime/libfaketime.so.1');
    if (existsSync(path)) return path;
  }
  throw new Skipped('libfaketime is not installed (apt-get install libfaketime)');
}
