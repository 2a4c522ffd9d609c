import type { ParameterDeclarations } from '#libs/kernel';

/**
 * Where the core listens. The values are settings of the server, which applies them; they are declared here too, with
 * the same defaults, because the plugin list shows with them how the core runs.
 */
export const coreParameters = {
  host: { type: 'string', default: '127.0.0.1', minLength: 1, help: 'Address to listen on.' },
  port: {
    type: 'integer',
    default: 8000,
    min: 0,
    max: 65_535,
    help: 'TCP port to listen on; 0 takes any free one.',
  },
  reload: { type: 'boolean', default: false, help: 'Restart when the configuration changes.' },
  workers: { type: 'integer', default: 1, min: 1, max: 64, help: 'Number of API processes.' },
} as const satisfies ParameterDeclarations;
