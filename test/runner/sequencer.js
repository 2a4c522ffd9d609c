import Sequencer from '@jest/test-sequencer';

/** Folders whose specs start processes, servers or thousands of requests: half a minute each. */
const LONG = /\/test\/(fuzz|system)\//;

/**
 * In a fresh clone Jest knows no durations and begins with the largest files. The longest specs are small files: run last,
 * each leaves the other core idle.
 */
export default class LongSpecsFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    return [
      ...sorted.filter(({ path }) => LONG.test(path)),
      ...sorted.filter(({ path }) => !LONG.test(path)),
    ];
  }
}
