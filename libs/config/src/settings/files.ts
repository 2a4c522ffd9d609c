import type { ParameterDeclarations } from '#libs/kernel';

/** Configuration files, outputs and their remote counterparts. */
export const FILE_SETTINGS = {
  load_config: {
    type: 'string',
    default: null,
    minLength: 1,
    help: 'Path of a JSON file with settings; names that are no setting are plugin parameters.',
  },
  save_config: {
    type: 'string',
    default: null,
    minLength: 1,
    help: 'Write the given settings to this path as a config file, defaults as remarks and secrets left out, and go on.',
  },
  output_file: {
    type: 'string',
    default: null,
    minLength: 1,
    help: 'Write what a command prints as its result (such as `plugins list`) to this file too.',
  },
  results_file: {
    type: 'string',
    default: null,
    minLength: 1,
    help: 'Append every finished core prediction to this file, one JSON object a line.',
  },
  remote_load_config: {
    type: 'string',
    default: null,
    pattern: /^https?:\/\//,
    help: 'URL of a JSON document with settings, read at start; the config file wins over it.',
  },
  remote_save_config: {
    type: 'string',
    default: null,
    pattern: /^https?:\/\//,
    help: 'URL that the same document is sent to (PUT, JSON) at start.',
  },
  password: {
    type: 'string',
    default: null,
    minLength: 1,
    secret: true,
    help: 'Password for the remote addresses, with `username` (HTTP Basic; https only, except on loopback).',
  },
} as const satisfies ParameterDeclarations;
