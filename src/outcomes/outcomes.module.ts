import { Module } from '@nestjs/common';
import { FetchRealisedBars } from './fetch-realised-bars.js';
import { PayForecasts } from './pay-forecasts.service.js';
import {
  ForecastCalibrations,
  ForecastOutcomes,
  ForecastPays,
  ForecastPins,
  ForecastReceipts,
  OutcomePictures,
  TrainingDistances,
} from './outcomes.port.js';
import { OutcomesRepository } from './outcomes.repository.js';
import { PinForecast } from './pin-forecast.service.js';
import { CalibrateForecast } from './calibration/calibrate-forecast.service.js';
import { MeasureDistance } from './calibration/measure-distance.service.js';
import { CalibrationUpkeep } from './calibration/calibration-upkeep.service.js';
import { CalibrationRepository } from './calibration/calibration.repository.js';
import { DrawScores } from './draw-scores.service.js';
import { KeepScores } from './keep-scores.service.js';
import { ReadScores } from './read-scores.service.js';
import { ProviderStatsController, ScoresController } from './scores.controller.js';
import { ScoresRepository } from './scores.repository.js';
import { ScoreStandings } from './standings.port.js';
import { ReadOutcomes } from './read-outcomes.service.js';
import { ReportOutcomes } from './report-outcomes.service.js';
import { OutcomesController } from './outcomes.controller.js';
import { LinkReceipts } from './receipts/link-receipts.service.js';
import { ReadReceipts } from './receipts/read-receipts.service.js';
import { ReceiptKeysController } from './receipts/receipt-keys.controller.js';
import { ReceiptKeys } from './receipts/receipt-keys.service.js';
import { ReceiptRepository } from './receipts/receipt.repository.js';
import { BaselineSchedule, ResolutionJob, ResolutionSchedule } from './resolution-job.service.js';
import { ResolveOutcomes } from './resolve-outcomes.service.js';
import { TakeBaselines } from './take-baselines.service.js';

/** Forecasts as they were made, and what became of them. */
@Module({
  controllers: [OutcomesController, ScoresController, ProviderStatsController, ReceiptKeysController],
  providers: [
    OutcomesRepository,
    FetchRealisedBars,
    ResolveOutcomes,
    ResolutionJob,
    ResolutionSchedule,
    TakeBaselines,
    BaselineSchedule,
    ScoresRepository,
    KeepScores,
    ReadScores,
    DrawScores,
    { provide: OutcomePictures, useExisting: DrawScores },
    { provide: ScoreStandings, useExisting: ReadScores },
    PinForecast,
    CalibrationRepository,
    CalibrationUpkeep,
    CalibrateForecast,
    { provide: ForecastCalibrations, useExisting: CalibrateForecast },
    MeasureDistance,
    { provide: TrainingDistances, useExisting: MeasureDistance },
    ReadOutcomes,
    ReportOutcomes,
    ReceiptRepository,
    ReceiptKeys,
    LinkReceipts,
    ReadReceipts,
    { provide: ForecastPins, useExisting: PinForecast },
    PayForecasts,
    { provide: ForecastPays, useExisting: PayForecasts },
    { provide: ForecastReceipts, useExisting: ReadReceipts },
    { provide: ForecastOutcomes, useExisting: ReadOutcomes },
  ],
  exports: [
    ForecastPins,
    ForecastCalibrations,
    ForecastPays,
    TrainingDistances,
    ForecastOutcomes,
    ForecastReceipts,
    ReceiptKeys,
    OutcomePictures,
    ScoreStandings,
  ],
})
export class OutcomesModule {}
