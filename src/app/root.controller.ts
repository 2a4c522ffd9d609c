import { Controller, Get, Options } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, objectSchema, Public } from '#libs/http';
import { VERSION } from './version.js';

const text = { type: 'string' } as const;

@ApiTags('service')
@Controller()
export class RootController {
  @Get()
  @Public()
  @ApiOperation({ summary: 'Read name and version of the service' })
  @Answers(200, objectSchema({ message: text, version: text, docs: text }), {
    description: 'Name and version of the service, and the path of its documentation.',
    example: { message: 'Prediction Provider API', version: VERSION, docs: '/docs' },
  })
  about(): { readonly message: string; readonly version: string; readonly docs: string } {
    return { message: 'Prediction Provider API', version: VERSION, docs: '/docs' };
  }

  /** Clients of the original ask this before they post; a browser's preflight is answered before it comes here. */
  @Options('api/v1/predict')
  @Public()
  @ApiOperation({ summary: 'Check that predictions can be submitted' })
  @Answers(200, objectSchema({ message: text }), {
    description: 'The endpoint exists.',
    example: { message: 'OK' },
  })
  predictOptions(): { readonly message: string } {
    return { message: 'OK' };
  }
}
