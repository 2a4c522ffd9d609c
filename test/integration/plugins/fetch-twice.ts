import { createPlugin } from '#libs/plugin-sdk';
import defaultFeeder from '../../../libs/plugins/src/feeders/default-feeder/default-feeder.js';

/** Fetches two symbols from the address that it is given; the client's cookies only work outside of Jest's own realm. */
const feeder = await createPlugin(defaultFeeder, { yahoo_url: process.argv[2] });
for (const symbol of ['MSFT', 'AAPL']) {
  const frame = await feeder.fetch({ symbol, interval: '1d', from: Date.now() - 30 * 86_400_000 });
  console.log(`bars ${frame.length}`);
}
