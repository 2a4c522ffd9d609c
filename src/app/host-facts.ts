import { Injectable } from '@nestjs/common';
import { PluginRegistry } from '#libs/plugin-host';
import type { EndpointsHost, HealthReading, PluginSummary } from '#libs/plugin-sdk';
import { Readiness } from './health/readiness.js';
import { Metrics } from './metrics/metrics.js';
import { VERSION } from './version.js';

/** What endpoints plugins may know of the server they are mounted in. */
@Injectable()
export class HostFacts implements EndpointsHost {
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
