import { loadConfig, type AppConfig } from '#libs/config';
import type { Clock } from '#libs/kernel';
import type { HostResolver } from '../../../src/webhooks/host-resolver.js';
import { TargetRules } from '../../../src/webhooks/target-rules.service.js';
import { type OutgoingMessage, WebhookSender } from '../../../src/webhooks/webhook-sender.js';

/** Settings as a serving process has them. */
export const webhookConfig = (flags: Readonly<Record<string, unknown>> = {}): AppConfig =>
  loadConfig({
    argv: [],
    env: {},
    flags: { environment: 'test', secret_key: 'a-secret-of-the-tests-that-nobody-keeps', ...flags },
    serving: true,
  });

/** Name servers that know these names only; what they were asked is in `asked`. */
export class ScriptedResolver implements HostResolver {
  readonly asked: string[] = [];

  constructor(private readonly answer: (host: string, count: number) => readonly string[]) {}

  addressesOf(host: string): Promise<readonly string[]> {
    this.asked.push(host);
    return Promise.resolve(this.answer(host, this.asked.length));
  }
}

export const unknownHosts = (): ScriptedResolver => new ScriptedResolver(() => []);

/** A sender that may call the given networks. */
export const senderTo = (
  allowed: readonly string[],
  clock: Clock,
  resolver: HostResolver = unknownHosts(),
): WebhookSender =>
  new WebhookSender(new TargetRules(webhookConfig({ webhook_allowed_networks: allowed })), resolver, clock);

export const messageTo = (url: string): OutgoingMessage => ({
  url,
  headers: { 'content-type': 'application/json', 'webhook-id': 'one' },
  body: '{"type":"prediction.completed"}',
});

/** A signal that never aborts. */
export const goOn = (): AbortSignal => new AbortController().signal;
