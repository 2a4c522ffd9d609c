export * from './datatypes.js';
export * from './message.js';
export * from './tensor-json.js';
