import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, Flexible, Problems } from '#libs/http';
import { ReadScores } from './read-scores.service.js';
import {
  ModelName,
  ScoreboardEntryOut,
  ScoreboardQuery,
  ScorecardOut,
  ScorecardQuery,
} from './scores.dto.js';

@ApiTags('outcomes')
@Controller('api/v1')
export class ScoresController {
  constructor(private readonly scores: ReadScores) {}

  @Get('models/:model/scorecard')
  @Flexible()
  @ApiOperation({
    summary: 'Read how good a model is',
    description:
      'From the outcomes of its live forecasts, core and marketplace, of the last 365 days or of the days that are asked for. Forecasts that saw what comes, or were made afterwards, count nowhere.',
  })
  @Answers(200, ScorecardOut, { description: 'Scores, calibration and skill over time.' })
  @Problems(403, 404, 422)
  scorecard(@Param() { model }: ModelName, @Query() query: ScorecardQuery): Promise<ScorecardOut> {
    return this.scores.scorecard(model, query);
  }

  @Get('scoreboard')
  @Flexible()
  @ApiOperation({
    summary: 'List models by their quality',
    description: 'Models with 40 outcomes or more in the last 365 days.',
  })
  @Answers(200, ScoreboardEntryOut, { list: true, description: 'The best first.' })
  @Problems(403, 422)
  scoreboard(@Query() { limit }: ScoreboardQuery): Promise<ScoreboardEntryOut[]> {
    return this.scores.scoreboard(limit);
  }
}
