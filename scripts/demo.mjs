// `npm run demo [-- --once]`: builds when needed, then runs `prediction-provider demo`.
process.argv.splice(2, 0, 'demo');
await import('./start.mjs');
