import { Module, type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import type { PluginRegistry } from '#libs/plugin-host';
import { AdminModule } from '../admin/admin.module.js';
import { AgentModule } from '../agent/agent.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { BacktestsModule } from '../backtests/backtests.module.js';
import { BillingModule } from '../billing/billing.module.js';
import { EvaluatorModule } from '../evaluator/evaluator.module.js';
import { ClientModule } from '../client/client.module.js';
import { InferenceModule } from '../inference/inference.module.js';
import { PredictionsModule } from '../predictions/predictions.module.js';
import { SyncModule } from '../sync/sync.module.js';
import { FirstStartModule } from '../accounts/first-start.module.js';
import { UsersModule } from '../users/users.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { AnchorsModule } from './keep-anchors.js';
import { HostModule } from './host.module.js';
import { HttpModule } from './http/http.module.js';
import type { HttpFront } from './http/http-front.js';
import { MetricsModule } from './metrics/metrics.module.js';
import type { Metrics } from './metrics/metrics.js';
import { PersistenceModule, type Foundation } from './persistence/persistence.module.js';
import { PluginsModule } from './plugins.module.js';
import { SecretKeysModule } from './secret-keys.js';
import { RootController } from './root.controller.js';

/** What an API process is made of before Nest starts. */
export interface ApiParts {
  readonly foundation: Foundation;
  readonly plugins: PluginRegistry;
  readonly front: HttpFront;
  readonly metrics: Metrics;
}

/** What a module imports, in Nest's words. */
export type Imports = NonNullable<ModuleMetadata['imports']>;

/** The composition of the API process. */
@Module({})
export class ApiModule {
  /** @param domains the product's domains; tests may mount fewer, or others */
  static forRoot(parts: ApiParts, domains: Imports = domainsOf(parts.plugins)): DynamicModule {
    return {
      module: ApiModule,
      controllers: [RootController],
      imports: [
        HttpModule,
        PersistenceModule.forRoot(parts.foundation),
        HostModule.forRoot(parts.front, parts.metrics),
        AuthModule,
        FirstStartModule,
        AnchorsModule,
        SecretKeysModule,
        ...domains,
        PluginsModule.forRoot(parts.plugins),
      ],
    };
  }
}

/** The synchronous answers are there only when the configured core switches them on. */
const domainsOf = ({ core }: PluginRegistry): Imports => [
  UsersModule,
  PredictionsModule,
  BacktestsModule,
  ...(core.features.syncEndpoints ? [SyncModule] : []),
  InferenceModule,
  BillingModule,
  EvaluatorModule,
  WebhooksModule,
  ClientModule,
  AuditModule,
  AdminModule,
  AgentModule,
  MetricsModule,
];
