import { defineCore } from '#libs/plugin-sdk';
import { coreParameters } from './core-parameters.js';

/** As `default_core`, and the synchronous answers: model info, entry, exit, noise, metrics. */
export default defineCore({
  id: 'sync_core',
  apiVersion: 1,
  version: '1.0.0',
  description: 'The API with the synchronous entry and exit answers that back-testers ask for.',
  parameters: coreParameters,
  create: () => ({ syncEndpoints: true }),
});
