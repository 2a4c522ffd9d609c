import { Module, type DynamicModule } from '@nestjs/common';
import { ENDPOINTS_HOST } from '#libs/plugin-sdk';
import { HealthModule } from './health/health.module.js';
import { HostFacts } from './host-facts.js';
import { HttpFront } from './http/http-front.js';
import { Metrics } from './metrics/metrics.js';

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
