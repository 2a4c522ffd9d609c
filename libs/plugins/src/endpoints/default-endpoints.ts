import { flag, noEffect, text } from '#libs/kernel';
import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { defineEndpoints, ENDPOINTS_HOST, type EndpointsHost, type PluginSummary } from '#libs/plugin-sdk';
import {
  Answer,
  endpointsOf,
  OpenTo,
  PLUGIN_EXAMPLE,
  PLUGIN_SCHEMA,
  Refusal,
} from './route-documentation.js';

@ApiTags('plugins')
@Controller('plugins')
class PluginListController {
  constructor(@Inject(ENDPOINTS_HOST) private readonly host: EndpointsHost) {}

  @Get()
  @OpenTo('flexible')
  @ApiOperation({
    summary: 'List all plugins',
    description: 'One flat list; `GET /api/v1/plugins` has them by kind.',
  })
  @Answer('All plugins.', { type: 'array', items: PLUGIN_SCHEMA }, [PLUGIN_EXAMPLE])
  @Refusal(403, 'Forbidden', 'API key required')
  list(): readonly Omit<PluginSummary, 'parameters'>[] {
    return this.host
      .plugins()
      .map(({ id, kind, version, description, state }) => ({ id, kind, version, description, state }));
  }
}

/** The short path of the plugin list that the original's plugin declared. */
export default defineEndpoints({
  id: 'default_endpoints',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Lists all plugins at /plugins.',
  parameters: {
    host: text('0.0.0.0', noEffect('the server settings host and endpoints_host decide where it listens')),
    debug: flag(false, noEffect('log_level decides what is logged')),
    db_path: text('prediction_provider.db', noEffect('everything is stored in the server database')),
  },
  create: () => endpointsOf(PluginListController),
});
