import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { ContractValidationPipe, IdempotencyPort, ProblemFilter, RouteTable } from '#libs/http';
import { StoredIdempotency } from '../idempotency/stored-idempotency.js';
import { BodyGuard } from './body.guard.js';
import { PreparedRoutes } from './prepared-routes.js';
import { RouteCatalogue } from './route-catalogue.js';

/**
 * What every route has: its body read, its input validated, its errors answered as problem details, repeats of a POST
 * answered once. The first import of an application, so that its guard is the first of all.
 */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [
    RouteTable,
    RouteCatalogue,
    PreparedRoutes,
    StoredIdempotency,
    { provide: IdempotencyPort, useExisting: StoredIdempotency },
    { provide: APP_GUARD, useClass: BodyGuard },
    { provide: APP_PIPE, useClass: ContractValidationPipe },
    { provide: APP_FILTER, useClass: ProblemFilter },
  ],
  exports: [RouteTable, RouteCatalogue, IdempotencyPort],
})
export class HttpModule {}
