import { flag, integer, type ParameterDeclarations, text } from '#libs/kernel';
import { defineCore } from '#libs/plugin-sdk';

/**
 * Where the core listens. The values are settings of the server, which applies them; they are declared here too, with
 * the same defaults, because the plugin list shows with them how the core runs.
 */
const parameters = {
  host: text({ default: '127.0.0.1', minLength: 1 }, 'Address to listen on.'),
  port: integer({ default: 8000, min: 0, max: 65_535 }, 'TCP port to listen on; 0 picks a free port.'),
  reload: flag(false, 'Restart when the configuration changes.'),
  workers: integer({ default: 1, min: 1, max: 64 }, 'Number of API processes.'),
} as const satisfies ParameterDeclarations;

/** The whole API except the synchronous answers for back-testers. */
export const defaultCore = defineCore({
  id: 'default_core',
  apiVersion: 1,
  version: '1.0.0',
  description: 'The API: asynchronous predictions, accounts, marketplace and audit.',
  parameters,
  create: () => ({ syncEndpoints: false }),
});

/** As `default_core`, and the synchronous answers: model info, entry, exit, noise, metrics. */
export const syncCore = defineCore({
  id: 'sync_core',
  apiVersion: 1,
  version: '1.0.0',
  description: 'The API with the synchronous entry and exit answers that back-testers ask for.',
  parameters,
  create: () => ({ syncEndpoints: true }),
});

export default [defaultCore, syncCore];
