/**
 * What `@jest/globals` is in specs. The bindings are live: before a spec file is loaded they are set to the functions
 * that belong to it, also for modules that an earlier spec file has loaded.
 */
export let afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test;

export function use(globals) {
  ({ afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test } = globals);
}
