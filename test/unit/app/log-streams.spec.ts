import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '#libs/testing';
import { type LogStreams, openLogStreams } from '../../../src/app/logging/logger.js';
import { Metrics } from '../../../src/app/metrics/metrics.js';

/** Linux's disk that is always full. */
const FULL = '/dev/full';

describe('save_log', () => {
  const stderr = process.stderr.write;
  let folder = '';
  let path = '';
  let complaints: string[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'save-log-'));
    path = join(folder, 'logs', 'service.log');
    complaints = [];
    process.stderr.write = (text: unknown) => complaints.push(String(text)) > 0;
  });
  afterEach(() => {
    process.stderr.write = stderr;
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (): LogStreams =>
    openLogStreams({ save_log: path, remote_log: null, username: null, password: null });
  const write = ({ streams }: LogStreams, line: string): void => streams[1]?.write(`${line}\n`);
  /** The lines; those by which the spec looks whether writing goes on are left out. */
  const lines = (): string[] =>
    existsSync(path)
      ? readFileSync(path, 'utf8')
          .split('\n')
          .filter((line) => !/^(look)?$/.test(line))
      : [];
  const written = (logs: LogStreams, line: string): Promise<void> =>
    eventually(`"${line}" is in the file`, () => {
      write(logs, 'look');
      return lines().includes(line);
    });

  (existsSync(FULL) ? it : it.skip)(
    'on a full disk costs nobody anything: lines wait, and what is lost is counted',
    async () => {
      mkdirSync(join(folder, 'logs'));
      symlinkSync(FULL, path);
      const logs = open();
      const metrics = new Metrics();
      metrics.watchLog(logs);
      write(logs, 'first');
      for (let kept = 0; kept < 12; kept += 1) write(logs, String(kept).padEnd(100_000, '.'));
      expect(complaints).toEqual([expect.stringMatching(/^note: save_log cannot be written \(ENOSPC/)]);
      const { body } = await metrics.text();
      expect(body).toMatch(/^log_lines_lost\{destination="file"\} [1-9]/m);
      rmSync(path); // room again
      await written(logs, 'first');
      write(logs, 'last');
      expect(lines().at(-1)).toBe('last');
      expect(lines().filter((line) => line.length === 100_000).length).toBeGreaterThan(5);
      await logs.close();
    },
  );

  it.each(['removed', 'moved away'])('goes on in a new file when its own was %s', async (what) => {
    const logs = open();
    write(logs, 'before');
    expect(lines()).toEqual(['before']);
    if (what === 'removed') rmSync(join(folder, 'logs'), { recursive: true });
    else renameSync(path, `${path}.1`);
    await eventually('the file is there again', () => {
      write(logs, 'look');
      return existsSync(path);
    });
    write(logs, 'after');
    expect(lines()).toEqual(['after']);
    await logs.close();
    expect(complaints).toEqual([]);
  });
});
