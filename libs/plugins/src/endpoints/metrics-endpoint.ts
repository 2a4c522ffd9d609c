import { Controller, Get, Inject, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { defineEndpoints, ENDPOINTS_HOST, type EndpointsHost } from '#libs/plugin-sdk';
import { Answer, endpointsOf, OpenTo } from './route-documentation.js';

@ApiTags('service')
@Controller('metrics')
class MetricsController {
  constructor(@Inject(ENDPOINTS_HOST) private readonly host: EndpointsHost) {}

  @Get()
  @OpenTo('public')
  @ApiOperation({
    summary: 'Read metrics for Prometheus',
    description:
      'Point a scraper of Prometheus at it. No credential is needed, so keep it inside of your network.',
  })
  @Answer(
    'All metrics in the Prometheus text format.',
    { type: 'string' },
    '# TYPE http_requests_total counter\nhttp_requests_total{method="GET",route="/health",status="200"} 3\n',
    'text/plain',
  )
  async metrics(): Promise<StreamableFile> {
    const { contentType, body } = await this.host.metrics();
    return new StreamableFile(Buffer.from(body), { type: contentType });
  }
}

export default defineEndpoints({
  id: 'metrics_endpoint',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Metrics for Prometheus at /metrics.',
  parameters: {},
  create: () => endpointsOf(MetricsController),
});
