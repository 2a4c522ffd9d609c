import { defineFeeder } from '#libs/plugin-sdk';
import { feederParameters, openBarFeeder } from './bar-feeder.js';

/** The original's market feeder takes other lengths than its feature files here. */
const PRESETS = { EMA: [20] };

/** Bars of files or of Yahoo Finance, with computed columns on demand. */
export default defineFeeder({
  id: 'default_feeder',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Bars from files or from Yahoo Finance, with indicators and other columns on demand.',
  parameters: feederParameters,
  create: (context) =>
    openBarFeeder(context, { options: { presets: PRESETS, barShapes: context.parameters.bar_shapes } }),
});
