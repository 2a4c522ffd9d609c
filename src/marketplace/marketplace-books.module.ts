import { Global, Module } from '@nestjs/common';
import { BillableOrders } from '../billing/billing.port.js';
import { OrderRepository } from './order.repository.js';

/** The orders as the verifier of the money compares them with the books: for the command, which has no marketplace. */
@Global()
@Module({
  providers: [OrderRepository, { provide: BillableOrders, useExisting: OrderRepository }],
  exports: [BillableOrders],
})
export class MarketplaceBooksModule {}
