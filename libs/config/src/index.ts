export * from './settings.js';
export * from './config-error.js';
export * from './database-url.js';
export * from './environment.js';
export * from './backtest-flags.js';
export * from './command-flags.js';
export * from './commands.js';
export * from './command-line.js';
export * from './load-config.js';
export * from './app-config.js';
export { compatibleParameters, differencesTable, isOriginalKey } from './compatibility.js';
export { savedDocument, startConfig } from './start-config.js';
export * from './runtime-settings.js';
export * from './route-groups.js';
export { configurationPage, environmentExample, commandHelp, helpText } from './documentation.js';

export type { ConfigSource } from './sources.js';
