import { Controller, Get, Param, Query, type StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ADMINISTRATORS, Answers, Authenticated, Caller, Flexible, Problems, RoleProblems } from '#libs/http';
import type { Actor } from '#libs/kernel';
import { DrawScores } from './draw-scores.service.js';
import { ReadScores } from './read-scores.service.js';
import {
  ModelName,
  ProviderStatsOut,
  ScoreboardEntryOut,
  ScoreboardQuery,
  ScorecardOut,
  ScorecardPicture,
  ScorecardQuery,
} from './scores.dto.js';

const FILE = { type: 'string', format: 'binary' };

@ApiTags('outcomes')
@Controller('api/v1')
export class ScoresController {
  constructor(
    private readonly scores: ReadScores,
    private readonly pictures: DrawScores,
  ) {}

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

  @Get('models/:model/scorecard/:picture')
  @Flexible()
  @ApiOperation({
    summary: 'Draw how good a model is',
    description:
      'The shares inside of the intervals with their 95 % band, the places where values fell in the stated distributions, or skill by day. Takes the filters of the scorecard.',
  })
  @Answers(200, FILE, { contentType: ['image/png', 'image/svg+xml'], description: 'The picture.' })
  @Problems(403, 404, 422)
  picture(
    @Param() { model, picture }: ScorecardPicture,
    @Query() query: ScorecardQuery,
  ): Promise<StreamableFile> {
    return this.pictures.scorecard(model, picture, query);
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

@ApiTags('billing')
@RoleProblems('provider', ...ADMINISTRATORS)
@Controller('api/v1/provider')
export class ProviderStatsController {
  constructor(private readonly scores: ReadScores) {}

  @Get('stats')
  @Authenticated('provider', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Read your statistics as a provider',
    description:
      'How good the answers to orders at your prices were, by their outcomes, and how many orders were answered.',
  })
  @Answers(200, ProviderStatsOut, { description: 'Quality, reputation and deliveries.' })
  stats(@Caller() { userId }: Actor): Promise<ProviderStatsOut> {
    return this.scores.provider(userId);
  }
}
