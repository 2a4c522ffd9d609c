export * from './settings.js';
export * from './config-error.js';
export * from './database-url.js';
export * from './environment.js';
export * from './commands.js';
export * from './command-line.js';
export * from './load-config.js';
export * from './loaded-config.js';
