import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { ADMIN_KEY, startTestApp, type TestApp } from '../harness/app.js';
import { describeInBrowser, launchChromium } from '../harness/chromium.js';
import { offlineSettings } from '../harness/original.js';

describeInBrowser('in Chromium,', () => {
  let app: TestApp;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    app = await startTestApp({ config: offlineSettings() });
    browser = await launchChromium();
    page = await browser.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith(app.url) && !request.url().startsWith('data:'))
        errors.push(`calls ${request.url()}`);
    });
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  it('Swagger UI takes an API key, executes a prediction from its example and shows 201', async () => {
    await page.goto(`${app.url}/docs`);
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    const keyForm = page.locator('.auth-container').filter({ hasText: 'X-API-KEY' });
    await keyForm.locator('input').fill(ADMIN_KEY);
    await keyForm.getByRole('button', { name: 'Apply credentials' }).click();
    await page.locator('.auth-container').first().getByRole('button', { name: 'Close' }).click();

    const operation = page
      .locator('.opblock-post')
      .filter({ has: page.locator('[data-path="/api/v1/secure/predictions"]') });
    await operation.locator('.opblock-summary-control').click();
    await operation.getByRole('button', { name: 'Execute' }).click();
    const status = operation.locator('.live-responses-table tbody .response-col_status').first();
    expect(await status.innerText()).toContain('201');

    const listed = await app.get('/api/v1/secure/predictions', { apiKey: ADMIN_KEY });
    expect(listed.body).toHaveLength(1);
  }, 60_000);

  it('an opened operation shows its parameters and the fields of its body, each reference followed', async () => {
    await page.goto(`${app.url}/docs`);
    const operations = page.locator('.opblock-tag-section.is-open .opblock');
    await operations.first().waitFor();
    expect(await operations.first().getAttribute('class')).not.toContain('deprecated');
    const operation = page
      .locator('.opblock-post')
      .filter({ has: page.locator('[data-path="/api/v1/predictions"]') });
    await operation.locator('.opblock-summary-control').click();
    await operation.locator('tr[data-param-name="Prefer"]').waitFor();
    const shown = await operation.innerText();
    for (const field of ['baseline_datetime', 'quantiles', 'X-Request-Id', 'request_id'])
      expect(shown).toContain(field);
    expect(await page.locator('.errors-wrapper').count()).toBe(0);
  }, 60_000);

  it('the pages follow the dark mode of the system and open the first part of the story', async () => {
    const dark = await browser.newContext({ colorScheme: 'dark' });
    const docs = await dark.newPage();
    await docs.goto(`${app.url}/redoc`);
    await docs.locator('.opblock').first().waitFor();
    expect(new URL(docs.url()).pathname).toBe('/docs');
    expect(await docs.locator('html.dark-mode').count()).toBe(1);
    expect(await docs.locator('.opblock-tag-section.is-open h3').allInnerTexts()).toEqual([
      expect.stringMatching(/^predictions/),
    ]);
    await dark.close();
  }, 60_000);

  it('the first page leads to the explorer', async () => {
    await page.goto(`${app.url}/`);
    await page.getByRole('link', { name: 'Try the API' }).click();
    await page.locator('.opblock').first().waitFor();
  }, 60_000);

  it('the pages have no script errors and call no other host', () => {
    expect(errors).toEqual([]);
  });
});
