import { Module } from '@nestjs/common';
import { AnswerBatch } from './answer-batch.service.js';
import { SyncAnswers } from './sync-answers.service.js';
import { SyncController, NoiseControlGuard } from './sync.controller.js';

/** Synchronous answers for back-testers; mounted only when the configured core has `syncEndpoints`. */
@Module({
  controllers: [SyncController],
  providers: [SyncAnswers, AnswerBatch, NoiseControlGuard],
})
export class SyncModule {}
