import { existsSync } from 'node:fs';
import { describe } from '@jest/globals';
import { chromium, type Browser } from 'playwright-core';

/** Debian's package; without a browser pages can only be tested where there is one (the CI run installs it). */
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

/** Specs of pages: skipped where there is no browser, but never in CI. */
export const describeInBrowser =
  CHROMIUM === undefined && process.env['CI'] !== 'true' ? describe.skip : describe;

/** A browser that talks to nobody by itself. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({
    ...(CHROMIUM !== undefined && { executablePath: CHROMIUM }),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
