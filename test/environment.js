import { TestEnvironment as NodeEnvironment } from 'jest-environment-node';

/**
 * Native addons check `instanceof` against the outer realm's typed arrays; Jest's VM context has its own.
 * Handing the outer ones in lets ONNX Runtime and others accept arrays that a test made.
 * `testResources` is what the global setup of this run prepared (see test/resources).
 */
export default class RealmSharingEnvironment extends NodeEnvironment {
  async setup() {
    await super.setup();
    for (const shared of [
      ArrayBuffer,
      SharedArrayBuffer,
      Int8Array,
      Uint8Array,
      Uint8ClampedArray,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
      Float32Array,
      Float64Array,
      BigInt64Array,
      BigUint64Array,
    ]) {
      this.global[shared.name] = shared;
    }
    this.global.testResources = JSON.parse(process.env.TEST_RESOURCES);
  }
}
