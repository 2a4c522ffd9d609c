import { ConfigError, withSecrets } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { AppError, newTimeOrderedUuid, systemClock } from '#libs/kernel';
import { UserRepository } from '../../accounts/user.repository.js';
import { signedHeaders } from '../../webhooks/deliver-webhooks.service.js';
import { NameServerResolver } from '../../webhooks/host-resolver.js';
import { TargetRules } from '../../webhooks/target-rules.service.js';
import { WebhookSecretRepository } from '../../webhooks/webhook-secret.repository.js';
import { WebhookSecrets } from '../../webhooks/webhook-secrets.service.js';
import { WebhookSender } from '../../webhooks/webhook-sender.js';
import { openDatabase } from '../schema.js';
import { EXIT, type Command, nameDatabase, print, printError } from './command.js';

/** `webhooks send-test URL --username NAME`: one message, signed as that account's are, sent as the service sends. */
export const sendTest: Command = async (config, { positionals }) => {
  const [url = ''] = positionals;
  if (config.username === null)
    throw new ConfigError(['--username is required: whose secret signs the message'], 'The command line');
  const rules = new TargetRules(config);
  const checked = rules.check(url);
  if ('fault' in checked) throw new ConfigError([`URL ${checked.fault}`], 'The command line');
  const database = await openDatabase(config, { mustExist: true });
  nameDatabase(config);
  try {
    const user = await new UserRepository(database).findByUsername(config.username);
    if (user === null) throw new AppError('not_found', `There is no account "${config.username}"`);
    const secrets = await new WebhookSecrets(
      new WebhookSecretRepository(database),
      new TransactionRunner(database),
      systemClock,
      withSecrets(config),
    ).toSignWith(user.id);
    if (secrets === null)
      throw new AppError('conflict', 'the secret of this account was stored under another secret_key');
    const now = systemClock.now();
    const [id, timestamp] = [newTimeOrderedUuid(now), new Date(now).toISOString()];
    const body = JSON.stringify({ type: 'webhook.test', timestamp, data: { account: user.username } });
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'prediction-provider-webhooks',
      ...signedHeaders({ id, body }, secrets, now),
    };
    const sender = new WebhookSender(rules, new NameServerResolver(), systemClock);
    const attempt = await sender.send({ url, headers, body }, new AbortController().signal);
    const answer = attempt.responseStatus === null ? 'no answer' : `HTTP ${attempt.responseStatus}`;
    if (attempt.error === null)
      return print(`Delivered: ${answer} after ${attempt.durationMs} ms (message ${id}).`);
    printError(`Not delivered: ${attempt.error}, ${answer} after ${attempt.durationMs} ms (message ${id}).`);
    return EXIT.failed;
  } finally {
    await database.close();
  }
};
