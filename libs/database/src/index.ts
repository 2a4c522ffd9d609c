export * from './location.js';
export * from './database.js';
export * from './transaction.js';
export * from './transaction-runner.js';
export * from './column-types.js';
