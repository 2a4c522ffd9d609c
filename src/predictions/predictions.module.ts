import { Module } from '@nestjs/common';
import { KeptFigures, SourceFigures } from '#libs/database';
import { LedgerModule } from '../billing/ledger.module.js';
import { OutcomesModule } from '../outcomes/outcomes.module.js';
import { AwaitPrediction } from './await-prediction.service.js';
import { CompleteRequest } from './complete-request.service.js';
import { DeletePrediction } from './delete-prediction.service.js';
import { LegacyPredictionsController } from './legacy-predictions.controller.js';
import { PredictAtOnce } from './predict-at-once.service.js';
import { PredictionEvidenceController } from './prediction-evidence.controller.js';
import { PredictionEvents } from './prediction-events.service.js';
import { PredictionUpkeep } from './prediction-upkeep.service.js';
import { PredictionRepository } from './prediction.repository.js';
import { PredictionsController, SecurePredictionsController } from './predictions.controller.js';
import { PredictionFigures } from './predictions.port.js';
import { ReadPredictionOutcome } from './read-prediction-outcome.service.js';
import { ReadPredictions } from './read-predictions.service.js';
import { ResultsFile } from './results-file.service.js';
import { RunPrediction } from './run-prediction.service.js';
import { PredictionSchedule } from './scheduled-predictions.service.js';
import { SubmitPrediction } from './submit-prediction.service.js';

/** Submit, run, read and delete core predictions; live status. */
@Module({
  imports: [LedgerModule, OutcomesModule],
  controllers: [
    PredictionsController,
    PredictionEvidenceController,
    SecurePredictionsController,
    LegacyPredictionsController,
  ],
  providers: [
    PredictionRepository,
    PredictionUpkeep,
    PredictionSchedule,
    AwaitPrediction,
    CompleteRequest,
    SubmitPrediction,
    PredictAtOnce,
    ResultsFile,
    RunPrediction,
    ReadPredictions,
    ReadPredictionOutcome,
    DeletePrediction,
    PredictionEvents,
    {
      provide: PredictionFigures,
      inject: [KeptFigures],
      useFactory: (kept: KeptFigures) => new SourceFigures(kept, 'predictions'),
    },
  ],
  exports: [PredictionFigures, SubmitPrediction],
})
export class PredictionsModule {}
