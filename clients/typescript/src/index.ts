export {
  type BacktestOptions,
  type ClientOptions,
  PredictionProvider,
  type RequestOptions,
} from './client.js';
export {
  ApiError,
  BacktestFailedError,
  PredictionFailedError,
  PredictionProviderError,
  type Problem,
  WaitTimeoutError,
} from './errors.js';
export { type ServerEvent } from './events.js';
export { verifyWebhook, WebhookVerificationError, type WebhookHeaders } from './webhooks.js';
export type { components } from './schema.js';
