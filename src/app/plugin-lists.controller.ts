import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, Flexible, Problems, Public } from '#libs/http';
import { PluginRegistry, type PluginStatus } from '#libs/plugin-host';
import { LISTS_EXAMPLE, LISTS_SCHEMA, STATUS_EXAMPLE, STATUS_SCHEMA } from './plugin-lists.schema.js';

/** Names of the known plugins by kind. */
export interface PluginLists {
  readonly feeder_plugins: readonly string[];
  readonly predictor_plugins: readonly string[];
  readonly pipeline_plugins: readonly string[];
  readonly endpoint_plugins: readonly string[];
  readonly core_plugins: readonly string[];
}

/** The configured plugin of each kind, every known one, and whether all is well. */
export interface PluginsReport {
  readonly plugins: Readonly<Record<'core' | 'feeder' | 'predictor' | 'pipeline', PluginStatus>>;
  readonly known: readonly PluginStatus[];
  /** Plugins that are loaded. */
  readonly total_plugins: number;
  /** `degraded` while a known plugin cannot be loaded. */
  readonly system_status: 'operational' | 'degraded';
}

@ApiTags('plugins')
@Controller('api/v1/plugins')
export class PluginListsController {
  constructor(private readonly registry: PluginRegistry) {}

  @Get()
  @Flexible()
  @ApiOperation({ summary: 'List plugins by kind' })
  @Answers(200, LISTS_SCHEMA, {
    description: 'Plugins that a request may name, by kind.',
    example: LISTS_EXAMPLE,
  })
  @Problems({ 403: 'API key required' })
  lists(): PluginLists {
    return {
      feeder_plugins: this.registry.ids('feeder'),
      predictor_plugins: this.registry.ids('predictor'),
      pipeline_plugins: this.registry.ids('pipeline'),
      endpoint_plugins: this.registry.ids('endpoints'),
      core_plugins: this.registry.ids('core'),
    };
  }

  @Get('status')
  @Public()
  @ApiOperation({ summary: 'Read the status of all plugins' })
  @Answers(200, STATUS_SCHEMA, {
    description: 'Loaded and configured plugins, with their figures since the start of the process.',
    example: STATUS_EXAMPLE,
  })
  status(): PluginsReport {
    const known = this.registry.status();
    const configured = (kind: string) => known.find((plugin) => plugin.kind === kind && plugin.configured);
    const plugins = {
      core: configured('core'),
      feeder: configured('feeder'),
      predictor: configured('predictor'),
      pipeline: configured('pipeline'),
    } as PluginsReport['plugins'];
    return {
      plugins,
      known,
      total_plugins: known.filter(({ status }) => status === 'active').length,
      system_status: known.some(({ status }) => status === 'failed') ? 'degraded' : 'operational',
    };
  }
}
