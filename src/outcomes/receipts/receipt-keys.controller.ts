import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, objectSchema, Public, WithHeaders } from '#libs/http';
import { ReceiptKeys } from './receipt-keys.service.js';

const text = { type: 'string' } as const;
const JWK_SCHEMA = objectSchema({ kty: text, crv: text, x: text, use: text, alg: text, kid: text });
const EXAMPLE = {
  kty: 'OKP',
  crv: 'Ed25519',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  use: 'sig',
  alg: 'EdDSA',
  kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
};

@ApiTags('outcomes')
@Controller('.well-known')
export class ReceiptKeysController {
  constructor(private readonly keys: ReceiptKeys) {}

  @Get('jwks.json')
  @Public()
  @ApiOperation({
    summary: 'Read the public keys of receipts',
    description:
      'A JWK Set (RFC 7517). The first key signs receipts now; those behind it have signed before and stay. Keep a copy: with it receipts are verified offline. Empty until the first receipt was signed.',
  })
  @Answers(200, objectSchema({ keys: { type: 'array', items: JWK_SCHEMA } }), {
    description: 'The public keys, the newest first.',
    example: { keys: [EXAMPLE] },
    headers: { 'Cache-Control': 'How long the keys may be kept without asking again.' },
  })
  async published(): Promise<WithHeaders<Awaited<ReturnType<ReceiptKeys['published']>>>> {
    return new WithHeaders(await this.keys.published(), { 'Cache-Control': 'public, max-age=300' });
  }
}
