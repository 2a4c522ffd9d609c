/** What specs of any kind use, without the product, Nest or a database; see test/harness for those. */
export * from './child-script.js';
export * from './config-of.js';
export * from './eventually.js';
export * from './fake-clock.js';
export * from './http-client.js';
export * from './tiny-plugins.js';
