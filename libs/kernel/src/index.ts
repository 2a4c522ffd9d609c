export * from './errors.js';
export * from './ids.js';
export * from './clock.js';
export * from './operation-context.js';
export * from './parameters.js';
export * from './money.js';
export * from './text-cipher.js';
export * from './networks.js';
