export * from './databases.js';
export * from './fake-clock.js';
