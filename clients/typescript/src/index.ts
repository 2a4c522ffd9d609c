export { PredictionProvider, type ClientOptions, type RequestOptions } from './client.js';
export {
  ApiError,
  PredictionFailedError,
  PredictionProviderError,
  type Problem,
  WaitTimeoutError,
} from './errors.js';
export { type ServerEvent } from './events.js';
export { verifyWebhook, WebhookVerificationError, type WebhookHeaders } from './webhooks.js';
export type { components } from './schema.js';
