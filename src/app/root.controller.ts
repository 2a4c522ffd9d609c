import { Controller, Get, Headers, Options, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AppConfig } from '#libs/config';
import { Answers, objectSchema, Public, WithHeaders } from '#libs/http';
import { landingPage } from './landing-page.js';
import { VERSION } from './version.js';

const text = { type: 'string' } as const;

interface About {
  readonly message: string;
  readonly version: string;
  readonly docs: string;
}

/** Browsers name HTML first; programs name JSON, anything, or nothing. */
const HTML_FIRST = /^\s*(?:text\/html|application\/xhtml\+xml)\b/i;

const ABOUT: About = { message: 'Prediction Provider API', version: VERSION, docs: '/docs' };

const page = (hasExplorer: boolean): StreamableFile =>
  new StreamableFile(Buffer.from(landingPage(hasExplorer)), { type: 'text/html; charset=utf-8' });

@ApiTags('service')
@Controller()
export class RootController {
  constructor(private readonly config: AppConfig) {}

  @Get()
  @Public()
  @ApiOperation({
    summary: 'Read name and version of the service',
    description:
      'For programs the name and version as JSON; a browser (`Accept: text/html`) gets a page with the ways to go on.',
  })
  @Answers(200, objectSchema({ message: text, version: text, docs: text }), {
    description: 'Name and version of the service, and the path of its documentation.',
    example: { message: 'Prediction Provider API', version: VERSION, docs: '/docs' },
    also: { 'text/html': text },
  })
  about(@Headers() headers: Readonly<Record<string, unknown>>): WithHeaders<About | StreamableFile> {
    const isBrowser = HTML_FIRST.test(String(headers['accept'] ?? ''));
    const answer = isBrowser ? page(this.config.swagger) : ABOUT;
    return new WithHeaders(answer, { Vary: 'Accept' });
  }

  /** Clients of the original ask this before they post; a browser's preflight is answered before it comes here. */
  @Options('api/v1/predict')
  @Public()
  @ApiOperation({
    summary: 'Check that predictions can be submitted',
    description:
      "Submit with `POST /api/v1/predictions` instead of asking first, as clients of the Python service do. A browser's preflight is answered by the CORS rules.",
    deprecated: true,
  })
  @Answers(200, objectSchema({ message: text }), {
    description: 'The endpoint exists.',
    example: { message: 'OK' },
  })
  predictOptions(): { readonly message: string } {
    return { message: 'OK' };
  }
}
