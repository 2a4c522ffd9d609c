import { Module } from '@nestjs/common';
import { InferenceController } from './inference.controller.js';
import { ServeModels } from './serve-models.service.js';

/** The service's models, by the protocol of inference servers. */
@Module({ controllers: [InferenceController], providers: [ServeModels] })
export class InferenceModule {}
