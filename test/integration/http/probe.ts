import {
  Body,
  Controller,
  Get,
  Header,
  Headers,
  Module,
  Param,
  Post,
  Put,
  Query,
  Sse,
  StreamableFile,
} from '@nestjs/common';
import { concat, NEVER, of, type Observable } from 'rxjs';
import {
  AfterCommit,
  Answers,
  Authenticated,
  BatchBody,
  Flexible,
  FreeFormBody,
  Idempotent,
  IntegerField,
  ListField,
  MoneyField,
  NestedField,
  Page,
  PageQuery,
  Public,
  RawText,
  StringField,
  WithHeaders,
} from '#libs/http';
import { AppError, invalidField } from '#libs/kernel';
import { gate, type Gate } from '#libs/testing';

class Order {
  @StringField({ maxLength: 8 }) symbol!: string;
  @IntegerField({ min: 1, default: 1 }) horizon!: number;
  @StringField({ secret: true, optional: true }) password?: string;
}

class OrderId {
  @IntegerField({ min: 1, max: 2_147_483_647 }) id!: number;
}

class Numbers {
  @ListField(IntegerField({ max: 9 })) n!: number[];
}

class Line {
  @IntegerField() lineNumber!: number;
  @MoneyField({ wire: 'total' }) totalMicros!: number;
}

class Lines {
  @ListField(NestedField(Line)) allLines!: readonly Line[];
  @IntegerField() totalCount!: number;
}

/** More than a line shows. */
const lineOf = (lineNumber: number) => ({ lineNumber, totalMicros: 1_250_000, passwordHash: 'scrypt$' });

class LinePage extends Page<Line> {
  override get answer(): Lines {
    return { allLines: this.items, totalCount: this.total ?? 0 };
  }
}

/** Routes that show what the server does around a handler. Mounted by specs only. */
@Controller('api/probe')
export class ProbeController {
  /** Made orders; a handler that runs twice shows here. */
  static readonly made: string[] = [];
  static held: Gate = gate();
  static entered: Gate = gate();

  @Post('orders')
  @Flexible()
  @Idempotent()
  async make(@Body() { symbol, horizon }: Order) {
    ProbeController.made.push(symbol);
    if (symbol === 'HELD') {
      ProbeController.entered.open();
      await ProbeController.held.opened;
    }
    if (symbol === 'REFUSE') throw invalidField('symbol', 'is refused', symbol);
    if (symbol === 'BROKEN') throw new Error('SELECT secret FROM /etc/passwd');
    return { id: ProbeController.made.length, symbol, horizon, price: 1e-7, text: 'ü\u2028"' };
  }

  @Post('waits')
  @Flexible()
  @Idempotent()
  wait(@Body() { symbol }: Order) {
    ProbeController.made.push(symbol);
    return new AfterCommit({ symbol, status: 'pending' }, async () => {
      ProbeController.entered.open();
      await ProbeController.held.opened;
      return { symbol, status: 'completed' };
    });
  }

  @Get('orders')
  @Public()
  @Answers(200, { type: 'array' })
  list(@Query() query: PageQuery) {
    const rows = Array.from({ length: 7 }, (_, index) => index);
    return new Page(
      rows.slice(query.offset, query.offset + (query.limit ?? 7)),
      query,
      query.offset + (query.limit ?? 7) < 7,
      7,
    );
  }

  @Post('lines')
  @Flexible()
  @Idempotent()
  @Answers(201, Line)
  addLine(@Body() { horizon }: Order) {
    ProbeController.made.push('line');
    const line = new WithHeaders(lineOf(horizon), { Location: `/api/probe/lines/${horizon}` });
    return new AfterCommit(line, () => Promise.resolve(line));
  }

  @Get('lines')
  @Public()
  @Answers(200, Line, { list: true })
  lines() {
    return new Page([lineOf(1), lineOf(2)], { limit: 2, offset: 0 }, true, 3);
  }

  @Get('lines/all')
  @Public()
  @Answers(200, Line, { list: true })
  bareLines() {
    return Promise.resolve([lineOf(1)]);
  }

  @Get('lines/envelope')
  @Public()
  @Answers(200, Lines)
  envelope() {
    return new LinePage([lineOf(1)], { limit: 2, offset: 0 }, false, 1);
  }

  @Get('lines/long')
  @Public()
  @Answers(200, Lines)
  long(@Query() { offset }: PageQuery) {
    const lines = Array.from({ length: 250 }, (_, index) => lineOf(offset + index));
    return new LinePage(lines, { limit: 250, offset }, false, 250);
  }

  @Get('lines/file')
  @Public()
  @Answers(200, Line)
  file() {
    return new StreamableFile(Buffer.from('{"lineNumber":1}'), { type: 'application/json' });
  }

  @Get('lines/text')
  @Public()
  @Header('Content-Type', 'application/json')
  @Answers(200, Line, { asIs: true })
  text() {
    return '{"lineNumber":1}';
  }

  @Get('orders/:id')
  @Public()
  read(@Param() { id }: OrderId) {
    if (id === 404) throw new AppError('not_found', 'Order not found');
    return { id };
  }

  @Put('orders/:id')
  @Authenticated('operator')
  change(@Param() { id }: OrderId, @Body() order: Order) {
    return { id, order };
  }

  @Get('numbers')
  @Public()
  numbers(@Query() { n }: Numbers) {
    return n;
  }

  @Post('anything')
  @Public()
  anything(@FreeFormBody() body: Readonly<Record<string, unknown>>) {
    return { keys: Object.keys(body) };
  }

  @Post('batch')
  @Public()
  @BatchBody()
  batch(@Body() body: unknown) {
    if (body instanceof RawText)
      return { lines: body.text.trim().split('\n').length, type: body.contentType };
    return { items: Array.isArray(body) ? body.length : null };
  }

  @Post('unread')
  @Public()
  unread() {
    return {};
  }

  @Get('held')
  @Public()
  async held() {
    ProbeController.entered.open();
    await ProbeController.held.opened;
    return { done: true };
  }

  @Sse('stream')
  @Public()
  stream(): Observable<{ data: string }> {
    return concat(of({ data: 'first' }), NEVER);
  }

  @Get('whoami')
  @Flexible()
  whoami(@Headers('x-request-id') id: string | undefined) {
    return { id: id ?? null };
  }
}

@Module({ controllers: [ProbeController] })
export class ProbeModule {}
