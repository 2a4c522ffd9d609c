import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { ADMIN_KEY, startTestApp, type TestApp } from '../harness/app.js';
import { describeInBrowser, launchChromium } from '../harness/chromium.js';

/** The explorer renders all that is open anew on a click; a loaded machine takes its time. */
const PATIENCE_MS = 180_000;

type Json = Readonly<Record<string, unknown>>;

/** What of an operation an explorer changes: the ids in its path and in its body, and which example is chosen. */
interface Changes {
  readonly ids?: Readonly<Record<string, string | number>>;
  readonly body?: Readonly<Record<string, number>>;
  readonly choice?: number;
}

/** The parts of the description that are opened, the one that is open at first among them. */
const PARTS = ['predictions', 'administration', 'billing', 'client', 'evaluator'];

/** Somebody with a key before Swagger UI, who presses Execute. */
class Explorer {
  constructor(
    private readonly page: Page,
    private readonly key: string,
  ) {}

  /** @returns the answer; fails unless it is a success and was asked without headers that nobody has filled in */
  async execute<T = Json>(tag: string, method: string, path: string, changes: Changes = {}): Promise<T> {
    const operation = await this.#opened(tag, method, path);
    await this.#fillIn(operation, changes);
    const answered = this.page.waitForResponse((answer) => answer.request().method() === method);
    await operation.getByRole('button', { name: 'Execute' }).click();
    const answer = await answered;
    const asked = answer.request().headers();
    const text = await answer.text();
    expect([method, path, answer.status(), answer.ok() ? '' : text]).toEqual([
      method,
      path,
      answer.ok() ? answer.status() : 'success',
      '',
    ]);
    expect([asked['x-api-key'], asked['idempotency-key'], asked['prefer']]).toEqual([
      this.key,
      undefined,
      undefined,
    ]);
    await operation.locator('.opblock-summary-control').click();
    return JSON.parse(text) as T;
  }

  async #opened(tag: string, method: string, path: string): Promise<Locator> {
    // The dialog of Authorize, which the other spec of this page fills in, does the same. One part is open at a time.
    await this.page.evaluate(
      `ui.preauthorizeApiKey('api-key', ${JSON.stringify(this.key)});
       for (const other of ${JSON.stringify(PARTS)}) ui.layoutActions.show(['operations-tag', other], other === '${tag}')`,
    );
    const operation = this.page
      .locator(`.opblock-${method.toLowerCase()}`)
      .filter({ has: this.page.locator(`[data-path="${path}"]`) });
    await operation.locator('.opblock-summary-control').click();
    return operation;
  }

  async #fillIn(operation: Locator, { ids = {}, body = {}, choice = 0 }: Changes): Promise<void> {
    for (const [name, value] of Object.entries(ids))
      await operation.locator(`tr[data-param-name="${name}"] input`).fill(String(value));
    // The second time, Swagger UI offers what was sent before as one more example.
    const examples = operation.locator('.examples-select-element').first();
    const labels = (await examples.locator('option').allInnerTexts()).filter((one) => !one.startsWith('['));
    const label = labels[choice];
    if (label !== undefined) await examples.selectOption({ label });
    if (Object.keys(body).length === 0) return;
    const editor = operation.locator('textarea.body-param__text');
    const shown = JSON.parse(await editor.inputValue()) as Json;
    await editor.fill(JSON.stringify({ ...shown, ...body }));
  }
}

describeInBrowser('in Swagger UI,', () => {
  let app: TestApp;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const sample = (name: string) => resolve('examples/data', name);
    app = await startTestApp({
      config: {
        data_source: 'file',
        data_files: {
          SYNTHFX: sample('synthetic_fx_1h_2023.csv'),
          SP500: sample('sp500_daily_2000-2020.csv'),
        },
      },
    });
    browser = await launchChromium();
    page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(`${app.url}/docs`);
    await page.locator('.opblock').first().waitFor();
  }, 300_000);

  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  it('the story of the marketplace is played from the examples, with other ids and keys, up to the money', async () => {
    const admin = new Explorer(page, ADMIN_KEY);
    const people: { readonly id: number; readonly explorer: Explorer }[] = [];
    for (const choice of [0, 1, 2]) {
      const made = await admin.execute<{ id: number; username: string; api_key: string }>(
        'administration',
        'POST',
        '/api/v1/admin/users',
        { choice },
      );
      people.push({ id: made.id, explorer: new Explorer(page, made.api_key) });
      await admin.execute('administration', 'POST', '/api/v1/admin/users/{username}/activate', {
        ids: { username: made.username },
      });
    }
    const [client, evaluator, provider] = people as [
      (typeof people)[0],
      (typeof people)[0],
      (typeof people)[0],
    ];
    await admin.execute('billing', 'POST', '/api/v1/admin/credits', { body: { user_id: client.id } });
    await provider.explorer.execute('billing', 'POST', '/api/v1/provider/pricing');

    const choice = 0; // the model whose price the provider's example sets
    const quote = await client.explorer.execute('client', 'POST', '/api/v1/client/quote', { choice });
    const orders: Json[] = [];
    for (const each of [choice, 1])
      orders.push(
        await client.explorer.execute('client', 'POST', '/api/v1/client/predict', { choice: each }),
      );
    const { id = '', estimated_cost: price } = orders[choice] as { id?: string; estimated_cost?: number };
    expect(price).toBe(quote['estimated_cost']);
    const { pending_requests: pending } = await evaluator.explorer.execute<{ pending_requests: Json[] }>(
      'evaluator',
      'GET',
      '/api/v1/evaluator/pending',
    );
    expect(pending.map((one) => one['id']).sort()).toEqual(orders.map((one) => one['id']).sort());
    const lease = { ids: { request_id: id }, choice };
    await evaluator.explorer.execute('evaluator', 'POST', '/api/v1/evaluator/claim/{request_id}', lease);
    await evaluator.explorer.execute('evaluator', 'POST', '/api/v1/evaluator/submit/{request_id}', lease);
    const done = await client.explorer.execute('client', 'GET', '/api/v1/client/predictions/{id}', {
      ids: { id },
    });
    expect(done).toMatchObject({ status: 'completed' });

    const spend = await client.explorer.execute('billing', 'GET', '/api/v1/client/spend');
    expect([spend['total_requests'], Number(spend['total_spent'])]).toEqual([1, Number(price)]);
    const earned = await provider.explorer.execute('billing', 'GET', '/api/v1/provider/earnings');
    expect(earned).toMatchObject({ total_requests: 1, currencies: [{ total_requests: 1 }] });
    expect(Number(earned['total_earnings'])).toBeGreaterThan(0);
    expect(Number(earned['total_earnings'])).toBeLessThan(Number(price));
    const figures = await evaluator.explorer.execute('evaluator', 'GET', '/api/v1/evaluator/stats');
    expect(figures).toMatchObject({ performance_summary: { total_completed: 1 } });
    const revenue = await admin.execute('billing', 'GET', '/api/v1/admin/billing/summary');
    expect(Number(revenue['total_revenue'])).toBe(Number(price));
  }, 600_000);
});
