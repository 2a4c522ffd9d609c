import { flag } from '#libs/kernel';
import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { defineEndpoints, ENDPOINTS_HOST, type EndpointsHost } from '#libs/plugin-sdk';
import {
  Answer,
  endpointsOf,
  OpenTo,
  PLUGIN_EXAMPLE,
  PLUGIN_SCHEMA,
  Refusal,
} from './route-documentation.js';

/** Whether the parameters of plugins are shown; bound when the plugin is created. */
const SHOWS_PARAMETERS = Symbol('SHOWS_PARAMETERS');

@ApiTags('service')
@Controller('info')
class InfoController {
  constructor(
    @Inject(ENDPOINTS_HOST) private readonly host: EndpointsHost,
    @Inject(SHOWS_PARAMETERS) private readonly showsParameters: boolean,
  ) {}

  @Get()
  @OpenTo('flexible')
  @ApiOperation({
    summary: 'Read version and plugins',
    description: 'What runs here: version, Node.js, plugins.',
  })
  @Answer(
    'Version, runtime and plugins. With `endpoints_debug`, also the parameters in effect, without secrets.',
    {
      type: 'object',
      required: ['name', 'version', 'node', 'plugins'],
      properties: {
        name: { type: 'string' },
        version: { type: 'string' },
        node: { type: 'string' },
        plugins: { type: 'array', items: PLUGIN_SCHEMA },
      },
    },
    { name: 'Prediction Provider API', version: '0.1.0', node: 'v20.19.0', plugins: [PLUGIN_EXAMPLE] },
  )
  @Refusal(403, 'Forbidden', 'API key required')
  info(): Readonly<Record<string, unknown>> {
    const plugins = this.host
      .plugins()
      .map(({ parameters, ...plugin }) => (this.showsParameters ? { ...plugin, parameters } : plugin));
    return { name: 'Prediction Provider API', version: this.host.version, node: process.version, plugins };
  }
}

export default defineEndpoints({
  id: 'info_endpoint',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Reports the version and the plugins of the server at /info.',
  parameters: {
    endpoints_debug: flag(
      false,
      'Whether to show the parameters of all plugins as well; secrets are left out.',
    ),
  },
  create: ({ parameters }) =>
    endpointsOf(InfoController, [{ provide: SHOWS_PARAMETERS, useValue: parameters.endpoints_debug }]),
});
