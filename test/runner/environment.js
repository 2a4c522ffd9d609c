import { TestEnvironment as NodeEnvironment } from 'jest-environment-node';

/** Constructors of the language and of Node: `Error`, `Map`, `Float32Array` … */
const CONSTRUCTORS = Object.getOwnPropertyNames(globalThis).filter(
  (name) => /^[A-Z]/.test(name) && typeof globalThis[name] === 'function',
);

/**
 * Specs and the product run in the process's own realm (see run-spec.js), Jest's `expect` in a context of its own.
 * The context gets the realm's constructors, so that both mean the same by `instanceof Error`.
 */
export default class SharedRealmEnvironment extends NodeEnvironment {
  async setup() {
    await super.setup();
    for (const name of CONSTRUCTORS) this.global[name] = globalThis[name];
  }
}
