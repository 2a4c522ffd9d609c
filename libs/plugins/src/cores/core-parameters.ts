import { flag, integer, type ParameterDeclarations, text } from '#libs/kernel';

/**
 * Where the core listens. The values are settings of the server, which applies them; they are declared here too, with
 * the same defaults, because the plugin list shows with them how the core runs.
 */
export const coreParameters = {
  host: text('127.0.0.1', 'Address to listen on.', { minLength: 1 }),
  port: integer(8000, 'TCP port to listen on; 0 takes any free one.', { min: 0, max: 65_535 }),
  reload: flag(false, 'Restart when the configuration changes.'),
  workers: integer(1, 'Number of API processes.', { min: 1, max: 64 }),
} as const satisfies ParameterDeclarations;
