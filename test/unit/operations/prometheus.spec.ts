import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

const promtool = (...args: string[]): { readonly code: number | null; readonly output: string } => {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  return { code: status, output: `${stdout}${stderr}` };
};
const isThere = spawnSync('promtool', ['--version']).status === 0;

/** promtool comes with Debian's package prometheus. */
(isThere ? describe : describe.skip)('the alert rules, as promtool sees them', () => {
  it.each([
    ['are well-formed', 'check', 'rules', 'ops/prometheus/alerts.yml'],
    ['fire when they should, and no earlier', 'test', 'rules', 'ops/prometheus/alerts.test.yml'],
    ['are found by the configuration', 'check', 'config', 'ops/prometheus/prometheus.yml'],
  ])('%s', (_what, ...args) => {
    expect(promtool(...args)).toEqual({ code: 0, output: expect.stringContaining('SUCCESS') });
  });
});
