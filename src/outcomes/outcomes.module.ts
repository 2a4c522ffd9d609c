import { Module } from '@nestjs/common';
import { ForecastPins } from './outcomes.port.js';
import { PinForecast } from './pin-forecast.service.js';

/** Forecasts as they were made, and what became of them. */
@Module({
  providers: [PinForecast, { provide: ForecastPins, useExisting: PinForecast }],
  exports: [ForecastPins],
})
export class OutcomesModule {}
