import { defineCore } from '#libs/plugin-sdk';
import { coreParameters } from './core-parameters.js';

/** The whole API except the synchronous answers for back-testers. */
export default defineCore({
  id: 'default_core',
  apiVersion: 1,
  version: '1.0.0',
  description: 'The API: asynchronous predictions, accounts, marketplace and audit.',
  parameters: coreParameters,
  create: () => ({ syncEndpoints: false }),
});
