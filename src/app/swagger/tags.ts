/** The parts of the API in the order in which a newcomer meets them; the explorer shows them so. */
export const TAGS: readonly { readonly name: string; readonly description: string }[] = [
  {
    name: 'predictions',
    description: 'Ask for a forecast and read it. Begin here: no key is needed unless `require_auth` is set.',
  },
  { name: 'outcomes', description: 'What became of forecasts, and how good models are.' },
  { name: 'backtests', description: 'A model walked through its history, and scored.' },
  {
    name: 'synchronous',
    description: 'Entry and exit answers for back-testers, at once. Mounted with `core_plugin=sync_core`.',
  },
  { name: 'authentication', description: 'Get a key or a token, replace it, end it.' },
  { name: 'users', description: 'Your own account.' },
  {
    name: 'administration',
    description:
      'Accounts, settings and figures, for administrators. A marketplace begins here: create a client, an evaluator and a provider, and note their keys.',
  },
  {
    name: 'billing',
    description:
      'Prices, credits, balances, payouts and invoices. Grant the client credits before it orders.',
  },
  { name: 'client', description: 'Order predictions on the marketplace, with the key of a client.' },
  { name: 'evaluator', description: 'Claim orders and answer them, with the key of an evaluator.' },
  { name: 'webhooks', description: 'Signed messages to the receivers of clients, and their log.' },
  { name: 'audit', description: 'Who asked for what, and what was answered. Nothing can be changed here.' },
  {
    name: 'inference',
    description:
      'The models of this service by the Open Inference Protocol (V2), as Triton, KServe and MLServer speak it.',
  },
  { name: 'plugins', description: 'Which feeders, pipelines and predictors a request may name.' },
  { name: 'health', description: 'Probes for load balancers and monitors.' },
  { name: 'service', description: 'What runs here, and its figures.' },
  {
    name: 'legacy',
    description: 'The first format of the Python service, for the programs that still speak it.',
  },
  { name: 'test mode', description: 'For test suites, with `environment=test` only.' },
];
