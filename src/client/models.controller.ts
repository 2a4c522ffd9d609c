import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, Authenticated, type Page, Problems } from '#libs/http';
import { ListModels, type OfferedModel } from './list-models.service.js';
import { ModelsQuery, OfferedModelOut } from './quote.dto.js';

/** What can be bought. */
@ApiTags('client')
@Problems({ 401: 'API key required' })
@Controller('api/v1/models')
export class ModelsController {
  constructor(private readonly models: ListModels) {}

  @Get()
  @Authenticated()
  @ApiOperation({
    summary: 'List models with prices and standings',
    description:
      'The models that this service computes itself, by name, then those that providers sell. Each with the price that a quote would begin with and with how good its forecasts were.',
  })
  @Answers(200, OfferedModelOut, {
    list: true,
    description: 'Models on this page.',
    headers: { Link: 'Links to the neighbouring pages.' },
  })
  @Problems(422)
  list(@Query() query: ModelsQuery): Promise<Page<OfferedModel>> {
    return this.models.page(query);
  }
}
