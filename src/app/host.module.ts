import { Module, type DynamicModule, Injectable } from '@nestjs/common';
import { ENDPOINTS_HOST, type EndpointsHost, type HealthReading, type PluginSummary } from '#libs/plugin-sdk';
import { PluginRegistry } from '#libs/plugin-host';
import { HealthModule } from './health/health.module.js';
import { HttpFront } from './http/http-front.js';
import { Metrics } from './metrics/metrics.js';
import { Readiness } from './health/readiness.js';
import { VERSION } from './version.js';

/** What endpoints plugins may know of the server they are mounted in. */
@Injectable()
class HostFacts implements EndpointsHost {
  readonly version = VERSION;

  constructor(
    private readonly registry: PluginRegistry,
    private readonly health: Readiness,
    private readonly figures: Metrics,
  ) {}

  plugins(): readonly PluginSummary[] {
    return this.registry.summaries();
  }

  readiness(): Promise<readonly HealthReading[]> {
    return this.health.readings();
  }

  metrics(): Promise<{ readonly contentType: string; readonly body: string }> {
    return this.figures.text();
  }
}

/** The parts of the server that were there before Nest, and what endpoints plugins may ask of them. */
@Module({})
export class HostModule {
  static forRoot(front: HttpFront, metrics: Metrics): DynamicModule {
    return {
      module: HostModule,
      global: true,
      imports: [HealthModule],
      providers: [
        { provide: HttpFront, useValue: front },
        { provide: Metrics, useValue: metrics },
        HostFacts,
        { provide: ENDPOINTS_HOST, useExisting: HostFacts },
      ],
      exports: [HttpFront, Metrics, ENDPOINTS_HOST],
    };
  }
}
