import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Clock } from '#libs/kernel';
import { HeaderAPIKeyStrategy } from 'passport-headerapikey';
import { Credentials } from '../accounts/accounts.port.js';
import { accepted, refused, type Verdict } from './verdict.js';

/** The header that carries an API key, in the lower case of parsed headers. */
export const API_KEY_HEADER = 'x-api-key';

/** Longer texts are no key of anybody; they are not even hashed. */
const MAX_LENGTH = 512;

/** Resolves `X-API-KEY`: known, not expired, account active. Each request asks the database. */
@Injectable()
export class ApiKeyStrategy extends PassportStrategy(HeaderAPIKeyStrategy, 'api-key') {
  constructor(
    private readonly credentials: Credentials,
    private readonly clock: Clock,
  ) {
    super({ header: API_KEY_HEADER, prefix: '' }, false);
  }

  async validate(apiKey: string): Promise<Verdict> {
    const owner = apiKey.length > MAX_LENGTH ? null : await this.credentials.findByApiKey(apiKey);
    if (owner === null) return refused('invalid_api_key');
    if (!owner.isActive) return refused('account_inactive', owner);
    if (owner.expiresAtMs !== null && owner.expiresAtMs <= this.clock.now()) {
      return refused('api_key_expired', owner);
    }
    this.credentials.noteUse({ apiKeyOf: owner.userId });
    return accepted(owner);
  }
}
