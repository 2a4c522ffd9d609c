import { Global, Module } from '@nestjs/common';
import { BillableJobs } from '../billing/billing.port.js';
import { PredictionJobRepository } from './prediction-job.repository.js';

/** The requests as the verifier of the money compares them with the books: for the command, which has no marketplace. */
@Global()
@Module({
  providers: [PredictionJobRepository, { provide: BillableJobs, useExisting: PredictionJobRepository }],
  exports: [BillableJobs],
})
export class MarketplaceBooksModule {}
