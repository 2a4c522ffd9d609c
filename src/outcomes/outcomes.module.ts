import { Module } from '@nestjs/common';
import { FetchRealisedBars } from './fetch-realised-bars.js';
import { ForecastOutcomes, ForecastPins } from './outcomes.port.js';
import { OutcomesRepository } from './outcomes.repository.js';
import { PinForecast } from './pin-forecast.service.js';
import { KeepScores } from './keep-scores.service.js';
import { ReadScores } from './read-scores.service.js';
import { ScoresController } from './scores.controller.js';
import { ScoresRepository } from './scores.repository.js';
import { ReadOutcomes } from './read-outcomes.service.js';
import { ReportOutcomes } from './report-outcomes.service.js';
import { OutcomesController } from './outcomes.controller.js';
import { ResolveOutcomes } from './resolve-outcomes.service.js';

/** Forecasts as they were made, and what became of them. */
@Module({
  controllers: [OutcomesController, ScoresController],
  providers: [
    OutcomesRepository,
    FetchRealisedBars,
    ResolveOutcomes,
    ScoresRepository,
    KeepScores,
    ReadScores,
    PinForecast,
    ReadOutcomes,
    ReportOutcomes,
    { provide: ForecastPins, useExisting: PinForecast },
    { provide: ForecastOutcomes, useExisting: ReadOutcomes },
  ],
  exports: [ForecastPins, ForecastOutcomes],
})
export class OutcomesModule {}
